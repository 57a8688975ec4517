import { readFile } from "node:fs/promises";
import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { answeredLabels, answeredSentences, answeredTable } from "../../src/report/answered.js";
import { comparisonReport } from "../../src/report/comparison.js";
import { evaluationData } from "../../src/report/data.js";
import { evaluationPage } from "../../src/report/html/evaluation-page.js";
import { trainingPage } from "../../src/report/html/training-page.js";
import {
  comparisonMarkdown,
  evaluationMarkdown,
  trainingMarkdown,
} from "../../src/report/markdown-report.js";
import { type MetricsData, metricsJson } from "../../src/report/metrics-data.js";
import { evaluationReport, trainingReport } from "../../src/report/run-report.js";
import { metricsOfAnswers } from "../../src/run/answered.js";
import { compareAnswers } from "../../src/run/comparison.js";
import type { Judged } from "../../src/run/events.js";
import type { GateResult } from "../../src/run/gates.js";
import { judgementOf } from "../../src/run/judgement.js";
import { type Schema, schemaProblems } from "../support/json-schema.js";
import { imbalanced, inventedResult, unsure } from "./invented-results.js";

const problem = "single_label" as const;
const { test: judgement, data } = inventedResult(unsure);
const { labels } = data;
const gates: GateResult[] = [
  { name: "accuracy", expected: "accuracy is at least 0.5", found: 0.9, passed: true },
];
const evaluation = { ...judgement, folder: "models/a", source: "new.csv", labels, problem, gates };

/** A text, what it is, what it was taken for, and whether that was withheld. */
const answer = (labelId: number, predictedId: number, unknown = false): Judged => ({
  text: "a text",
  row: 1,
  labelIds: [labelId],
  predictedIds: [predictedId],
  probabilities: predictedId === 0 ? [0.8, 0.2] : [0.2, 0.8],
  ...(unknown && { unknown }),
});

test("what unknown answers do to each label, by hand", () => {
  const judged = [
    ...[answer(0, 0), answer(0, 0), answer(0, 1), answer(0, 0, true)],
    ...[answer(1, 1), answer(1, 0, true), answer(1, 1, true)],
  ];
  expect(answeredLabels(["ham", "spam"], judgementOf(judged, problem))).toEqual([
    {
      label: "ham",
      texts: 4,
      unknown: 1,
      precision: { all: 3 / 4, given: 1 },
      recall: { all: 3 / 4, given: 2 / 3 },
      found: 2 / 4,
    },
    {
      label: "spam",
      texts: 3,
      unknown: 2,
      precision: { all: 2 / 3, given: 1 / 2 },
      recall: { all: 2 / 3, given: 1 },
      found: 1 / 3,
    },
  ]);
  const none = judgementOf(
    judged.map(({ labelIds, predictedIds }) => answer(labelIds[0]!, predictedIds[0]!, true)),
    problem,
  );
  expect(answeredTable(["ham", "spam"], none)).toMatch(/^ham +4 +4 +0\.750 +- +0\.750 +- +0\.000$/m);
  expect(metricsOfAnswers(none.judged, problem)).toBeUndefined();
});

test("how many were answered is said in words", () => {
  const some = { texts: 100, answered: 90, right: 89, coverage: 0.9, accuracy: 89 / 90, withheldRight: 7 };
  expect(answeredSentences(some).join(" ")).toBe(
    "Answered: 90 of 100 texts (90.0 %); of these 89 rightly (98.9 %). The other 10 are unknown; 7 of them would have " +
      "been right. All other numbers here are as if every text had been answered.",
  );
});

test("every report tells what was left unknown, and only where anything was", () => {
  const result = { ...inventedResult(unsure) };
  const [told] = answeredSentences(judgement.answered!);
  const all = inventedResult(imbalanced);
  expect(trainingReport(result)).toContain(told);
  expect(evaluationReport(labels, judgement)).toContain(told);
  expect(trainingMarkdown(result)).toContain(told);
  expect(evaluationMarkdown(evaluation)).toContain(told);
  expect(trainingPage(result)).toContain(told);
  for (const text of [trainingReport(all), trainingMarkdown(all), trainingPage(all)]) {
    expect(text).not.toContain("Answered:");
    expect(text).not.toContain("are unknown");
  }
});

test("gates are said to take withheld answers for given ones, and only where there are any", () => {
  const { test: whole } = inventedResult(imbalanced);
  const compared = (unknown: boolean) => ({
    ...compareAnswers(whole.judged, unknown ? judgement.judged : whole.judged, { labels, problem }),
    folders: { a: "models/a", b: "models/b" },
    source: "rows.csv",
    gates,
  });
  const said = "Gates hold numbers as if every text had been answered";
  expect(evaluationReport(labels, judgement, gates)).toContain(said);
  expect(evaluationMarkdown(evaluation)).toContain(said);
  expect(comparisonReport(compared(true))).toContain(said);
  expect(comparisonMarkdown(compared(true))).toContain(said);
  expect(evaluationReport(labels, whole, gates)).not.toContain(said);
  expect(evaluationReport(labels, judgement)).not.toContain(said);
  expect(comparisonReport(compared(false))).not.toContain(said);
  const counted = "Texts that a model leaves unknown count with the answer that was withheld.";
  for (const report of [comparisonReport, comparisonMarkdown]) {
    expect(report({ ...compared(true), gates: [] })).toContain(counted);
    expect(report(compared(false))).not.toContain(counted);
  }
  expect(judgement.metrics).toEqual(whole.metrics); // so it is
});

