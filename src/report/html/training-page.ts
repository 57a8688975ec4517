import type { TrainResult } from "../../run/events.js";
import { grouped, percent } from "../plain.js";
import { outcome } from "../run-report.js";
import { floorSentence } from "../sentences.js";
import { answerSentence, floorsTable, scores } from "./answer.js";
import { dataSection } from "./data-section.js";
import type { Explanations } from "./explained-mistakes.js";
import { judgementSections } from "./judgement-sections.js";
import { type Content, foreign, html, labelName } from "./markup.js";
import { page, type Section } from "./page.js";
import type { Judgement } from "./ranking.js";
import { foldsSection, seedsSection } from "./repeats-section.js";
import { environmentSection, settingsSection } from "./settings-section.js";
import { trainingSection } from "./training-section.js";

/** Everything about a training on one page of HTML, the answer first. */
export function trainingPage(result: TrainResult, explanations: Explanations = new Map()): string {
  const { data, test, folder, options, environment } = result;
  const name = folder
    .replace(/[/\\]+$/, "")
    .split(/[/\\]/)
    .at(-1)!;
  const judgement: Judgement = { problem: data.problem, labels: data.labels, ...test };
  return page({
    title: `${name}: report of a Textgraft model`,
    subject: html`${foreign(name)} tells ${labelList(data.labels)} apart`,
    answer: html`${result.collapsed !== undefined && notice(result.collapsed)}${answerSentence(judgement)}
<p class="lead">${floorSentence(test.metrics, test.floors)}</p>
${notices(result).map(notice)}${scores(judgement)}`,
    sections: [
      ...judgementSections(judgement, { file: "mistakes.csv", explanations, ...temperatureOf(result) }),
      {
        id: "floors",
        title: "Beside simpler ways",
        short: "Floors",
        content: floorsTable(judgement, test.floors),
      },
      ...repeats(result),
      { id: "training", title: "The training", short: "Training", content: trainingSection(result) },
      { id: "data", title: "The data", short: "Data", content: dataSection(result) },
      { id: "settings", title: "How to repeat it", short: "Settings", content: settingsSection(result) },
      {
        id: "environment",
        title: "Time, memory, versions",
        short: "Environment",
        content: environmentSection(result),
      },
    ],
    footer: html`<p>Written by Textgraft ${environment.textgraft} beside the model. Texts in it are those of ${options.test === "" ? data.source : options.test}: share it with those who may read them.</p>`,
  });
}

/** Flags in it are whole words. */
const notice = (text: string): Content => html`<p class="notice">${text
  .split(/(--[a-z][a-z-]*)/)
  .map((part, i) => (i % 2 === 1 ? html`<code class="whole">${part}</code>` : part))}</p>
`;

/** What the logits are divided by, as far as that can be undone: the probabilities of windows are pooled after it. */
function temperatureOf({ decision: { calibration }, model, test }: TrainResult): { temperature?: number } {
  const wanted = calibration !== undefined && test.calibration !== undefined && model.long !== "windows";
  return wanted ? { temperature: calibration.temperature } : {};
}

/** What other trainings came to, where there were several. */
function repeats({ crossValidation, seeds }: TrainResult): Section[] {
  const found: Section[] = [];
  if (crossValidation) {
    const content = foldsSection(crossValidation);
    found.push({ id: "folds", title: "Cross-validation", short: "Folds", content });
  }
  if (seeds) {
    found.push({
      id: "seeds",
      title: "The same with other seeds",
      short: "Seeds",
      content: seedsSection(seeds),
    });
  }
  return found;
}

function labelList(labels: readonly string[]): Content {
  if (labels.length > 4) return `${grouped(labels.length)} labels`;
  const names = labels.map((label) => labelName(label, 24));
  return names.map((label, i) => [i === 0 ? "" : i === names.length - 1 ? " and " : ", ", label]);
}

/** What makes the numbers worth less than they seem, and what would help. */
function notices(result: TrainResult): string[] {
  const { leaks, parts } = result.data;
  const leaking = leaks.exact + leaks.near;
  const seen =
    leaking === 0
      ? []
      : [
          `${grouped(leaking)} of the ${grouped(parts.test.rows)} test texts (${percent(leaking / parts.test.rows)}) also stand in the training rows: the scores are too good by what was learned by heart.`,
        ];
  const unusual = result.stopped !== null || result.stillFalling;
  const ending = outcome(result).filter((text) => text !== result.collapsed); // that stands above all else
  return [...seen, ...(unusual ? ending : [])];
}
