/**
 * What moves on the page: pointing at a CPU, tapping or focusing it shows who has it and why; pointing at a guest
 * lights the CPUs that its threads may use; arrow keys walk from CPU to CPU. All text goes in as text, never as markup.
 */
export const HTML_SCRIPT = `
(() => {
  const tip = document.getElementById('tip');
  const main = document.querySelector('main');
  const cpus = [...document.querySelectorAll('.cpu')];
  const line = (name, text) => Object.assign(document.createElement(name), { textContent: text });
  const reach = new Map();
  for (const row of document.querySelectorAll('.guests li')) {
    const ranges = row.dataset.cpus.split(',').filter(Boolean).map(text => text.split('-').map(Number));
    const isIn = cpu => ranges.some(([first, last = first]) => cpu >= first && cpu <= last);
    reach.set(row.dataset.guest, { row, cpus: new Set(cpus.filter(cpu => isIn(Number(cpu.dataset.cpu)))) });
  }
  const light = guest => {
    const lit = reach.get(guest);
    main.classList.toggle('dimmed', lit !== undefined);
    for (const cpu of cpus) cpu.classList.toggle('lit', lit !== undefined && lit.cpus.has(cpu));
    for (const { row } of reach.values()) row.classList.toggle('lit', row === lit?.row);
  };
  const hide = () => { tip.hidden = true; light(undefined); };
  const show = part => {
    const { place, owner, reason, say, guest } = part.dataset;
    if (say !== undefined) tip.replaceChildren(line('span', say));
    else if (owner !== undefined) tip.replaceChildren(line('b', owner), line('span', reason), line('small', place));
    else tip.hidden = true;
    light(guest);
    if (say === undefined && owner === undefined) return;
    tip.hidden = false;
    const at = part.getBoundingClientRect();
    const own = tip.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left), document.documentElement.clientWidth - own.width - 8);
    const below = at.bottom + 8 + own.height < innerHeight;
    tip.style.transform = 'translate(' + Math.round(left) + 'px,' + Math.round(below ? at.bottom + 8 : Math.max(8, at.top - own.height - 8)) + 'px)';
  };
  const partOf = event => event.target instanceof Element ? event.target.closest('[data-say],[data-owner],[data-guest]') : null;
  document.addEventListener('pointerover', event => { const part = partOf(event); if (part) show(part); else if (event.pointerType === 'mouse') hide(); });
  document.addEventListener('click', event => { const part = partOf(event); if (part) show(part); else hide(); });
  document.addEventListener('focusin', event => { const part = partOf(event); if (part) show(part); });
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape') hide();
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const next = step === undefined ? undefined : cpus[cpus.indexOf(document.activeElement) + step];
    if (next === undefined || !cpus.includes(document.activeElement)) return;
    event.preventDefault();
    for (const cpu of cpus) cpu.tabIndex = cpu === next ? 0 : -1;
    next.focus();
  });
  addEventListener('scroll', hide, { passive: true });
  cpus.forEach((cpu, index) => { cpu.tabIndex = index === 0 ? 0 : -1; });
})();
`;

/** SHA-256 of the script in base64, by which the page's policy lets it, and no other script, run. */
export const HTML_SCRIPT_HASH = 'UgCpQyRy/aZUPId1Kkzzdb6k6rf+LDmnAIvTOdLSw50=';
