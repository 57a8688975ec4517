import { flagName } from "../../run/options.js";
import type { SweepResult, TrialRecord } from "../../run/sweep-node.js";
import { VERSION } from "../../run/version.js";
import { clock, count, grouped } from "../plain.js";
import { endingOf, flagsOf, objectiveText, rankedOf, triedOptions } from "../sweep.js";
import { type Content, foreign, html, share } from "./markup.js";
import { page } from "./page.js";
import { sweepFigures } from "./sweep-figures.js";
import { table } from "./table.js";

/** All settings of a sweep on one page of HTML, which one is best first. */
export function sweepPage(result: SweepResult): string {
  const { records, trials, folder } = result;
  const name = folder
    .replace(/[/\\]+$/, "")
    .split(/[/\\]/)
    .at(-1)!;
  return page({
    title: `${name}: report of a Textgraft sweep`,
    subject: html`${foreign(name)}: ${count(trials, "setting")} beside each other`,
    answer: html`${answer(result)}
${records.length < trials && html`<p class="notice">So far ${grouped(records.length)} of ${count(trials, "setting")} were tried.</p>`}`,
    sections: [
      { id: "runs", title: "All settings, the best first", short: "Settings", content: runsTable(result) },
      ...(records.some(({ best }) => best !== null)
        ? [
            {
              id: "plots",
              title: "What each setting does",
              short: "Plots",
              content: sweepFigures(result),
            },
          ]
        : []),
    ],
    footer: html`<p>Written by Textgraft ${VERSION} beside the models. There are no texts in it; the reports of the runs have some.</p>`,
  });
}

/** Which setting is best, and how good. */
function answer({ best, objective, records }: SweepResult): Content {
  if (best === undefined)
    return html`<p class="answer">No setting was trained to its end, so there is no model.</p>`;
  const { number, options, test } = best;
  const tested =
    test &&
    `On the test rows, which decided nothing, ${share(test.accuracy)} are right, and macro F1 is ${test.macroF1.toFixed(3)}. `;
  return html`<p class="answer"><em>Run ${number}</em> is the best of ${grouped(records.length)}: validation ${objective} ${objectiveText(best.best, objective)}.</p>
<pre tabindex="0" role="group" aria-label="Its settings"><code>${flagsOf(options).map((flag) => html`<span class="flag">${flag}</span> `)}</code></pre>
<p class="lead">${tested}Its model is in ${reportLink(best, best.folder!)}; of the others only the reports are kept.</p>`;
}

function runsTable(result: SweepResult): Content {
  const { records, objective, best } = result;
  const names = triedOptions(records);
  const failed = records.filter(({ error }) => error !== undefined);
  return html`<p>Settings are compared by the ${objective} on the validation rows${objective === "loss" ? ", less is better" : ", more is better"}. A setting that was worse than half of the others was stopped early.</p>
${table({
  caption: "Every setting that was tried",
  header: [
    "run",
    ...names.map((name) => html`<code>${flagName(name)}</code>`),
    `validation ${objective}`,
    "test accuracy",
    "test macro F1",
    "time",
    "ending",
  ],
  texts: [names.length + 5],
  rows: rankedOf(records).map((record) => [
    record.folder === undefined ? record.number : reportLink(record, record.number),
    ...names.map((name) => String(record.options[name] ?? "")),
    objectiveText(record.best, objective) || "–",
    record.test?.accuracy.toFixed(4) ?? "–",
    record.test?.macroF1.toFixed(4) ?? "–",
    clock(record.seconds),
    record === best ? html`<strong>best</strong>` : html`<span class="whole">${endingOf(record)}</span>`,
  ]),
})}
${failed.map(
  ({ number, error }) => html`<p>Run ${number} failed: ${error}</p>
`,
)}`;
}

const reportLink = ({ folder }: TrialRecord, name: Content): Content =>
  html`<a href="${folder!}/report.html">${name}</a>`;
