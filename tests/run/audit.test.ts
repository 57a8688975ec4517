import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { audit } from "textgraft";
import { expect, test } from "vitest";
import { random, shuffled } from "../../src/base/random.js";
import { auditCsv, auditData, auditReport } from "../../src/report/audit.js";
import { inventedRows, inventedSets } from "../support/tiny-model.js";
import { collect, csvOf, tinyOptions, tinyWorkplace, trained } from "./train-tiny.js";

const { folder, model } = await tinyWorkplace();
const options = { ...tinyOptions, epochs: 6, learningRate: 1e-2, model };

/** Invented rows, of which some have a wrong label. */
function flippedRows(count: number, wrong: number) {
  const rows = inventedRows(count, ["sea", "kitchen"]);
  const flipped = new Set(shuffled([...rows.keys()], random(3)).slice(0, wrong));
  const other = { sea: "kitchen", kitchen: "sea" };
  return {
    flipped,
    data: rows.map(({ text, label }, i) => ({ text, label: flipped.has(i) ? other[label as "sea"] : label })),
  };
}

test("wrong labels come first", async () => {
  const { data, flipped } = flippedRows(200, 12);
  const run = audit({ ...options, data, cv: 4 });
  const events = await collect(run);
  const result = await run.result;
  const { ranking, findings, estimatedErrors } = result;
  expect(events.filter(({ kind }) => kind === "trained")).toHaveLength(4);
  expect(new Set(ranking.map(({ example }) => example)).size).toBe(200);
  const first = ranking.slice(0, 12).filter(({ example }) => flipped.has(example));
  expect(first.length).toBeGreaterThanOrEqual(9); // chance would give 0.7
  expect(Math.abs(estimatedErrors - 12)).toBeLessThan(12);
  expect(findings.map(({ rank }) => rank)).toEqual(findings.map((_, i) => i + 1));
  for (const { example, row, text, labels, suggested } of findings) {
    expect([row, text, labels]).toEqual([example + 1, data[example]!.text, [data[example]!.label]]);
    expect(suggested).not.toEqual(labels);
  }
  const csv = auditCsv(result).split("\n");
  expect(csv[0]).toBe("rank,row,label,suggested,correct,probability,reason,text");
  expect(csv).toHaveLength(findings.length + 2);
  expect(auditReport(result)).toContain(`1. row ${findings[0]!.row} is ${findings[0]!.labels[0]}, may be`);
  expect(JSON.parse(JSON.stringify(auditData(result))).findings).toHaveLength(findings.length);
});

test("stopped, an audit ranks the rows that were judged, each as the whole audit judges it", async () => {
  const { data } = flippedRows(90, 5);
  const short = { ...options, epochs: 2, data, cv: 3 };
  const run = audit(short);
  let ended = 0;
  for await (const { kind } of run) {
    if (kind === "trained") ended++;
    if (kind === "step" && ended === 2) run.cancel();
  }
  const result = await run.result;
  expect(result.stoppedAfter).toEqual({ ended: 2, total: 3 });
  expect(result.test.judged).toHaveLength(60);
  expect(result.ranking.map(({ example }) => example).sort((a, b) => a - b)).toEqual([...Array(60).keys()]);
  const whole = await audit(short).result;
  for (const { row, example, margin } of result.findings) {
    expect(result.test.judged[example]!.row).toBe(row);
    expect(margin).toBe(whole.ranking.find((found) => found.example === row - 1)!.margin);
  }
  expect(result.findings.length).toBeGreaterThan(0);
  expect(auditReport(result)).toMatch(
    /^Stopped after 2 of 3 trainings, in .*: 60 texts were judged, .* The other 30 were not, so nothing is said of them\.\n/,
  );
  expect(auditData(result)).toMatchObject({ judged: 60, notJudged: 30 });
});

test("a copy with another label is found whatever the model says, and its rows are told", async () => {
  const rows = inventedRows(60, ["sea", "kitchen"]);
  const copies = [
    { ...rows[0]!, label: "kitchen" },
    { text: rows[0]!.text.toUpperCase(), label: "sea" },
  ];
  const { findings } = await audit({ ...options, epochs: 1, data: [...rows, ...copies], cv: 2 }).result;
  const conflict = findings.find(({ row }) => row === 61)!;
  expect(conflict.suggested).toEqual(["sea"]);
  expect(conflict.reasons).toContainEqual({ kind: "conflict", rows: [0, 61] });
  expect(findings.filter(({ reasons }) => reasons.some(({ kind }) => kind === "conflict"))).toHaveLength(1);
});

test("rows that are left out, and labels that look alike, are told before the trainings", async () => {
  const rows = inventedRows(60, ["sea", "kitchen"]);
  const data = join(folder, "dirty.csv");
  const alike = rows.slice(0, 6).map(({ text }) => ({ text: `${text} too`, label: "Sea" }));
  await writeFile(data, csvOf([...rows, { text: "no label", label: "" }, ...alike]));
  const events = await collect(audit({ ...options, epochs: 1, data, cv: 2, onBadRow: "skip" }));
  const notices = events.flatMap((event) => (event.kind === "notice" ? [event.text] : []));
  expect(notices).toEqual([
    expect.stringMatching(
      /^Left out 1 of 67 rows of .*: row 61 \(line 62\) has nothing in column "category"\.$/,
    ),
    expect.stringContaining("labels that differ only by case or spaces"),
  ]);
});

test("where texts may have several labels, each label is a question of its own", async () => {
  const data = inventedSets(120).map((row, i) =>
    i === 7 ? { ...row, labels: ["sea", "garden", "kitchen"] } : row,
  );
  const run = audit({ ...options, data, multiLabel: true, cv: 3 });
  const { ranking, findings, data: facts } = await run.result;
  expect(ranking).toHaveLength(120 * facts.labels.length);
  for (const { labels, suggested } of findings) {
    const changed = [
      ...labels.filter((l) => !suggested.includes(l)),
      ...suggested.filter((l) => !labels.includes(l)),
    ];
    expect(changed).toHaveLength(1);
  }
});

test("of a model that was fine-tuned, what it was made from is trained again, in the same way", async () => {
  const data = inventedRows(60);
  const output = join(folder, "tuned");
  await trained({ ...options, epochs: 1, data, output, headWidth: 8, head: "tanh" });
  const run = audit({ data, model: output, cv: 2 });
  const events = await collect(run);
  const { finetuned, options: used } = await run.result;
  expect(finetuned).toBe(output);
  expect(used).toMatchObject({ model, epochs: 1, batchSize: 16, head: "tanh", headWidth: 8, cv: 2 });
  const [notice] = events.flatMap((event) => (event.kind === "notice" ? [event.text] : []));
  expect(notice).toContain("may have learned wrong labels by heart");
});

test("a pretrained model stays frozen under a hidden layer, unless one chooses otherwise", async () => {
  const common = { data: inventedRows(60), model, cv: 2, batchSize: 16, threads: 2 };
  const { options: quick } = await audit(common).result;
  expect(quick).toMatchObject({ freeze: "all", head: "relu", epochs: 10, learningRate: "auto" });
  const { options: chosen } = await audit({ ...common, epochs: 1 }).result;
  expect(chosen).toMatchObject({ freeze: "none", head: "stock", epochs: 1 });
});
