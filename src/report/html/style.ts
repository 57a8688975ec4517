/** The page's style sheet. Colours are variables, which drawings use, too; text has a contrast of at least 4.5 to its ground. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --soft: #f4f5f7; --line: #dcdfe4; --text: #1d2025; --muted: #596069;
  --accent: #0a5fb4; --other: #b4500b; --third: #1b7a4b; --fourth: #8b3a96; --fifth: #6d6a12;
  --right: #cfe2f5; --wrong: #f9d9c0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #15181c; --soft: #1e2228; --line: #363c45; --text: #e7e9ec; --muted: #a3abb5;
    --accent: #79b6f2; --other: #f0a263; --third: #6cc997; --fourth: #d69be0; --fifth: #d3cd62;
    --right: #244668; --wrong: #6b3d1a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: anywhere;
}
header, main, footer { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 3rem; }
main > section { padding-top: 3.5rem; }
footer { padding-top: 4rem; padding-bottom: 3rem; color: var(--muted); font-size: .9rem; }
h1 { font-size: 1.05rem; font-weight: 600; margin: 0; color: var(--muted); }
h2 { font-size: 1.45rem; line-height: 1.3; font-weight: 650; margin: 0 0 1rem; letter-spacing: -.01em; }
h3 { font-size: 1.05rem; font-weight: 600; margin: 2rem 0 .6rem; }
p, ul, ol, dl, pre, figure { margin: 0 0 1rem; }
p, li { max-width: 44rem; }
ul { padding-left: 1.2rem; }
li { margin-bottom: .3rem; }
a { color: var(--accent); text-underline-offset: .15em; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .9em; }
pre { background: var(--soft); border-radius: .5rem; padding: .9rem 1.1rem; white-space: pre-wrap; }
.whole { white-space: nowrap; }
.flag { display: inline-block; max-width: 100%; }
.muted { color: var(--muted); }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--ground); padding: .5rem 1rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

.answer { font-size: clamp(1.7rem, 1.2rem + 2.6vw, 2.6rem); line-height: 1.2; font-weight: 680; letter-spacing: -.02em; margin: .5rem 0 1rem; max-width: 22em; text-wrap: balance; }
.answer em { font-style: normal; color: var(--accent); }
.lead { font-size: 1.15rem; }
.notice { border-left: .25rem solid var(--other); background: var(--soft); border-radius: 0 .4rem .4rem 0; padding: .7rem 1rem; max-width: 46rem; }
h1 + .notice { margin-top: 1rem; }
.scores { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 1.25rem; margin: 2rem 0 0; }
.scores div { border-top: 2px solid var(--line); padding-top: .6rem; }
.scores dt { color: var(--muted); font-size: .92rem; line-height: 1.35; }
.scores dd { margin: 0; font-size: 1.6rem; font-weight: 620; font-variant-numeric: tabular-nums; letter-spacing: -.01em; }
.scores dd small { display: block; font-size: .85rem; font-weight: 400; color: var(--muted); letter-spacing: 0; }
nav { margin-top: 2.5rem; border-block: 1px solid var(--line); padding: .7rem 0; font-size: .95rem; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; padding: 0; margin: 0; }
nav li { margin: 0; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }

.scroll { overflow-x: auto; margin: 0 0 1.25rem; max-width: 100%; }
table { border-collapse: collapse; font-size: .95rem; line-height: 1.4; min-width: min(100%, 26rem); }
caption { text-align: left; color: var(--muted); padding-bottom: .5rem; max-width: 44rem; }
th, td { padding: .4rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top; text-align: left; }
th:first-child, td:first-child { padding-left: .25rem; }
thead th { font-weight: 500; color: var(--muted); vertical-align: bottom; }
tbody th { font-weight: 500; min-width: 6rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th.number { white-space: normal; overflow-wrap: normal; }
td.text { min-width: 7rem; }
.bar { display: inline-block; min-width: 4.2rem; padding-bottom: .2rem; background: linear-gradient(var(--accent), var(--accent)) left bottom / calc(var(--share) * 100%) 3px no-repeat; }
.matrix td { min-width: 3.2rem; }
.matrix td.right { background: color-mix(in srgb, var(--right) calc(var(--share) * 100%), transparent); }
.matrix td.wrong { background: color-mix(in srgb, var(--wrong) min(100%, calc(var(--share) * 300%)), transparent); }
.dense { font-size: .85rem; }
.dense td { min-width: 0; padding: .3rem .45rem; }
.dense th.number { padding: .3rem .45rem; }
abbr { text-decoration: none; }

.mistakes { list-style: none; padding: 0; }
.mistakes li { padding: 1rem 0 .3rem; border-top: 1px solid var(--line); max-width: none; }
.verdict { margin-bottom: .35rem; }
.taken { color: var(--muted); }
.mistakes li:first-child { border-top: 0; padding-top: 0; }
blockquote { margin: 0 0 .6rem; max-width: 44rem; white-space: pre-wrap; }
mark { color: inherit; background: none; padding: .05em 0; border-radius: .15em; text-decoration: underline; text-decoration-thickness: 2px; text-underline-offset: .22em; }
mark.for { text-decoration-color: var(--other); }
mark.against { text-decoration-color: var(--accent); text-decoration-style: dotted; }
mark.for.s2 { background: color-mix(in srgb, var(--wrong) 55%, transparent); }
mark.for.s3 { background: var(--wrong); font-weight: 600; }
mark.against.s2 { background: color-mix(in srgb, var(--right) 55%, transparent); }
mark.against.s3 { background: var(--right); font-weight: 600; }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: 2.5rem; margin: 2rem 0 0; }
.figures > figure:only-child { max-width: 32rem; }
figure { min-width: 0; margin: 0; }
figure h3 { margin: 0 0 .5rem; }
.plot { display: block; width: 100%; max-width: 32rem; height: auto; color: var(--muted); overflow: visible; }
.plot text { white-space: pre; }
.legend { list-style: none; padding: 0; margin: .25rem 0 .5rem; display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; font-size: .92rem; }
.swatch { vertical-align: middle; }
.note { color: var(--muted); font-size: .95rem; margin: .25rem 0 .5rem; }
details { margin-bottom: 1rem; }
summary { cursor: pointer; color: var(--accent); font-size: .95rem; width: fit-content; }
details[open] > summary { margin-bottom: .7rem; }
.facts { display: grid; gap: .5rem; }
.facts div { display: grid; grid-template-columns: minmax(8rem, 14rem) 1fr; gap: 1rem; }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; }
@media (max-width: 30rem) {
  header { padding-top: 1.75rem; }
  main > section { padding-top: 2.75rem; }
  .facts div { grid-template-columns: 1fr; gap: 0; }
  th, td { padding: .4rem .45rem; }
  .bar { min-width: 3rem; }
}
@media print {
  :root { color-scheme: light; --ground: #fff; --soft: #f4f5f7; --line: #ccc; --text: #000; --muted: #444; --accent: #0a5fb4; --other: #b4500b; --third: #1b7a4b; --fourth: #8b3a96; --fifth: #6d6a12; --right: #cfe2f5; --wrong: #f9d9c0; }
  body { font-size: 10pt; }
  header, main, footer { max-width: none; padding: 0; }
  nav, .skip, summary { display: none; }
  figure, .mistakes li, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
`;
