import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { sweepPage } from "../../src/report/html/sweep-page.js";
import { sweepReport } from "../../src/report/sweep.js";
import { bestOf, type SweepResult } from "../../src/run/sweep-node.js";
import { inventedSweep } from "./invented-sweep.js";

const sweep = inventedSweep();
const drawn = sweep.records.filter(({ best }) => best !== null);
const documentOf = (result: SweepResult) => parseHTML(sweepPage(result)).document;
type Document = ReturnType<typeof documentOf>;

const figureOf = (document: Document, title: string) =>
  [...document.querySelectorAll("figure")].find(
    (figure) => figure.querySelector("h3")!.textContent === title,
  )!;

/** Where marks stand, from left to right and from top to bottom. */
const placesOf = (figure: ReturnType<typeof figureOf>, selector: string): [number, number][] =>
  [...figure.querySelectorAll(selector)].map((mark) => {
    const [, x, y] = /translate\(([^,]+),([^)]+)\)/.exec(mark.getAttribute("transform") ?? "") ?? [];
    return [Number(mark.getAttribute("cx") ?? x), Number(mark.getAttribute("cy") ?? y)];
  });

test("the page says which setting is best, and has every run", () => {
  const document = documentOf(sweep);
  const best = sweep.records
    .filter(({ status }) => status === "done")
    .sort((a, b) => a.objectives.at(-1)! - b.objectives.at(-1)!)
    .at(-1)!;
  expect(document.querySelector(".answer")!.textContent).toContain(`Run ${best.number} is the best`);
  expect(document.querySelector("header pre")!.textContent).toContain(
    `--learning-rate ${best.options.learningRate} --epochs ${best.options.epochs} `,
  );
  const rows = [...document.querySelectorAll("#runs tbody tr")].map((row) =>
    [...row.querySelectorAll("th, td")].map((cell) => cell.textContent),
  );
  expect(rows).toHaveLength(sweep.records.length);
  expect(rows[0]!.slice(0, 2)).toEqual([String(best.number), String(best.options.learningRate)]);
  expect(rows[0]!.at(-1)).toBe("best");
  const stopped = sweep.records.filter(({ status }) => status === "stopped");
  expect(rows.filter((row) => row.at(-1) === "stopped after epoch 1")).toHaveLength(stopped.length);
  expect(stopped.length).toBeGreaterThan(0);
  expect(document.querySelector("#runs")!.textContent).toContain(
    "Run 6 failed: The loss was no number after step 3 <of> 100.",
  );
  const links = [...document.querySelectorAll("#runs tbody a")].map((link) => link.getAttribute("href"));
  expect(links.sort()).toEqual(
    sweep.records.flatMap(({ folder }) => (folder === undefined ? [] : [`${folder}/report.html`])),
  );
  expect(document.querySelectorAll("script, img, iframe, object, embed, form, base")).toHaveLength(0);
});

test("each setting that was varied has a plot of all runs, stopped ones marked", () => {
  const document = documentOf(sweep);
  expect([...document.querySelectorAll("figure h3")].map(({ textContent }) => textContent)).toEqual([
    "Every run",
    "learning-rate",
    "epochs",
    "head",
    "warmup",
  ]);
  const done = drawn.filter(({ status }) => status === "done");
  for (const figure of document.querySelectorAll("figure")) {
    const svg = figure.querySelector("svg")!;
    expect(svg.querySelectorAll("circle")).toHaveLength(done.length + 1); // and the ring
    expect(svg.querySelectorAll("path[transform]").length).toBeGreaterThanOrEqual(drawn.length - done.length);
    expect(figure.querySelectorAll("tbody tr")).toHaveLength(sweep.records.length);
    expect(figure.querySelector(".note")!.textContent).toContain("Not drawn, since no epoch ended: run 6.");
  }
  // By the logarithm: equal factors are equal ways.
  const xs = placesOf(figureOf(document, "learning-rate"), "svg circle").map(([x]) => x);
  const logs = done.map(({ options }) => Math.log(Number(options.learningRate)));
  const slopes = logs.slice(1).map((log, i) => (xs[i + 1]! - xs[i]!) / (log - logs[i]!));
  for (const slope of slopes) expect(slope / slopes[0]!).toBeCloseTo(1, 1);
  // Less loss is lower on the page, where the numbers are larger.
  const byRun = placesOf(figureOf(document, "Every run"), "svg circle");
  const lowest = byRun.slice(0, done.length).reduce((a, b) => (b[1] > a[1] ? b : a));
  const ring = byRun.at(-1)!;
  expect(ring).toEqual(lowest);
});

test("a sweep on its way, without a model, or of one setting has a page, too", () => {
  const records = sweep.records.slice(0, 4);
  const some = { ...sweep, records, best: bestOf(records) };
  expect(documentOf(some).querySelector(".notice")!.textContent).toBe("So far 4 of 18 settings were tried.");
  expect(documentOf(sweep).querySelector(".notice")).toBeNull();
  const failed = sweep.records.filter(({ status }) => status === "failed");
  const none = documentOf({ ...sweep, records: failed, trials: 1, best: undefined });
  expect(none.querySelector(".answer")!.textContent).toContain("there is no model");
  expect(none.querySelectorAll("figure")).toHaveLength(0);
  const one = documentOf({ ...some, records: records.slice(0, 1), trials: 1, best: records[0] });
  expect(one.querySelectorAll("figure")).toHaveLength(1);
  const accuracy = documentOf(inventedSweep(6, "accuracy"));
  expect(accuracy.querySelector("#runs")!.textContent).toContain("more is better");
});

test("the text names the page", () => {
  expect(sweepReport(sweep)).toContain("Plots of all settings: models/a sweep/sweep.html.");
});
