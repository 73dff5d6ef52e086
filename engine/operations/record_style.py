"""The look of the record's page: one sheet for light, dark and print, colours that the colour-blind tell apart."""

from typing import Final

STYLE: Final = """\
:root { color-scheme: light dark; --ground: #fbfbf9; --panel: #ffffff; --ink: #1c2126; --dim: #5d6772; --rule: #d9dde1;
  --gain: #0b7a75; --loss: #c4511d; --even: #8a939c; --line: #24507f; --warn: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181c; --panel: #1b2126; --ink: #e4e8eb; --dim: #9aa5af;
  --rule: #343c44; --gain: #3fc1b7; --loss: #f0894f; --even: #7d8791; --line: #7fb2e5; --warn: #e0b050; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 68rem; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2.25rem 0 .5rem; }
p { margin: .25rem 0; } .dim { color: var(--dim); } .warn { color: var(--warn); font-weight: 600; }
.mode { display: inline-block; padding: 0 .5rem; border: 2px solid var(--warn); color: var(--warn); font-weight: 700; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .6rem; margin: 1rem 0; }
.tile { background: var(--panel); border: 1px solid var(--rule); border-radius: .4rem; padding: .6rem .8rem; }
.tile b { display: block; font-size: 1.25rem; } .tile span { color: var(--dim); font-size: .85rem; display: block; }
figure { margin: 0; overflow-x: auto; background: var(--panel); border: 1px solid var(--rule); border-radius: .4rem;
  padding: .6rem; }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--dim); font-size: 12px; }
.line { fill: none; stroke: var(--line); stroke-width: 1.6; } .line-area { fill: var(--line); opacity: .12; }
.fall { fill: none; stroke: var(--loss); stroke-width: 1.2; } .fall-area { fill: var(--loss); opacity: .22; }
.grid { stroke: var(--rule); stroke-width: 1; } .axis { stroke: var(--dim); stroke-width: 1; }
.zero { stroke: var(--dim); stroke-width: 1; stroke-dasharray: 3 3; }
.gain { fill: var(--gain); } .loss { fill: var(--loss); } .even { fill: var(--even); } .none { fill: var(--rule); }
.span { stroke-width: 3; } .span.gain { stroke: var(--gain); } .span.loss { stroke: var(--loss); }
.span.even { stroke: var(--even); } .dot { opacity: .6; }
td.long { white-space: normal; min-width: 14rem; }
h3 { font-size: .95rem; margin: 1.2rem 0 .3rem; } summary { cursor: pointer; padding: .35rem 0; }
.story { border-bottom: 1px solid var(--rule); break-inside: avoid; } .story > div { display: flex; gap: 1rem;
  align-items: flex-start; } .story ul { margin: .2rem 0 .6rem; padding-left: 1.1rem; font-size: .9rem; }
.gain-text { color: var(--gain); } .loss-text { color: var(--loss); } .even-text { color: var(--dim); }
svg.mini { flex: 0 0 19rem; width: 19rem; min-width: 0; } svg.mini text { font-size: 11px; }
.rows { fill: var(--line); opacity: .3; } .value { fill: none; stroke: var(--line); stroke-width: 3; }
.at { fill: none; stroke: var(--dim); stroke-width: 1; stroke-dasharray: 3 2; } .at.entry { stroke: var(--ink);
  stroke-width: 1.6; stroke-dasharray: none; } .at.gain { fill: none; stroke: var(--gain); stroke-width: 1.6;
  stroke-dasharray: none; } .at.loss { fill: none; stroke: var(--loss); stroke-width: 1.6; stroke-dasharray: none; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .86rem; }
th, td { text-align: right; padding: .22rem .5rem; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th { color: var(--dim); font-weight: 600; } th:first-child, td:first-child, .text { text-align: left; }
td.gain { color: var(--gain); } td.loss { color: var(--loss); } td.gain, td.loss { background: none; }
@media (max-width: 40rem) { body { padding: 1rem .6rem 3rem; font-size: 14px; } svg { min-width: 34rem; }
  svg.mini { min-width: 0; width: 100%; flex: none; } .story > div { flex-direction: column; gap: 0; } }
@media print { :root { --ground: #fff; --panel: #fff; --ink: #000; --dim: #444; --rule: #bbb; --gain: #0b7a75;
  --loss: #c4511d; --line: #24507f; --warn: #6b4600; } body { max-width: none; padding: 0; font-size: 11px; }
  figure, .tile, tr { break-inside: avoid; } h2 { break-after: avoid; } thead { display: table-header-group; }
  .scroll, figure { overflow: visible; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
