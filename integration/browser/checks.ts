import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { HOSTILE_NAMES } from './pages.ts';

/** What every check works with. */
export interface Stage {
  readonly browser: Browser;
  /** Where screenshots go. */
  readonly pictures: string;
}

const DESKTOP = { width: 1200, height: 900 } as const;
const PHONE = { width: 360, height: 740 } as const;

/** Opens a page, does the work, and fails on any message of the console, any error and any request beyond the file. */
export async function onPage(
  { browser }: Stage,
  { url, options }: { readonly url: string; readonly options: BrowserContextOptions },
  work: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    const said: string[] = [];
    page.on('console', message => said.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', error => said.push(`error: ${error.message}`));
    page.on('request', request => {
      if (request.url() !== url && !request.url().startsWith('data:')) said.push(`request: ${request.url()}`);
    });
    await page.goto(url);
    await work(page);
    assert.deepEqual(said, [], 'the page must be silent and ask for nothing');
  } finally {
    await context.close();
  }
}

/** The demo node on a desktop: the map is whole, and pointing at CPUs and guests tells what it should. */
export async function readsOnDesktop(stage: Stage, url: string): Promise<void> {
  await onPage(stage, { url, options: { viewport: DESKTOP, colorScheme: 'light' } }, async page => {
    assert.equal(await page.locator('.cpu').count(), 64);
    assert.deepEqual(await page.locator('h3').allTextContents(), ['cell 0', 'cell 1', 'cell 2', 'cell 3']);
    assert.equal(await page.locator('.guests li').count(), 8);
    const tip = page.locator('#tip');
    assert.equal(await tip.isHidden(), true);
    await page.hover('[data-cpu="20"]');
    assert.equal(
      await tip.innerText(),
      'database\nIts vCPU 0 is bound to this CPU and to no other.\nCPU 20 · core 20,52 · cell 2 · socket 1',
    );
    await page.hover('[data-cpu="18"]');
    assert.match(await tip.innerText(), /^emulator threads\nIt carries those of database and cache:/);
    await page.hover('[data-cpu="36"]');
    assert.match(await tip.innerText(), /^kept empty for robot\nrobot asked for whole cores/);
    await page.hover('[data-cpu="0"]');
    assert.match(await tip.innerText(), /^the host\n/);
    await page.hover('.gauge >> nth=0');
    assert.match(await tip.innerText(), /^Memory in base pages: .* are in use\. .*robot 1 GiB/);
    await page.mouse.move(1, 1);
    assert.equal(await tip.isHidden(), true);
    await legendLights(page);
    await page.hover('[data-cpu="20"]');
    await page.screenshot({ path: join(stage.pictures, 'map-pointed.png'), fullPage: true });
  });
}

/** Pointing at a guest lights the CPUs that its threads may use, also of one that floats, and no other. */
async function legendLights(page: Page): Promise<void> {
  const lit = () =>
    page.evaluate<string[]>("[...document.querySelectorAll('.cpu.lit')].map(cpu => cpu.dataset.cpu)");
  await page.hover('.guests li:has-text("build")');
  assert.deepEqual(
    (await lit()).map(Number).sort((a, b) => a - b),
    [24, 25, 26, 56, 57, 58],
  );
  await page.hover('.guests li:has-text("web-1")');
  assert.deepEqual(
    (await lit()).map(Number).sort((a, b) => a - b),
    [16, 17, 48, 49],
  );
  await page.mouse.move(1, 1);
  assert.deepEqual(await lit(), []);
}

/** Without a mouse: Tab reaches the map, arrows walk from CPU to CPU, Escape closes what they tell. */
export async function worksByKeyboard(stage: Stage, url: string): Promise<void> {
  await onPage(stage, { url, options: { viewport: DESKTOP } }, async page => {
    assert.equal(await page.locator('.cpu[tabindex="0"]').count(), 1);
    await page.locator('.cpu').first().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    assert.match(await page.locator('#tip').innerText(), /^router\n/);
    const label = await page.locator(':focus').getAttribute('aria-label');
    assert.match(label ?? '', /^CPU 1 · core 1,33 · cell 0 · socket 0: router\. Its vCPU/);
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('#tip').isHidden(), true);
  });
}

/** Light and dark grounds differ, and text stands out from both. */
export async function followsTheColorScheme(stage: Stage, url: string): Promise<void> {
  const grounds: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const)
    await onPage(stage, { url, options: { viewport: DESKTOP, colorScheme } }, async page => {
      const colors = await page.evaluate(CONTRASTS);
      grounds.push(colors.ground);
      assert.ok(
        colors.least >= 4.5,
        `${colorScheme}: the least contrast is ${colors.least} (${colors.where})`,
      );
      await page.screenshot({ path: join(stage.pictures, `map-${colorScheme}.png`), fullPage: true });
    });
  assert.notEqual(grounds[0], grounds[1]);
}

