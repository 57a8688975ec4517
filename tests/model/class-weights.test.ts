import { expect, test } from "vitest";
import { balancedWeights, parseClassWeights } from "../../src/model/class-weights.js";
import { expectClose, singleLabelCases } from "../support/sklearn.js";

test.each(singleLabelCases)("balanced weights of $name agree with scikit-learn", (example) => {
  const counts = example.classes.map((label) => example.y_true.filter((y) => y === label).length);
  expectClose(balancedWeights(counts), example.class_weight_balanced, "class weights");
});

test("the tutorial's weights, to its 8 digits", () => {
  expect(balancedWeights([3377, 523]).map((weight) => weight.toFixed(8))).toEqual([
    "0.57743559",
    "3.72848948",
  ]);
});

const labels = ["ham", "spam", "a, b", "x=y"];
const balanced = () => [5, 6, 7, 8];

test("a text gives the weights by labelId, 1 where it names none", () => {
  expect(parseClassWeights("none", labels, balanced)).toEqual([1, 1, 1, 1]);
  expect(parseClassWeights("balanced", labels, balanced)).toEqual([5, 6, 7, 8]);
  expect(parseClassWeights("spam=3.5", labels, balanced)).toEqual([1, 3.5, 1, 1]);
  expect(parseClassWeights("spam=3.5, ham = 5e-1,", labels, balanced)).toEqual([0.5, 3.5, 1, 1]);
  expect(parseClassWeights("a, b=2,x=y=3", labels, balanced)).toEqual([1, 1, 2, 3]);
});

test.each([
  ["spma=2", "label-unknown", /"spma"; the labels are ham, spam/, /spam=2/],
  ["spam=0", "option-invalid", /"spam" the weight "0"/, /positive/],
  ["spam=-1", "option-invalid", /weight "-1"/, /positive/],
  ["spam=", "option-invalid", /weight ""/, /positive/],
  ["spam=much", "option-invalid", /weight "much"/, /positive/],
  ["spam=Infinity", "option-invalid", /weight "Infinity"/, /positive/],
  ["spam=1,spam=2", "option-invalid", /"spam" twice/, /positive/],
  ["balance", "option-invalid", /can't be read: "balance"/, /balanced, none/],
  ["", "option-invalid", /can't be read/, /balanced, none/],
  ["spam=1,ham", "option-invalid", /can't be read/, /balanced, none/],
])("%j is refused", (text, code, message, fix) => {
  expect(() => parseClassWeights(text, labels, balanced)).toThrowError(
    expect.objectContaining({
      code,
      message: expect.stringMatching(message),
      fix: expect.stringMatching(fix),
    }),
  );
});

test("a label without training texts can't be balanced", () => {
  expect(() => balancedWeights([3, 0], ["ham", "spam"])).toThrowError(
    expect.objectContaining({ code: "data-invalid", message: expect.stringMatching(/"spam"/) }),
  );
});
