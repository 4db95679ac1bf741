import { CpuSet } from '../../domain/cpu-set.ts';
import { escapeMarkup as esc } from './escape-markup.ts';
import { HTML_SCRIPT, HTML_SCRIPT_HASH } from './html-script.ts';
import { HTML_STYLE } from './html-style.ts';
import { guestClass } from './map-colors.ts';
import type {
  MapPicture,
  PictureCell,
  PictureCpu,
  PictureDomain,
  PictureGauge,
  PictureGuest,
  PictureSection,
} from './map-picture.ts';
import { cpuLabel, HOW_TO_READ, LONG_MEANINGS } from './map-words.ts';
import { shortList } from './short-list.ts';
import { gib } from './size-text.ts';

/**
 * The map as one HTML page that needs nothing beside it: no file, no network, and no script but its own. Names and
 * all other texts are escaped; `note` says when or of what it was drawn. Same picture, same bytes.
 */
export function mapHtml(picture: MapPicture, note = ''): string {
  const title = `CPUs and memory of ${picture.host}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none';img-src data:;style-src 'unsafe-inline';script-src 'sha256-${HTML_SCRIPT_HASH}'">
<link rel="icon" href="data:,">
<title>${esc(title)}</title>
<style>${HTML_STYLE}</style>
</head>
<body>
<main>
<h1><bdi>${esc(picture.host)}</bdi></h1>
<p class="facts">${esc(picture.facts.join(' · '))}${note === '' ? '' : `<br>${esc(note)}`}</p>
${howToRead()}
<div class="sockets">
${picture.sockets.map(({ name, cells }) => `<section class="socket"><h2>${esc(name)}</h2>\n${cells.map(cellHtml).join('\n')}\n</section>`).join('\n')}
</div>
${legendHtml(picture)}
</main>
<div id="tip" role="status" hidden></div>
<script>${HTML_SCRIPT}</script>
</body>
</html>
`;
}

function howToRead(): string {
  const rows = HOW_TO_READ.map(([word, meaning]) => `<dt>${word}</dt><dd>${meaning}</dd>`).join('');
  return `<details class="read" open><summary>How to read this</summary><dl>${rows}</dl></details>`;
}

function cellHtml(cell: PictureCell): string {
  const caches =
    cell.domains.length === 0 ? '<p class="note">no CPUs</p>' : cell.domains.map(domainHtml).join('');
  return `<section class="cell"><div class="head"><h3 data-say="${esc(cell.title)}">${esc(cell.name)}</h3><div class="gauges">${cell.gauges.map(gaugeHtml).join('')}</div></div><div class="caches">${caches}</div></section>`;
}

function gaugeHtml({ name, usedMiB, totalMiB, title }: PictureGauge): string {
  const part = totalMiB === 0 ? 0 : Math.round(((usedMiB ?? 0) / totalMiB) * 1000) / 10;
  const amount =
    usedMiB === null ? `${gib(totalMiB)} GiB, free unknown` : `${gib(usedMiB)}/${gib(totalMiB)} GiB`;
  const bar =
    usedMiB === null
      ? ''
      : `<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width="${part}" height="10"/></svg>`;
  return `<span class="gauge" role="img" tabindex="0" aria-label="${esc(title)}" data-say="${esc(title)}">${esc(name === 'memory' ? name : `${name} pages`)} ${bar}${amount}</span>`;
}

function domainHtml({ sections }: PictureDomain): string {
  return `<div class="cache">${sections.map(sectionHtml).join('')}</div>`;
}

function sectionHtml({ kind, cores }: PictureSection): string {
  const numbers = CpuSet.of(cores.flatMap(({ cpus }) => cpus.map(({ cpu }) => cpu)));
  const boxes = cores.map(({ cpus }) => `<span class="core">${cpus.map(cpuHtml).join('')}</span>`).join('');
  return `<div class="part"><div class="cores">${boxes}</div><div class="numbers">CPU ${shortList(numbers)}${kind === null ? '' : ` · ${kind} cores`}</div></div>`;
}

function cpuHtml(cpu: PictureCpu): string {
  const classes = ['cpu', cpu.use, ...(cpu.guest === null ? [] : [guestClass(cpu.guest)])].join(' ');
  const guest = cpu.guest === null ? '' : ` data-guest="${cpu.guest}"`;
  const { place, owner, reason } = cpu.tip;
  return `<button type="button" class="${classes}"${guest} data-cpu="${cpu.cpu}" data-place="${esc(place)}" data-owner="${esc(owner)}" data-reason="${esc(reason)}" aria-label="${esc(cpuLabel(cpu))}">${esc(cpu.sign)}</button>`;
}

function legendHtml({ guests, signs, notes }: MapPicture): string {
  const all = signs.map(
    ({ use, sign, meaning }) =>
      `<li><span class="swatch ${use}">${esc(sign)}</span>${esc(LONG_MEANINGS[use] ?? meaning)}</li>`,
  );
  const remarks = notes.map(note => `<li>${esc(note)}</li>`);
  return `<section class="legend"><h2>${guests.length === 0 ? 'No guests run here' : 'Guests'}</h2>
<ul class="guests">${guests.map(guestHtml).join('\n')}</ul>
<ul class="signs">${[...all, ...remarks].join('')}</ul></section>`;
}

function guestHtml({ letter, name, words, cpus }: PictureGuest, index: number): string {
  return `<li data-guest="${index}" data-cpus="${cpus}"><button type="button" class="swatch ${guestClass(index)}" aria-label="show the CPUs of ${esc(name)}">${esc(letter)}</button><div><bdi class="name">${esc(name)}</bdi><div class="words">${esc(words.join(' · '))}</div></div></li>`;
}
