import { expect, test } from "vitest";
import { checkGates, type GateFlags, readGates } from "../../../src/run/gates.js";
import { measure } from "../../../src/run/metrics.js";
import { multiLabel } from "../../../src/run/multi-label.js";

const labels = ["ham", "spam", "v1.2"];
const single = { labels, problem: "single_label" as const };
/** Eight of ten are right; 3 of 4 spam texts are found; nothing is v1.2. */
const metrics = measure(
  [0, 0, 0, 0, 0, 0, 1, 1, 1, 1],
  [0, 0, 0, 0, 0, 1, 1, 1, 1, 0].map((id) => [0, 1, 2].map((other) => (other === id ? 0.8 : 0.1))),
);
const check = (flags: GateFlags) => checkGates(readGates(flags, single), ({ of }) => of(metrics));

test("a number at its limit passes, one beyond it doesn't", () => {
  expect(check({ failUnder: ["accuracy=0.8", "spam.recall=0.75", "spam.precision=0.75"] })).toMatchObject([
    { name: "accuracy", expected: "accuracy is at least 0.8", found: 0.8, passed: true },
    { name: "spam.recall", found: 0.75, passed: true },
    { name: "spam.precision", found: 0.75, passed: true },
  ]);
  expect(check({ failUnder: ["accuracy=0.81", "spam.recall=0.76"] }).map(({ passed }) => passed)).toEqual([
    false,
    false,
  ]);
  expect(check({ failOver: [`log-loss=${metrics.logLoss}`, "brier=0.01"] })).toMatchObject([
    { passed: true },
    { expected: "brier is at most 0.01", passed: false },
  ]);
});

test("a difference that is the limit but for rounding passes", () => {
  expect(0.98 - 0.99).toBeLessThan(-0.01);
  const gates = readGates({ failUnder: ["accuracy=-0.01"] }, single);
  expect(checkGates(gates, () => 0.98 - 0.99)[0]!.passed).toBe(true);
  expect(checkGates(gates, () => -0.0101)[0]!.passed).toBe(false);
});

test("labels may have dots and equals signs", () => {
  const odd = { labels: ["a=1", "v1.2", "x.recall"], problem: "single_label" as const };
  const names = ["a=1.recall=0.5", "v1.2.f1=0.25", "x.recall.precision = 1e-1"];
  expect(readGates({ failUnder: names }, odd).map(({ name, limit }) => [name, limit])).toEqual([
    ["a=1.recall", 0.5],
    ["v1.2.f1", 0.25],
    ["x.recall.precision", 0.1],
  ]);
});

test("what these texts can't tell never passes", () => {
  const [gate] = check({ failUnder: ["v1.2.recall=0"] });
  expect(gate).toMatchObject({ found: Number.NaN, passed: false });
});

test.each<[string, GateFlags, RegExp, RegExp]>([
  [
    "an unknown name",
    { failUnder: ["spam.recal=0.9"] },
    /no number has the name "spam.recal"\. There are accuracy, .*mcc.*ham\.precision/,
    /spam\.recall/,
  ],
  [
    "a percentage",
    { failUnder: ["accuracy=95"] },
    /accuracy is never above 1, so this would fail every model/,
    /Did you mean accuracy=0\.95, which is 95 %\?/,
  ],
  ["no number", { failUnder: ["accuracy=much"] }, /--fail-under accuracy=much isn't a name/, /accuracy=0\.9/],
  ["no value", { failUnder: ["accuracy="] }, /isn't a name and a number/, /accuracy=0\.9/],
  ["no name", { failOver: ["0.3"] }, /--fail-over 0\.3 isn't a name/, /log-loss=0\.3/],
  [
    "the wrong side",
    { failUnder: ["log-loss=0.3"] },
    /a lower log-loss is better/,
    /--fail-over log-loss=0\.3/,
  ],
  ["the other", { failOver: ["accuracy=0.9"] }, /a higher accuracy is better/, /--fail-under accuracy=0\.9/],
])("%s is an error that says what to write", (_name, flags, message, fix) => {
  const error = (() => {
    try {
      check(flags);
    } catch (thrown) {
      return thrown as { code: string; message: string; fix: string };
    }
    throw new Error("nothing was thrown");
  })();
  expect(error.code).toBe("option-invalid");
  expect(error.message).toMatch(message);
  expect(error.fix).toMatch(fix);
});

test("several labels a text have numbers of their own", () => {
  const known = { labels: ["a", "b"], problem: "multi_label" as const };
  const measured = multiLabel.measure(
    [[0], [0, 1], []],
    [
      [0.9, 0.1],
      [0.8, 0.3],
      [0.2, 0.6],
    ],
  );
  const gates = readGates({ failUnder: ["samples-f1=0.5", "a.f1=1"], failOver: ["hamming-loss=0.3"] }, known);
  // texts: all right; one of two found: F1 2/3; wrongly given: 0. Two of six answers are wrong.
  expect(checkGates(gates, ({ of }) => of(measured))).toMatchObject([
    { found: expect.closeTo((1 + 2 / 3 + 0) / 3, 12), passed: true },
    { found: 1, passed: true },
    { name: "hamming-loss", found: expect.closeTo(1 / 3, 12), passed: false },
  ]);
  expect(() => readGates({ failOver: ["hamming-loss=0.3"] }, single)).toThrow(/hamming-loss/);
});
