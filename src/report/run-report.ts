import { wholeText } from "../data/examples.js";
import { formatLabels } from "../data/label-sets.js";
import type { CrossValidation, EpochFacts, Judged, TrainResult } from "../run/events.js";
import type { GateResult } from "../run/gates.js";
import type { Judgement } from "../run/judgement.js";
import type { MultiLabelMetrics } from "../run/metrics/multilabel.js";
import { answeredSentences, answeredTable, FOUND, hasUnknown } from "./answered.js";
import { calibrationLine, decisionLines } from "./decision.js";
import { EXPLAINED } from "./explained.js";
import { dataLines, modelLines, rowsOf, splitTable } from "./facts.js";
import { gatesText } from "./gates.js";
import { intervalSentences, intervalTables } from "./intervals.js";
import { missedIds, mistakesOf, noMistakes, wrongIds } from "./mistakes.js";
import { clock, columns, count, grouped, oneLine, percent } from "./plain.js";
import { sections } from "./sections.js";
import { floorSentence, labelSentences } from "./sentences.js";
import { foldsText, seedsText, stoppedFoldsText } from "./several-trainings.js";
import { classificationReport, confusionMatrixText } from "./text.js";

/** A whole training as text: the data, the epochs, the judgement on the test texts, and where the model lies. */
export function trainingReport(result: TrainResult): string {
  const { data, model, test, decision, folder, options, crossValidation, seeds } = result;
  const ownFile = options.test === "" ? "" : ` of ${options.test}`; // the one that rows of mistakes count in
  return sections([
    ["Data", lines(dataLines(data)) + splitTable(data)],
    [
      "Training",
      lines(modelLines(model)) +
        epochTable(result) +
        lines([...decisionLines(decision), ...outcome(result), timeLine(result)]),
    ],
    ...(crossValidation ? [["Cross-validation", foldsText(data.labels, crossValidation)] as const] : []),
    ...(seeds ? [["Seeds", seedsText(data.labels, seeds)] as const] : []),
    [
      crossValidation
        ? `All ${count(test.judged.length, "text")}, each as tested in its fold`
        : `Test on ${count(test.judged.length, "text")}${ownFile}`,
      judgementText(data.labels, test) +
        lines([
          ...(test.calibration ? [calibrationLine(test.calibration)] : []),
          floorSentence(test.metrics, test.floors),
          ...flatteryLines(result),
        ]),
    ],
    ["Worst mistakes", mistakesText(data.labels, test.judged)],
    ["Model", lines([`It lies in ${folder}. ${howToPredict(folder, data)}`])],
  ]);
}

/** The command that classifies a text, or a pair where the model reads pairs. */
const howToPredict = (folder: string, { pairColumn }: TrainResult["data"]): string =>
  pairColumn === undefined
    ? `Classify texts: textgraft predict ${quoted(folder)} "a text"`
    : `Classify pairs: textgraft predict ${quoted(folder)} "a text" "its second text"`;

/** What folds came to where a training was stopped before there is a model. */
export function stoppedFoldsReport({ data, test, ...results }: CrossValidation): string {
  const texts = { tested: test.judged.length, of: rowsOf(data) };
  return sections([
    ["Data", lines(dataLines(data).slice(0, 2))], // without the split, which is of a model that there isn't
    ["Cross-validation, stopped", stoppedFoldsText(data.labels, results, texts)],
    [
      `The ${count(texts.tested, "text")} of these folds, each as tested in its fold`,
      judgementText(data.labels, test) + lines([floorSentence(test.metrics, test.floors)]),
    ],
    ["Worst mistakes", mistakesText(data.labels, test.judged)],
  ]);
}

/** The judgement on labelled texts that had no part in a training. `labels` are names by labelId. */
export function evaluationReport(
  labels: readonly string[],
  judgement: Judgement,
  gates: readonly GateResult[] = [],
): string {
  const { judged } = judgement;
  return sections([
    [`Test on ${count(judged.length, "text")}`, judgementText(labels, judgement)],
    ["Worst mistakes", mistakesText(labels, judged)],
    ...(gates.length === 0 ? [] : [["Gates", gatesText(gates, hasUnknown(judgement))] as const]),
  ]);
}

/** scikit-learn's report, what is taken for what, a sentence for each label, and all numbers with their intervals. */
function judgementText(labels: readonly string[], judgement: Judgement): string {
  const { metrics } = judgement;
  return [
    classificationReport(labels, metrics),
    "samples" in metrics
      ? outcomeTable(labels, metrics.confusions)
      : confusionMatrixText(labels, metrics.confusion),
    lines(labelSentences(labels, metrics)),
    intervalTables(labels, judgement),
    ...(hasUnknown(judgement)
      ? [`${lines(answeredSentences(judgement.answered))}\n${answeredTable(labels, judgement)}${FOUND}\n`]
      : []),
    lines([...intervalSentences(judgement), EXPLAINED]),
  ].join("\n");
}

