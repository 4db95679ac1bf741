import { COLOR_PROPERTIES, DARK_GUEST_RULES, DARK_PROPERTIES, GUEST_RULES } from './map-colors.ts';

/** The style sheet of the page. */
export const HTML_STYLE = `
:root{color-scheme:light dark;${COLOR_PROPERTIES}}
${GUEST_RULES}
@media(prefers-color-scheme:dark){:root{${DARK_PROPERTIES}}${DARK_GUEST_RULES}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:76rem;background:var(--paper);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
h1{margin:0;font-size:1.5rem;overflow-wrap:anywhere}
h2{margin:0 0 .5rem;font-size:1rem}
h3{margin:0;font-size:.95rem}
.facts,.note{margin:.1rem 0 1rem;color:var(--soft)}
.read{margin:0 0 1rem;padding:.6rem .9rem;border-left:4px solid var(--line);background:var(--panel)}
.read summary{cursor:pointer;font-weight:600}
.read dl{margin:.4rem 0 0;display:grid;grid-template-columns:max-content 1fr;gap:.15rem .8rem}
.read dt{font-weight:600}
.read dd{margin:0}
.sockets{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,31rem),1fr));gap:1rem}
.socket{padding:.8rem;border:1px solid var(--line);border-radius:10px;background:var(--panel);min-width:0}
.cell{margin-top:.7rem;padding:.6rem;border:1px solid var(--line);border-radius:8px;background:var(--paper);min-width:0}
.cell:first-of-type{margin-top:0}
.head{display:flex;flex-wrap:wrap;align-items:baseline;gap:.2rem 1rem;margin-bottom:.5rem}
.gauges{display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin-left:auto;font-size:.8rem;color:var(--soft)}
.gauge{display:inline-flex;align-items:center;gap:.4rem;cursor:help}
.gauge svg{width:5rem;height:.6rem;border-radius:3px;background:var(--track)}
.gauge rect{fill:var(--bar)}
.caches{display:flex;flex-wrap:wrap;gap:.5rem}
.cache{padding:.35rem;border:1px solid var(--line);border-radius:6px;max-width:100%}
.part+.part{margin-top:.35rem;padding-top:.35rem;border-top:1px dashed var(--line)}
.cores{display:flex;flex-wrap:wrap;gap:5px}
.core{display:inline-flex}
.numbers{margin-top:.25rem;font-size:.72rem;color:var(--soft);overflow-wrap:anywhere}
.cpu{width:1.45rem;height:1.45rem;padding:0;margin:0 -1px 0 0;border:1px solid var(--free-line);background:var(--free);color:var(--soft);font:600 .78rem/1 ui-monospace,monospace;cursor:help}
.core .cpu:first-child{border-radius:4px 0 0 4px}
.core .cpu:last-child{border-radius:0 4px 4px 0;margin-right:0}
.core .cpu:only-child{border-radius:4px}
.vcpu,.iothread{background:var(--own);border-color:var(--own-line);color:var(--ink)}
.kept-empty{border-color:var(--own-line);color:var(--ink);background:repeating-linear-gradient(45deg,var(--own) 0 3px,var(--paper) 3px 6px)}
.shared{background:var(--shared);color:var(--ink)}
.host{background:var(--host);border-color:var(--host);color:var(--host-ink)}
.pool{background:var(--pool);border-color:var(--pool);color:var(--pool-ink)}
.contended{background:var(--bad);border-color:var(--bad);color:var(--bad-ink)}
.offline{opacity:.4}
.cpu:focus-visible,.cpu.lit{outline:2px solid var(--ink);outline-offset:0;position:relative;z-index:1}
.dimmed .cpu:not(.lit){opacity:.3}
.legend{margin-top:1rem;padding:.8rem;border:1px solid var(--line);border-radius:10px;background:var(--panel)}
.legend ul{list-style:none;margin:0;padding:0}
.name{font-weight:600}
.legend .guests{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,28rem),1fr));gap:0 1rem}
.guests li{display:flex;gap:.6rem;padding:.25rem .3rem;border-radius:6px}
.guests li.lit{background:var(--shared)}
.guests div{min-width:0;overflow-wrap:anywhere}
.guests .words{color:var(--soft);font-size:.88rem}
.swatch{flex:none;display:inline-grid;place-items:center;width:1.45rem;height:1.45rem;border:1px solid var(--free-line);border-radius:4px;font:600 .78rem/1 ui-monospace,monospace}
button.swatch{padding:0;color:var(--ink);cursor:pointer;background:var(--own);border-color:var(--own-line)}
.signs{display:flex;flex-wrap:wrap;gap:.4rem 1.4rem;margin-top:.7rem!important;padding-top:.7rem!important;border-top:1px solid var(--line)}
.signs li{display:flex;align-items:center;gap:.5rem;overflow-wrap:anywhere}
#tip{position:fixed;z-index:9;left:0;top:0;max-width:min(22rem,calc(100vw - 16px));padding:.6rem .8rem;border-radius:8px;background:var(--tip);color:var(--tip-ink);font-size:.88rem;pointer-events:none;overflow-wrap:anywhere;box-shadow:0 4px 16px #0006}
#tip[hidden]{display:none}
#tip b{display:block}
#tip small{display:block;opacity:.8}
@media(max-width:40rem){body{padding:.6rem}.gauges{margin-left:0}.read dl{grid-template-columns:1fr}.read dd{margin-bottom:.3rem}.socket{padding:.5rem}.cpu{width:1.7rem;height:1.7rem}}
@media print{.read{display:none}}
`;
