import fc from "fast-check";
import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { labelCurves, type Point, reliability, thinned, uncalibrated } from "../../src/report/html/curves.js";
import { escaped, html, shortened } from "../../src/report/html/markup.js";
import { trainingPage } from "../../src/report/html/training-page.js";
import { trainingMarkdown } from "../../src/report/markdown-report.js";
import { mistakesOf } from "../../src/report/mistakes.js";
import type { TrainResult } from "../../src/run/events.js";
import { averagePrecision, precisionRecallCurve, rocAuc } from "../../src/run/metrics/ranking.js";
import {
  binary,
  type Invented,
  imbalanced,
  inventedJudged,
  inventedResult,
  multiLabel,
  unruly,
} from "./invented-results.js";

const documentOf = (invented: Invented, change: Partial<TrainResult> = {}) =>
  parseHTML(trainingPage({ ...inventedResult(invented), ...change })).document;

test("a text stays a text, whatever stands in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const { document } = parseHTML(
        `<!doctype html><html><body>${html`<p title="${text}">${text}</p>`.text}</body></html>`,
      );
      expect(document.body.children).toHaveLength(1);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what HTML doesn't allow
      const visible = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "\ufffd");
      expect(document.querySelector("p")!.textContent).toBe(visible);
    }),
  );
  expect(escaped(`<a href="x" b='y'>&`)).toBe("&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
});

