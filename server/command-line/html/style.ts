/** The report's style: the reader's light or dark scheme, one column that prints well, and tabs without a script. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #ffffff;
  --card: #f7f8fa;
  --ink: #1d2330;
  --quiet: #5b6472;
  --rule: #dfe3e8;
  --link: #0b5cad;
  --bulk: #3b7dc4;
  --outlier: #c9650a;
  --curve: #1d2330;
  --error: #b3261e;
  --warning: #8a5a00;
  --information: #0b5cad;
  --good: #1f7a4d;
  --unknown: #e6e9ed;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171c;
    --card: #1b1f26;
    --ink: #e4e8ee;
    --quiet: #9aa4b2;
    --rule: #2e343d;
    --link: #6cb3ff;
    --bulk: #5b9ee6;
    --outlier: #f0a04a;
    --curve: #e4e8ee;
    --error: #ff8a80;
    --warning: #e8b04a;
    --information: #6cb3ff;
    --good: #63c995;
    --unknown: #262b33;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto;
  max-width: 1080px;
  padding: 40px 28px 64px;
  color: var(--ink);
  background: var(--ground);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
h1, h2, h3, p, ul, dl, dd, figure { margin: 0; padding: 0; }
ul { list-style: none; }
h1 { font-size: 28px; line-height: 1.2; font-weight: 650; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h1 .folder { color: var(--quiet); font-weight: 450; }
h2 { margin: 44px 0 12px; font-size: 19px; font-weight: 650; }
h3 { font-size: 15px; font-weight: 600; overflow-wrap: anywhere; }
.product { margin-bottom: 10px; color: var(--quiet); font-size: 13px; letter-spacing: 0.04em; text-transform: uppercase; }
.path, .quiet { color: var(--quiet); }
.path { font-size: 13px; overflow-wrap: anywhere; }
.lead { margin-top: 20px; max-width: 76ch; font-size: 17px; }
.checkpoint + .checkpoint { margin-top: 72px; padding-top: 40px; border-top: 1px solid var(--rule); }
.facts { display: flex; flex-wrap: wrap; gap: 12px 36px; margin-top: 20px; }
.facts dt { color: var(--quiet); font-size: 12px; }
.facts dd { font-size: 20px; font-weight: 600; }
.grades-bar { display: block; width: 100%; height: 14px; border-radius: 7px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin-top: 10px; }
.legend li { display: flex; align-items: baseline; gap: 6px; }
.swatch { flex: none; width: 10px; height: 10px; align-self: center; border-radius: 3px; }
.tone-error { --tone: var(--error); }
.tone-warning { --tone: var(--warning); }
.tone-information { --tone: var(--information); }
.tone-good { --tone: var(--good); }
.tone-quiet { --tone: var(--quiet); }
.swatch, .grades-bar rect { fill: var(--tone); background: var(--tone); }
.half { opacity: 0.55; }
.badge { display: inline-block; padding: 0 8px; border: 1px solid var(--tone); border-radius: 10px; color: var(--tone); font-size: 12px; line-height: 18px; white-space: nowrap; }
.findings li { display: grid; grid-template-columns: 9.5em 1fr; gap: 12px; padding: 7px 0; border-top: 1px solid var(--rule); overflow-wrap: anywhere; }
.findings li:first-child { border-top: 0; }
.notes { margin-top: 16px; padding: 10px 14px; border-left: 3px solid var(--error); background: var(--card); overflow-wrap: anywhere; }
.tabs { padding: 16px 18px 14px; border-radius: 10px; background: var(--card); }
.tabs > input { position: absolute; opacity: 0; }
.tabs > label { display: inline-block; margin: 0 4px 12px 0; padding: 3px 12px; border: 1px solid var(--rule); border-radius: 14px; color: var(--quiet); font-size: 13px; cursor: pointer; }
.tabs > label:hover { color: var(--ink); }
.tabs > input:checked + label { border-color: var(--ink); color: var(--ink); }
.tabs > input:focus-visible + label { outline: 2px solid var(--link); outline-offset: 2px; }
.tabs > .panel { display: none; }
.tabs > input:nth-of-type(1):checked ~ .panel:nth-of-type(1),
.tabs > input:nth-of-type(2):checked ~ .panel:nth-of-type(2),
.tabs > input:nth-of-type(3):checked ~ .panel:nth-of-type(3),
.tabs > input:nth-of-type(4):checked ~ .panel:nth-of-type(4),
.tabs > input:nth-of-type(5):checked ~ .panel:nth-of-type(5) { display: block; }
.wide { overflow-x: auto; }
.heat { display: block; max-width: none; }
.heat .unknown { fill: var(--unknown); }
.heat .row { fill: var(--ink); font-size: 13px; }
.scale { display: flex; align-items: center; gap: 8px; margin-top: 8px; color: var(--quiet); font-size: 12px; }
.scale-bar { width: 150px; height: 8px; border-radius: 4px; }
table { width: 100%; border-collapse: collapse; font-size: 13px; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th, td { padding: 5px 12px 5px 0; border-bottom: 1px solid var(--rule); text-align: left; font-weight: 400; vertical-align: baseline; }
thead th { color: var(--quiet); font-size: 12px; white-space: nowrap; }
tbody th { max-width: 30em; overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; }
.ratio { width: 90px; }
.ratio svg { display: block; width: 80px; height: 8px; }
.ratio rect { fill: var(--bulk); }
.ratio line { stroke: var(--quiet); }
.noise { color: var(--quiet); }
details { margin-top: 10px; color: var(--quiet); font-size: 13px; }
details table { color: var(--ink); margin-top: 8px; }
summary { cursor: pointer; }
summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.spectra { display: grid; gap: 20px; }
.spectrum { padding: 18px 20px; border-radius: 10px; background: var(--card); break-inside: avoid; }
.spectrum header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; }
.spectrum .why { margin: 4px 0 12px; color: var(--quiet); font-size: 13px; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: 1fr 1fr; gap: 12px 24px; }
figcaption { color: var(--quiet); font-size: 12px; }
figure svg { display: block; width: 100%; height: auto; }
.tick { fill: var(--quiet); font-size: 11px; }
.grid { stroke: var(--rule); }
.axis { stroke: var(--quiet); }
.edge { stroke: var(--quiet); stroke-dasharray: 3 3; }
.bulk { fill: var(--bulk); }
.outlier { fill: var(--outlier); }
.curve { fill: none; stroke: var(--curve); stroke-width: 1.6; }
.dashed { stroke-dasharray: 5 4; stroke-width: 1.3; }
.line { fill: none; stroke: var(--bulk); stroke-width: 2; }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; margin-bottom: 14px; color: var(--quiet); font-size: 13px; }
.key svg { width: 18px; height: 10px; margin-right: 6px; vertical-align: -1px; }
.numbers { display: flex; flex-wrap: wrap; gap: 6px 28px; margin-top: 10px; font-size: 13px; }
.numbers dt { color: var(--quiet); font-size: 12px; }
footer { margin-top: 56px; padding-top: 16px; border-top: 1px solid var(--rule); color: var(--quiet); font-size: 13px; max-width: 76ch; }
footer p + p { margin-top: 8px; }
@media (max-width: 760px) {
  body { padding: 24px 16px 48px; }
  .figures { grid-template-columns: 1fr; }
  .findings li { grid-template-columns: 1fr; gap: 2px; }
}
@media print {
  body { max-width: none; padding: 0; }
  .tabs > .panel { display: block; }
  .tabs > label { display: none; }
  .spectrum, .tabs { background: none; border: 1px solid var(--rule); }
}
`;
