import { parse } from "csv-parse/sync";
import { DOMParser } from "linkedom";
import { expect, test } from "vitest";
import { comparisonReport, flipsCsv } from "../../src/report/comparison.js";
import { intervalSentences, intervalTables } from "../../src/report/intervals.js";
import { junitXml } from "../../src/report/junit.js";
import { comparisonMarkdown, evaluationMarkdown } from "../../src/report/markdown-report.js";
import { compareAnswers, notWorse } from "../../src/run/comparison.js";
import type { Judged } from "../../src/run/events.js";
import type { GateResult } from "../../src/run/gates.js";
import { judgementOf } from "../../src/run/judgement.js";
import { wilson } from "../../src/run/metrics/interval.js";

const labels = ["ham", "sp|am"];
const problem = "single_label" as const;
const nasty = "a `tick` | pipe\n<b>@someone</b> **bold** #12";

const judged = (spam: readonly number[]): Judged[] =>
  spam.map((p, i) => ({
    text: i === 3 ? nasty : `text ${i}`,
    row: i + 1,
    labelIds: [i % 2],
    predictedIds: [p > 0.5 ? 1 : 0],
    probabilities: [1 - p, p],
  }));
const a = judged([0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.2, 0.4, 0.1, 0.9, 0.6, 0.9]);
const b = judged([0.1, 0.9, 0.2, 0.3, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9, 0.6, 0.9]);
const judgement = judgementOf(a, problem);
const comparison = {
  ...compareAnswers(a, b, { labels, problem }),
  folders: { a: "models/old", b: "models/new" },
  source: "rows.csv",
  gates: [] as GateResult[],
};
const failed: GateResult = {
  name: "sp|am.recall",
  expected: 'sp|am.recall is at least 0.9 <"&> \u0001',
  found: 0.8333333333,
  passed: false,
};
const gates: GateResult[] = [
  { name: "accuracy", expected: "accuracy is at least 0.5", found: 10 / 12, passed: true },
  failed,
  { name: "x", expected: "x is at least 0", found: Number.NaN, passed: false },
];

