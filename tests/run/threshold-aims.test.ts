import { describe, expect, test } from "vitest";
import { overridden } from "../../src/run/override-decision.js";
import { aimText, parseThresholds, type ThresholdAims } from "../../src/run/threshold-aims.js";
import { parseUnknown, requireNameForUnknown } from "../../src/run/unknown-aim.js";

const single = { labels: ["ham", "spam"], problem: "single_label" } as const;
const several = { labels: ["art", "sport", "war"], problem: "multi_label" } as const;

test.each<[string, typeof single | typeof several, ThresholdAims]>([
  ["none", single, { kind: "usual" }],
  ["f1", single, { kind: "macro-f1" }],
  ["spam: f1", single, { kind: "labels", aims: [null, { kind: "f1" }] }],
  ["spam:precision >= 0.95", single, { kind: "labels", aims: [null, { kind: "precision", atLeast: 0.95 }] }],
  [
    "ham: recall>=0.999; spam: 0.3",
    single,
    {
      kind: "labels",
      aims: [
        { kind: "recall", atLeast: 0.999 },
        { kind: "fixed", threshold: 0.3 },
      ],
    },
  ],
  [
    "spam: missed=1, wrong=50",
    single,
    { kind: "labels", aims: [null, { kind: "costs", missed: 1, wrong: 50 }] },
  ],
  ["spam: wrong=50", single, { kind: "labels", aims: [null, { kind: "costs", missed: 1, wrong: 50 }] }],
  [
    "ham>spam=50, spam>ham=2",
    single,
    {
      kind: "costs",
      costs: [
        [0, 50],
        [2, 0],
      ],
    },
  ],
  [
    "ham>spam=50",
    single,
    {
      kind: "costs",
      costs: [
        [0, 50],
        [1, 0],
      ],
    },
  ],
  ["f1", several, { kind: "labels", aims: [{ kind: "f1" }, { kind: "f1" }, { kind: "f1" }] }],
  [
    "precision>=0.9; war: 0.2",
    several,
    {
      kind: "labels",
      aims: [
        { kind: "precision", atLeast: 0.9 },
        { kind: "precision", atLeast: 0.9 },
        { kind: "fixed", threshold: 0.2 },
      ],
    },
  ],
])("%s of %j is understood", (text, facts, aims) => {
  expect(parseThresholds(text, facts)).toEqual(aims);
});

test("labels may hold the signs of the language", () => {
  const labels = ["a>b", "c: d", "e=f"];
  expect(parseThresholds("a>b>c: d=5, e=f>a>b=0", { labels, problem: "single_label" })).toEqual({
    kind: "costs",
    costs: [
      [0, 5, 1],
      [1, 0, 1],
      [0, 1, 0],
    ],
  });
  expect(parseThresholds("c: d: f1", { labels, problem: "single_label" })).toEqual({
    kind: "labels",
    aims: [null, { kind: "f1" }, null],
  });
});

test("an aim is written as it is read", () => {
  for (const text of ["f1", "precision>=0.95", "recall>=0.5", "missed=1, wrong=50", "0.25"]) {
    const { aims } = parseThresholds(`spam: ${text}`, single) as ThresholdAims & { kind: "labels" };
    expect(aimText(aims[1]!)).toBe(text);
  }
});

test.each([
  ["spam", single, "option-invalid", /can't be read: "spam"/],
  ["spma: f1", single, "label-unknown", /names the label "spma"; the labels are ham, spam/],
  ["precision>=0.9", single, "option-invalid", /names no label/],
  ["0.9", single, "option-invalid", /names no label/],
  ["spam: f1; spam: 0.3", single, "option-invalid", /names the label "spam" twice/],
  ["spam: precision>=95", single, "option-invalid", /above 0 and at most 1/],
  ["spam: 1.5", single, "option-invalid", /between 0 and 1/],
  ["spam: precision", single, "option-invalid", /can't be read/],
  ["ham>eggs=3", single, "label-unknown", /names the label "eggs"/],
  ["ham>spam=-3", single, "option-invalid", /cost "-3"/],
  ["ham>ham=3", single, "option-invalid", /no error/],
  ["art>war=3", several, "option-invalid", /can't be read/],
  ["f1; 0.3", several, "option-invalid", /twice what holds for all/],
])("%s is refused", (text, facts, code, message) => {
  expect(() => parseThresholds(text, facts)).toThrowError(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});

test("the advice for an unknown label is one that a trained model takes, too", () => {
  expect(() => parseThresholds("spma: 0.3", single)).toThrowError(
    expect.objectContaining({ fix: 'Write it as in the data, for example "spam: 0.8".' }),
  );
});

describe("unknown below", () => {
  test("is never, a probability, or a share of wrong answers", () => {
    expect(parseUnknown("none")).toEqual({ kind: "never" });
    expect(parseUnknown("0")).toEqual({ kind: "never" });
    expect(parseUnknown("0.7")).toEqual({ kind: "below", probability: 0.7 });
    expect(parseUnknown("wrong <= 0.01")).toEqual({ kind: "wrong", mostWrong: 0.01 });
    for (const bad of ["1.5", "-1", "often", "wrong<=2", "wrong<0.1"])
      expect(() => parseUnknown(bad)).toThrowError(/--unknown-below is/);
  });

  test("is refused where a label has that name", () => {
    expect(() => requireNameForUnknown(["known", "unknown"], parseUnknown("0.7"))).toThrowError(
      /A label is called/,
    );
    expect(() => requireNameForUnknown(["known", "unknown"], parseUnknown("none"))).not.toThrow();
  });
});

describe("what is said when a model is loaded", () => {
  const saved = { thresholds: [null, 0.9], unknownBelow: 0.6 };

  test("wins over what was chosen in training, each by itself", () => {
    expect(overridden(saved, {}, single)).toEqual(saved);
    expect(overridden(saved, { threshold: "none" }, single)).toEqual({ unknownBelow: 0.6 });
    expect(overridden(saved, { threshold: "ham: 0.3" }, single)).toEqual({
      thresholds: [0.3, null],
      unknownBelow: 0.6,
    });
    expect(overridden(saved, { unknownBelow: "none" }, single)).toEqual({ thresholds: [null, 0.9] });
    expect(overridden(saved, { unknownBelow: 0.8, threshold: "ham>spam=9" }, single)).toEqual({
      costs: [
        [0, 9],
        [1, 0],
      ],
      unknownBelow: 0.8,
    });
    expect(overridden({}, { threshold: "0.3" }, several)).toEqual({ thresholds: [0.3, 0.3, 0.3] });
  });

  test("can be no aim that takes labelled texts", () => {
    for (const given of [
      { threshold: "f1" },
      { threshold: "spam: precision>=0.9" },
      { unknownBelow: "wrong<=0.1" },
    ])
      expect(() => overridden({}, given, single)).toThrowError(/validation rows, which only train has/);
  });
});