test("the page begins with what was answered, and shows what of each label became unknown", () => {
  const { document } = parseHTML(evaluationPage(evaluation, evaluation));
  const given = judgement.judged.filter(({ unknown }) => !unknown);
  const right = given.filter(({ labelIds, predictedIds }) => labelIds[0] === predictedIds[0]).length;
  expect(document.querySelector(".answer")!.textContent).toContain(
    `${right} of ${given.length} answers are right`,
  );
  expect(document.querySelector(".answer")!.textContent).toContain(
    `${judgement.judged.length - given.length} of ${judgement.judged.length} test texts were left unknown`,
  );
  const rows = [...document.querySelectorAll("#unknown > .scroll tbody tr")].map((row) =>
    [...row.querySelectorAll("th, td")].map((cell) => cell.textContent),
  );
  expect(rows.map(([label, , unknown]) => [label, Number(unknown)])).toEqual(
    labels.map((label, id) => [
      label,
      judgement.judged.filter(({ unknown, labelIds }) => unknown && labelIds[0] === id).length,
    ]),
  );
  const picture = document.querySelector("#unknown figure svg")!;
  expect(picture.querySelectorAll("circle")).toHaveLength(1);
  const circle = picture.querySelector("circle")!;
  const { coverage, accuracy } = judgement.answered!;
  expect(readOff(picture, "x", Number(circle.getAttribute("cx")))).toBeCloseTo(coverage, 3);
  expect(readOff(picture, "y", Number(circle.getAttribute("cy")))).toBeCloseTo(accuracy, 3);
  expect(picture.getAttribute("aria-label")).toContain("Accuracy and coverage");
});

/** What a place in a drawing stands for, by the labels of the axis. */
function readOff(
  picture: { querySelectorAll(selector: string): Iterable<unknown> },
  axis: "x" | "y",
  at: number,
) {
  const labels = [...(picture.querySelectorAll("text[transform]") as Iterable<SvgText>)].flatMap((label) => {
    const [, x, y] = /translate\(([^,]+),([^)]+)\)/.exec(label.getAttribute("transform")!)!;
    return /^[\d.]+$/.test(label.textContent)
      ? [{ value: Number(label.textContent), x: Number(x), y: Number(y) }]
      : [];
  });
  const bottom = Math.max(...labels.map(({ y }) => y));
  const ticks = labels.filter(({ y }) => (y === bottom) === (axis === "x"));
  const [first, last] = [ticks[0]!, ticks.at(-1)!];
  return first.value + ((at - first[axis]) / (last[axis] - first[axis])) * (last.value - first.value);
}

interface SvgText {
  textContent: string;
  getAttribute(name: string): string | null;
}

test("metrics.json has what was answered, as its schema says", async () => {
  const schema = JSON.parse(
    await readFile(new URL("../../schema/metrics.schema.json", import.meta.url), "utf8"),
  ) as Schema;
  const told = JSON.parse(metricsJson(judgement, evaluation)) as MetricsData;
  expect(schemaProblems(schema, told)).toEqual([]);
  const given = judgement.judged.filter(({ unknown }) => !unknown);
  const { answered } = told;
  expect(answered).toMatchObject({
    answered: given.length,
    coverage: given.length / judgement.judged.length,
    right: given.filter(({ labelIds, predictedIds }) => `${labelIds}` === `${predictedIds}`).length,
  });
  const unknown = answered!.perLabel.map((label) => label.unknown);
  expect(unknown.reduce((a, b) => a + b)).toBe(judgement.judged.length - given.length);
  const withheld = judgement.judged.map((answer) => ({ ...answer, unknown: true as const }));
  const none = JSON.parse(metricsJson(judgementOf(withheld, problem), evaluation)) as MetricsData;
  expect(schemaProblems(schema, none)).toEqual([]);
  expect(none.answered).toMatchObject({ answered: 0, coverage: 0, accuracy: null });
  expect(none.answered!.perLabel[0]).toMatchObject({ precision: null, recall: null, found: 0 });
  const { test: whole } = inventedResult(imbalanced);
  expect(JSON.parse(metricsJson(whole, evaluation))).not.toHaveProperty("answered");
});

test("mistakes are counted alike in metrics.json and --json, as if every text had been answered", () => {
  const judged = [
    ...[answer(0, 0), answer(0, 1), answer(0, 0, true)],
    ...[answer(1, 1), answer(1, 1), answer(1, 0, true), answer(1, 0, true)],
  ];
  const found = judgementOf(judged, problem);
  const names = ["ham", "spam"];
  const file = JSON.parse(metricsJson(found, { ...evaluation, labels: names })) as MetricsData;
  const output = JSON.parse(JSON.stringify(evaluationData(names, found)));
  for (const { mistakes, answered } of [file, output]) {
    expect(mistakes).toBe(3); // one that was given, two that were withheld
    expect(answered.answered - answered.right).toBe(1);
  }
});