/** What keeping near duplicates on one side spared the test. */
export function flatteryLines({ flattery, test }: TrainResult): string[] {
  if (flattery === undefined) return [];
  const { copies, known, unknown, accuracy } = flattery;
  const told = grouped(Math.round(copies * test.judged.length));
  const effect =
    accuracy < 0.0005
      ? "so accuracy would be flattered by less than 0.1 points"
      : `so accuracy would look about ${(100 * accuracy).toFixed(1)} points better than it is`;
  return [
    `Near duplicates are on one side. Split row by row, about ${told} of the ${count(test.judged.length, "test text")} would have a copy in ` +
      `the training rows. The model gets ${percent(known.right)} of training texts with copies right (${grouped(known.texts)} asked), and ` +
      `${percent(unknown)} of test texts with the same labels: ${effect} (estimated as copies times difference).`,
  ];
}

function epochTable({ epochs, bestEpoch }: TrainResult): string {
  if (epochs.length === 0) return "";
  const row = ({ epoch, trainLoss, validationLoss, validation, seconds }: EpochFacts): string[] => [
    String(epoch),
    trainLoss.toFixed(4),
    validationLoss.toFixed(4),
    validation.accuracy.toFixed(4),
    validation.macro.f1.toFixed(4),
    clock(seconds),
    epoch === bestEpoch ? "best" : "",
  ];
  const header = ["epoch", "train loss", "validation loss", "accuracy", "macro F1", "time", ""];
  return columns([header, ...epochs.map(row)], "  ");
}

/** How a training ended, and what would help. */
export function outcome(result: TrainResult): string[] {
  const { stopped, bestEpoch, epochs, options, stillFalling, collapsed } = result;
  const found: string[] = collapsed === undefined ? [] : [collapsed];
  if (stopped === "cancelled" && bestEpoch === 0) {
    found.push("Stopped before the first epoch ended: the weights are what had been learned until then.");
  } else if (stopped === "cancelled") {
    found.push(
      `Stopped after ${count(epochs.length, "epoch")}: the weights are those of epoch ${bestEpoch}.`,
    );
  } else if (bestEpoch < epochs.length) {
    found.push(`The weights are those of epoch ${bestEpoch}, the best by validation ${options.best}.`);
  }
  if (stopped === "diverged") {
    found.push("After that the loss was no number any more: try a lower learning rate (--learning-rate).");
  }
  if (stillFalling && !stopped) {
    found.push(`Validation loss was still falling: train longer (--epochs ${2 * epochs.length}).`);
  }
  return found;
}

const timeLine = ({ seconds }: TrainResult): string => `All in all ${clock(seconds)}.`;

function mistakesText(labels: readonly string[], judged: readonly Judged[]): string {
  const mistakes = mistakesOf(judged);
  if (mistakes.length === 0) return `${noMistakes(judged)}\n`;
  const names = (ids: readonly number[]) =>
    ids.length === 0 ? "without a label" : formatLabels(ids.map((id) => labels[id]!));
  const shown = mistakes.slice(0, mostMistakes).map((answer) => {
    const taken = `row ${answer.row} is ${names(answer.labelIds)}, taken for ${names(answer.predictedIds)}`;
    return `  ${taken} (${wrongScores(labels, answer)}):\n    ${oneLine(wholeText(answer), 100)}\n`;
  });
  const all = `${count(mistakes.length, "text")} of ${judged.length} got a wrong label (${percent(mistakes.length / judged.length)})`;
  const rest = mistakes.length > shown.length ? `; the ${shown.length} that the model was surest of` : "";
  return `${all}${rest}:\n${shown.join("")}`;
}

const mostMistakes = 5;

/** The probabilities that made an answer wrong: that of the one label, or of each label that is wrong or missed. */
function wrongScores(labels: readonly string[], answer: Judged): string {
  const { labelIds, predictedIds, probabilities } = answer;
  const score = (id: number) => percent(probabilities[id]!);
  if (labelIds.length === 1 && predictedIds.length === 1) return score(predictedIds[0]!);
  return [...wrongIds(answer), ...missedIds(answer)].map((id) => `${labels[id]} ${score(id)}`).join(", ");
}

/** For each label how many texts were rightly given it, wrongly given it, and had it without being given it. */
function outcomeTable(labels: readonly string[], confusions: MultiLabelMetrics["confusions"]): string {
  const rows = labels.map((label, labelId) => {
    const [[, wrong], [missed, right]] = confusions[labelId]!;
    return [label, ...[right, wrong, missed].map(String)];
  });
  return columns([["", "right", "wrongly given", "missed"], ...rows]);
}

const quoted = (path: string): string => (/^[\w./-]+$/.test(path) ? path : JSON.stringify(path));

const lines = (items: readonly string[]): string => items.map((line) => `${line}\n`).join("");