test("tables have every number with its interval", () => {
  const text = intervalTables(labels, judgement);
  const { low, high } = wilson(10, 12)!;
  expect(text).toContain(`\naccuracy              0.833  ${low.toFixed(3)} to ${high.toFixed(3)}\n`);
  for (const title of [
    "macro F1",
    "Matthews correlation",
    "Cohen's kappa",
    "ROC AUC",
    "log loss",
    "Brier score",
  ])
    expect(text).toMatch(new RegExp(`^${title} +\\d\\.\\d{3} +\\d\\.\\d{3} to \\d\\.\\d{3}$`, "m"));
  const recall = wilson(5, 6)!;
  expect(text).toMatch(
    new RegExp(`^sp\\|am .* 0\\.833 \\(${recall.low.toFixed(3)} to ${recall.high.toFixed(3)}\\)`, "m"),
  );
  expect(text).toMatch(/^macro avg +0\.833 \(/m);
});

test("what a small test set can't show is said", () => {
  const said = intervalSentences(judgement).join(" ");
  expect(said).toContain("so few mistakes that no model could be shown to be better on these 12 texts");
  expect(said).toContain("50.0 % of them: a larger test set would tell finer differences");
  const perfect = judgementOf(judged(a.map((_, i) => (i % 2 === 1 ? 0.9 : 0.1))), problem);
  expect(intervalSentences(perfect)[1]).toMatch(/^No interval: balanced accuracy, macro F1/);
  expect(perfect.intervals.overall.accuracy).toEqual(wilson(12, 12));
  const few = judgementOf(a.slice(0, 4), problem);
  expect(intervalSentences(few).at(-1)).toBe("These 4 texts are too few to tell any two models apart.");
});

test("a test set that is large enough says by how much models have to differ", () => {
  const many = Array.from({ length: 1000 }, (_, i) => ((i % 2 === 0) === (i % 20 === 0) ? 0.9 : 0.1));
  const said = intervalSentences(judgementOf(judged(many), problem)).at(-1)!;
  expect(said).toMatch(
    /^To be told apart from this model on these 1,000 texts, another has to get about \d+ more of them right \(\d\.\d %\), or 6 if it has nothing wrong that this one has right\.$/,
  );
});

test("JUnit is XML that says what was expected and found", () => {
  const xml = junitXml(gates, { suite: 'evaluate "a" & b', now: new Date(0), unknown: true });
  const document = new DOMParser().parseFromString(xml, "text/xml");
  const suite = document.querySelector("testsuites > testsuite")!;
  const attributes = (element: { getAttribute(name: string): string | null }, ...names: string[]) =>
    names.map((name) => element.getAttribute(name));
  expect(attributes(suite, "tests", "failures", "errors", "skipped", "timestamp")).toEqual([
    "3",
    "2",
    "0",
    "0",
    "1970-01-01T00:00:00",
  ]);
  // What Jenkins' junit-10.xsd has for each element; where it says so, in its order.
  const known: Record<string, string[]> = {
    testsuites: ["name", "tests", "failures", "errors", "time"],
    testsuite: ["name", "tests", "failures", "errors", "skipped", "time", "timestamp"],
    testcase: ["name", "classname", "time"],
    failure: ["type", "message"],
    "system-out": [],
  };
  for (const [tag, names] of Object.entries(known))
    for (const element of document.querySelectorAll(tag)) expect(element.getAttributeNames()).toEqual(names);
  expect([...document.querySelectorAll("*")].every(({ tagName }) => tagName in known)).toBe(true);
  const cases = [...document.querySelectorAll("testsuite > testcase")];
  expect(cases).toHaveLength(3);
  expect(cases.map((each) => each.querySelectorAll("failure").length)).toEqual([0, 1, 1]);
  const message = unescaped(cases[1]!.querySelector("failure")!.getAttribute("message")!);
  expect(message).toBe('Expected: sp|am.recall is at least 0.9 <"&> \ufffd. Found: 0.833333.');
  expect(cases[2]!.querySelector("failure")!.getAttribute("message")).toContain(
    "Found: no value on these texts",
  );
  const held = "Gates hold numbers as if every text had been answered";
  expect(cases[1]!.querySelector("failure")!.textContent).toContain(`. Found: 0.833333. ${held}`);
  expect(document.querySelector("testsuite > system-out")!.textContent).toContain(held);
  expect(junitXml(gates, { suite: "evaluate", now: new Date(0), unknown: false })).not.toContain(held);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 can't hold them
  expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
});

test("Markdown shows texts as they are: no mark, link, mention or broken table", () => {
  const evaluation = { ...judgement, folder: "models/old", source: "ro_ws.csv", labels, problem, gates };
  for (const text of [
    evaluationMarkdown(evaluation),
    comparisonMarkdown({ ...comparison, gates }),
    evaluationMarkdown({ ...evaluation, ...judgementOf(b, problem) }),
  ]) {
    expect(text).toContain("2 of 3 gates failed.");
    expect(text).toContain("`sp\\|am`");
    for (const table of tablesOf(text)) {
      const columns = table.map((line) => line.replaceAll("\\|", "").split("|").length);
      expect(new Set(columns).size, table.join("\n")).toBe(1);
    }
  }
  const compared = comparisonMarkdown({ ...comparison, gates: [] });
  expect(compared).toContain("``a `tick` \\| pipe <b>@someone</b> **bold** #12``");
  expect(compared).toContain("2 changed answers: 1 better, 1 worse, 0 wrong either way");
  expect(evaluationMarkdown(evaluation)).toContain("ro\\_ws.csv");
});

test("a comparison says in words what can't be told apart, and shows what changed", () => {
  const report = comparisonReport({ ...comparison, gates: [] });
  expect(report).toContain("A: models/old\nB: models/new\n");
  expect(report).toContain(
    "They can't be told apart on these 12 texts: only A has 1 of them right, only B 1. " +
      "Equally good models would often differ as much (McNemar's test, exact, p = 1.000).",
  );
  expect(report).toContain("2 texts got another answer: 1 better, 1 worse, 0 wrong either way.");
  expect(report).toMatch(/worse: row 4 is \["sp\|am"\], A says \["sp\|am"\], B ham:/);
  expect(report).not.toContain("Gates");
  expect(comparisonReport({ ...comparison, gates: notWorse(comparison) })).toContain(
    "passed  accuracy isn't",
  );
});

test("changed answers as CSV, read back by a CSV reader", () => {
  const rows = parse(flipsCsv(comparison), { columns: true }) as Record<string, string>[];
  expect(rows).toEqual([
    {
      row: "4",
      text: nasty,
      label: '["sp|am"]',
      predicted_a: '["sp|am"]',
      predicted_b: "ham",
      change: "worse",
      score_a_ham: String(1 - 0.8),
      "score_a_sp|am": "0.8",
      score_b_ham: "0.7",
      "score_b_sp|am": "0.3",
    },
    expect.objectContaining({ row: "8", change: "better" }),
  ]);
});

/** linkedom leaves character references in attributes of XML as they are. */
const unescaped = (text: string): string =>
  text
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replace(/&(lt|gt|quot|amp);/g, (_, name) => ({ lt: "<", gt: ">", quot: '"', amp: "&" })[name as "lt"]!);

/** Runs of lines that begin with a bar. */
function tablesOf(markdown: string): string[][] {
  const tables: string[][] = [];
  let current: string[] = [];
  for (const line of [...markdown.split("\n"), ""]) {
    if (line.startsWith("|")) current.push(line);
    else if (current.length > 0) {
      tables.push(current);
      current = [];
    }
  }
  return tables;
}