/**
 * Evaluated in the page: the ground's colour, and the least contrast (WCAG 2.2's formula) of a sign on its square
 * and of text on its panel.
 */
const CONTRASTS = `(() => {
  const luminance = color => {
    const parts = color.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255);
    const [r, g, b] = parts.map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = part => {
    for (let at = part; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!/^rgba\\(.*, 0\\)$/.test(color)) return color;
    }
    return 'rgb(255,255,255)';
  };
  let least = 21, where = '';
  for (const part of document.querySelectorAll('.cpu:not(.kept-empty),.swatch,p,dd,dt,li,h1,h2,h3,.numbers,.gauge,.words')) {
    const [a, b] = [luminance(getComputedStyle(part).color), luminance(groundOf(part))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < least) { least = contrast; where = part.className || part.tagName; }
  }
  return { ground: getComputedStyle(document.body).backgroundColor, least, where };
})()` as unknown as () => { readonly ground: string; readonly least: number; readonly where: string };

/** On a phone nothing is wider than the screen, and a tap tells what pointing does. */
export async function fitsAPhone(
  stage: Stage,
  { url, name }: { readonly url: string; readonly name: string },
): Promise<void> {
  const options = { viewport: PHONE, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
  await onPage(stage, { url, options }, async page => {
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    assert.equal(width, PHONE.width, 'the page must not scroll sideways');
    const cpu = page.locator('.cpu.vcpu').first();
    await cpu.scrollIntoViewIfNeeded();
    await cpu.tap();
    const tip = page.locator('#tip');
    assert.equal(await tip.innerText(), await tipOf(cpu));
    const box = await tip.boundingBox();
    assert.ok(
      box !== null && box.x >= 0 && box.x + box.width <= PHONE.width,
      'the answer lies on the screen',
    );
    await page.screenshot({ path: join(stage.pictures, `${name}.png`) });
  });
}

async function tipOf(cpu: ReturnType<Page['locator']>): Promise<string> {
  const part = (name: string) => cpu.getAttribute(`data-${name}`);
  return `${(await part('owner')) ?? ''}\n${(await part('reason')) ?? ''}\n${(await part('place')) ?? ''}`;
}

/** Names that are markup elsewhere are text here: no script of theirs runs, and each can be read. */
export async function withstandsHostileNames(stage: Stage, url: string): Promise<void> {
  await onPage(stage, { url, options: { viewport: DESKTOP } }, async page => {
    assert.equal(await page.title(), 'CPUs and memory of epyc-384');
    assert.equal(await page.locator('main script, main img').count(), 0);
    const names = await page.locator('.guests .name').allTextContents();
    for (const name of HOSTILE_NAMES.filter(text => !text.includes('\u202e')))
      assert.ok(names.includes(name), name);
    assert.ok(names.includes('\\u{202e}gnirts desrever\\u{7}\\u{a}&lt;b&gt;'));
    await page.locator('.cpu.vcpu').first().hover();
    assert.ok((await page.locator('#tip').innerText()).startsWith(HOSTILE_NAMES[0]!));
    await page.screenshot({ path: join(stage.pictures, 'map-384-hostile.png'), fullPage: true });
  });
}

/** The SVG as a picture of a page, and opened by itself: every CPU tells who has it. */
export async function drawsSvg(
  stage: Stage,
  { url, markup }: { readonly url: string; readonly markup: string },
): Promise<void> {
  await onPage(stage, { url, options: { viewport: DESKTOP } }, async page => {
    const titles = await page.evaluate<string[]>(
      "[...document.querySelectorAll('.cpu > title')].map(title => title.textContent)",
    );
    assert.equal(titles.length, 64);
    assert.ok(titles.some(text => text.startsWith('CPU 20 · core 20,52 · cell 2 · socket 1: database.')));
  });
  const page = await stage.browser.newPage({ viewport: DESKTOP, colorScheme: 'dark' });
  try {
    const image = `data:image/svg+xml;base64,${Buffer.from(markup).toString('base64')}`;
    await page.setContent(`<body style="margin:0"><img src="${image}">`);
    const size = await page.evaluate<number>(
      'document.images[0].decode().then(() => document.images[0].naturalWidth)',
    );
    assert.equal(size, 1000);
    await page.screenshot({ path: join(stage.pictures, 'map-svg-dark.png') });
  } finally {
    await page.close();
  }
}