test("a long text is cut between characters, families of emoji included", () => {
  expect(shortened("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 3)).toBe("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦");
  expect(shortened("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 2)).toBe("👩‍👩‍👧‍👦…");
  expect(shortened("  two\nlines ", 20)).toBe("two lines");
});

test.each([
  ["unruly", unruly],
  ["binary", binary],
  ["multi-label", multiLabel],
])("the page of %s data has no script and names no address", (_name, invented) => {
  const page = trainingPage(inventedResult(invented));
  const { document } = parseHTML(page);
  expect(document.querySelectorAll("script, img, iframe, object, embed, form, base")).toHaveLength(0);
  expect([...document.querySelectorAll("link")].map((link) => link.getAttribute("href"))).toEqual(["data:,"]);
  const addresses = [...document.querySelectorAll("*")].flatMap((element) =>
    [...element.attributes].filter(
      ({ name, value }) => name.startsWith("on") || /^\s*(?:https?:)?\/\//i.test(value),
    ),
  );
  expect(addresses.map(({ name, value }) => `${name}=${value}`)).toEqual([]);
  expect(page).not.toMatch(/url\(|@import/);
  expect(
    document.querySelector('meta[http-equiv="Content-Security-Policy"]')!.getAttribute("content"),
  ).toContain("default-src 'none'");
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test("the page says what the numbers say", () => {
  const result = inventedResult(binary);
  const { judged, metrics } = result.test;
  const document = documentOf(binary);
  const right = judged.length - mistakesOf(judged).length;
  expect(document.querySelector(".answer")!.textContent).toContain(`${right} of ${judged.length} test texts`);
  const cells = [...document.querySelectorAll(".matrix td.number")].map(({ textContent }) =>
    Number(textContent),
  );
  expect(cells).toEqual("samples" in metrics ? [] : metrics.confusion.flat());
  const texts = [...document.querySelectorAll(".mistakes blockquote")].map(({ textContent }) => textContent);
  expect(texts).toEqual(
    mistakesOf(judged)
      .slice(0, 24)
      .map(({ text }) => text),
  );
  expect(document.querySelectorAll("figure svg[role=img]")).toHaveLength(7);
  expect(document.querySelectorAll("figure details table")).toHaveLength(7);
  expect([...document.querySelectorAll(".notice")].map(({ textContent }) => textContent)).toEqual([
    expect.stringContaining("4 of the 836 test texts"),
  ]);
});

test("what stopped a training, or would help it, stands at the top", () => {
  const told = (change: Partial<TrainResult>) =>
    [...documentOf(binary, change).querySelectorAll("header .notice")]
      .map(({ textContent }) => textContent)
      .join(" ");
  expect(told({ stillFalling: true, bestEpoch: 4 })).toContain("train longer (--epochs 8)");
  expect(told({ stopped: "cancelled" })).toContain("Stopped after 4 epochs");
  expect(told({})).not.toContain("epoch");
});

test("a training that collapsed is told above the answer, in the words of the command line", () => {
  const collapsed =
    "The training has collapsed: every validation text gets the same answer (ham). Try <this> or --learning-rate 0.1.";
  const result = { ...inventedResult(binary), collapsed };
  const { document } = parseHTML(trainingPage(result));
  const header = [...document.querySelector("header")!.children].map(({ textContent }) => textContent);
  const at = header.indexOf(collapsed);
  expect(at).toBe(1); // below the title
  const notice = document.querySelector("header")!.children[at]!;
  expect(notice.className).toBe("notice");
  expect(notice.querySelector("code")!.textContent).toBe("--learning-rate");
  expect(header.filter((text) => text.includes("has collapsed"))).toHaveLength(1);
  expect(document.querySelector("#training")!.textContent).toContain(collapsed);
  expect(trainingMarkdown(result)).toContain("The training has collapsed: every validation text");
  expect(trainingMarkdown(inventedResult(binary))).not.toContain("collapsed");
});

test("pages of other courses of a training can be made, too", () => {
  const none = documentOf(imbalanced, { epochs: [], bestEpoch: 0, stopped: "cancelled", steps: [] });
  expect(none.querySelectorAll("figure")).toHaveLength(4);
  const result = inventedResult(binary);
  const one = documentOf(binary, {
    epochs: result.epochs.slice(0, 1),
    bestEpoch: 1,
    steps: result.steps.slice(0, 1),
  });
  expect(one.querySelectorAll("figure")).toHaveLength(6);
  const perfect = documentOf({ ...binary, knowledge: 60 });
  expect(perfect.querySelector("#mistakes")!.textContent).toContain("None: every text got its label.");
});

test("curves have the ends, areas and outcomes of the metrics", () => {
  const judged = inventedJudged(imbalanced, random(3));
  for (const labelId of imbalanced.labels.keys()) {
    const curves = labelCurves(judged, labelId)!;
    const truth = judged.map(({ labelIds }) => (labelIds[0] === labelId ? 1 : 0));
    const scores = judged.map(({ probabilities }) => probabilities[labelId]!);
    expect(curves.rocAuc).toBe(rocAuc(truth, scores));
    expect(curves.averagePrecision).toBe(averagePrecision(truth, scores));
    expect([curves.roc[0], curves.roc.at(-1)]).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(curves.precisionRecall[0]).toEqual([0, 1]);
    expect(curves.precisionRecall.at(-1)![0]).toBe(1);
    const { thresholds, precision, recall } = precisionRecallCurve(truth, scores);
    for (const i of [0, 5, Math.floor(thresholds.length / 2), thresholds.length - 1]) {
      expect(curves.at(thresholds[i]!)).toMatchObject({ precision: precision[i], recall: recall[i] });
    }
  }
  const same = judged.map((answer) => ({ ...answer, labelIds: [0] }));
  expect(labelCurves(same, 0)).toBeUndefined();
  expect(labelCurves(same, 1)).toBeUndefined();
});

test("a thinned curve stays within a pixel of all its points, and large test sets give small pages", () => {
  const steps = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { minLength: 1, maxLength: 3000 });
  fc.assert(
    fc.property(steps, (moves) => {
      const sum = moves.reduce<Point>(([x, y], [a, b]) => [x + a, y + b], [0, 0]);
      let [x, y] = [0, 0];
      const points = moves.map(([a, b]): Point => {
        x += a / Math.max(1, sum[0]);
        y += b / Math.max(1, sum[1]);
        return [x, y];
      });
      const kept = thinned(points, 0.01);
      expect(kept[0]).toBe(points[0]);
      expect(kept.at(-1)).toBe(points.at(-1));
      expect(kept.length).toBeLessThanOrEqual(2 / 0.01 + 2);
      for (const [a, b] of points) {
        const near = kept.some(([c, d]) => Math.abs(a - c) + Math.abs(b - d) < 0.01);
        expect(near).toBe(true);
      }
    }),
  );
  const result = inventedResult(binary);
  const judged = inventedJudged({ ...binary, support: [26_000, 4_000] }, random(1));
  const large = trainingPage({ ...result, test: { ...result.test, judged } });
  expect(large.length).toBeLessThan(300_000);
});

test("bins of reliability give the expected calibration error", () => {
  const { judged, metrics } = inventedResult(imbalanced).test;
  const bins = reliability(judged, "single_label");
  const gaps = bins.map(
    ({ answers, meanProbability, rightShare }) => answers * Math.abs(meanProbability - rightShare),
  );
  expect("samples" in metrics ? Number.NaN : metrics.calibrationError).toBeCloseTo(
    gaps.reduce((a, b) => a + b, 0) / judged.length,
    12,
  );
  const several = inventedResult(multiLabel).test.judged;
  const answers = reliability(several, "multi_label").reduce((sum, bin) => sum + bin.answers, 0);
  expect(answers).toBe(several.length * multiLabel.labels.length);
});

test("every number has its interval on the page, as in the text report", () => {
  const result = inventedResult(imbalanced);
  const { document } = parseHTML(trainingPage(result));
  const rows = [...document.querySelectorAll("#intervals tr")].map((row) =>
    [...row.querySelectorAll("th, td")].map((cell) => cell.textContent!.trim()),
  );
  const { low, high } = result.test.intervals.overall["macro-f1"]!;
  expect(rows).toContainEqual([
    "macro F1",
    result.test.metrics.macro.f1.toFixed(3),
    `${low.toFixed(3)} to ${high.toFixed(3)}`,
  ]);
  for (const label of imbalanced.labels) expect(rows.map(([name]) => name)).toContain(label);
  expect(document.querySelector("#intervals")!.textContent).toContain("of 100 such intervals about 95");
});

test("probabilities without a temperature are those of the logits", () => {
  const logits = [
    [2, -1, 0.5],
    [-3, 4, 0],
  ];
  const softmax = (row: readonly number[]) => {
    const powers = row.map(Math.exp);
    return powers.map((power) => power / powers.reduce((a, b) => a + b, 0));
  };
  const sigmoid = (row: readonly number[]) => row.map((x) => 1 / (1 + Math.exp(-x)));
  for (const [problem, probabilities] of [
    ["single_label", softmax],
    ["multi_label", sigmoid],
  ] as const) {
    const judged = logits.map((row) => ({
      ...{ text: "", row: 1, labelIds: [0], predictedIds: [0] },
      probabilities: probabilities(row.map((x) => x / 1.7)),
    }));
    for (const [i, { probabilities: before }] of uncalibrated(judged, 1.7, problem).entries())
      for (const [id, p] of before.entries()) expect(p).toBeCloseTo(probabilities(logits[i]!)[id]!, 12);
  }
});

test("a calibrated model is shown beside what it was before", () => {
  const result = inventedResult(binary);
  const scores = { logLoss: 0.1, calibrationError: 0.1 };
  const calibration = { temperature: 1.5, before: scores, after: scores };
  const { document } = parseHTML(
    trainingPage({
      ...result,
      decision: { ...result.decision, calibration },
      test: { ...result.test, calibration: { before: scores, after: scores } },
    }),
  );
  const [figure] = [...document.querySelectorAll("figure")].filter(({ textContent }) =>
    textContent.includes("Logits are divided by 1.500"),
  );
  expect([...figure!.querySelectorAll(".legend li")].map(({ textContent }) => textContent.trim())).toEqual([
    "calibrated",
    "before",
  ]);
  expect(figure!.textContent).toContain("before 90–100 %");
});

test("the grey line of losses is called smoothed only where it is", () => {
  const { steps } = inventedResult(binary);
  const page = (change: Partial<TrainResult>) => documentOf(binary, change).body.textContent;
  expect(page({ steps })).toContain("The grey line is the training loss by step, smoothed.");
  expect(page({ steps: steps.slice(0, 18) })).toContain("The grey line is the training loss by step.");
});
