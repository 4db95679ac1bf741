/**
 * `npm run test:browser`: the map of the demo node and of hostile names in Debian's chromium. Needs root where the
 * browser is not installed yet. Screenshots go to the folder that PINFOLD_PICTURES (or the first argument) names,
 * else to a temporary one that goes at the end.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { installPackages } from '../kit/apt.ts';
import { cleanUp } from '../kit/clean-ups.ts';
import { Steps } from '../kit/steps.ts';
import { workFolder } from '../kit/work-folder.ts';
import {
  drawsSvg,
  fitsAPhone,
  followsTheColorScheme,
  readsOnDesktop,
  type Stage,
  withstandsHostileNames,
  worksByKeyboard,
} from './checks.ts';
import { CHROMIUM, CHROMIUM_FLAGS, PACKAGES } from './packages.ts';
import { drawMap, hostileHost, pinfold } from './pages.ts';

async function main(): Promise<void> {
  const checkout = process.env['PINFOLD_CHECKOUT'] ?? process.cwd();
  const folder = workFolder('browser');
  const pictures = resolve(process.argv[2] ?? process.env['PINFOLD_PICTURES'] ?? join(folder, 'pictures'));
  mkdirSync(pictures, { recursive: true });
  const steps = new Steps();
  process.stdout.write('integration/browser: the map in Debian’s chromium\n');
  await steps.step('install chromium from Debian', () => installPackages(PACKAGES));
  const { kept } = JSON.parse(await pinfold(checkout, ['demo', '--keep', '--json'])) as {
    readonly kept: string;
  };
  let browser: Browser | undefined;
  try {
    const demo = await drawMap(checkout, { folder, name: 'demo', source: ['--root', kept] });
    const hostile = await drawMap(checkout, {
      folder,
      name: 'hostile',
      source: ['--host', hostileHost(folder)],
    });
    // A fresh profile each time: playwright makes one in the temporary folder and removes it.
    browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: [...CHROMIUM_FLAGS] });
    const stage: Stage = { browser, pictures };
    await steps.step('pointing tells owner and reason', () => readsOnDesktop(stage, demo.html));
    await steps.step('the keyboard does the same', () => worksByKeyboard(stage, demo.html));
    await steps.step('light and dark', () => followsTheColorScheme(stage, demo.html));
    await steps.step('a phone of 360 px', () => fitsAPhone(stage, { url: demo.html, name: 'map-phone' }));
    await steps.step('384 CPUs and long names on a phone', () =>
      fitsAPhone(stage, { url: hostile.html, name: 'map-384-phone' }),
    );
    await steps.step('hostile names stay text', () => withstandsHostileNames(stage, hostile.html));
    const svg = { url: pathToFileURL(demo.svg).href, markup: readFileSync(demo.svg, 'utf8') };
    await steps.step('the SVG', () => drawsSvg(stage, svg));
    process.stdout.write(`All held in ${steps.seconds.toFixed(1)} s; screenshots: ${pictures}\n`);
  } finally {
    await browser?.close();
    rmSync(kept, { recursive: true, force: true });
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    cleanUp();
    process.exit(130);
  });

main()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  })
  .finally(cleanUp);
