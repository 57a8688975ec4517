import { expect, test } from "vitest";
import {
  classificationReport,
  classificationReportData,
  confusionMatrixText,
} from "../../src/report/text.js";
import { classificationMetrics, confusionMatrix } from "../../src/run/metrics/confusion.js";
import { multiLabelMetrics } from "../../src/run/metrics/multilabel.js";
import { expectClose, idsOf, multiLabelCases, namesOf, singleLabelCases } from "../support/sklearn.js";

const reports = [
  ...singleLabelCases.map((example) => ({
    example,
    labels: namesOf(example, example.labels),
    metrics: classificationMetrics(
      confusionMatrix(idsOf(example.y_true, example), idsOf(example.y_pred, example), example.labels.length),
    ),
  })),
  ...multiLabelCases.map((example) => ({
    example,
    labels: namesOf(example, [...example.y_true[0]!.keys()]),
    metrics: multiLabelMetrics(example.y_true, example.y_pred),
  })),
];

test.each(reports)("the report of $example.name is scikit-learn's to the byte", (report) => {
  expect(classificationReport(report.labels, report.metrics)).toBe(report.example.report_text);
});

test.each(reports)("the report's data of $example.name is scikit-learn's", (report) => {
  const data = classificationReportData(report.labels, report.metrics);
  expect(Object.keys(data)).toEqual(Object.keys(report.example.report));
  for (const [name, expected] of Object.entries(report.example.report)) {
    if (typeof expected === "number") expectClose(data[name], expected, name);
    else {
      expect(Object.keys(data[name]!)).toEqual(Object.keys(expected));
      expectClose(Object.values(data[name]!), Object.values(expected), name);
    }
  }
});

test.each([
  [1, "0.12"],
  [3, "0.38"],
  [5, "0.62"],
  [7, "0.88"],
  [4, "0.50"],
])("a recall of %d/8 is rounded to even as Python does: %s", (found, text) => {
  const metrics = classificationMetrics([
    [found, 8 - found],
    [0, 1],
  ]);
  expect(classificationReport(["a", "b"], metrics)).toContain(`           a       1.00      ${text} `);
});

test("names are aligned by code points, as Python counts", () => {
  const metrics = classificationMetrics([
    [1, 0],
    [0, 1],
  ]);
  const lines = classificationReport(["😀😀😀😀😀😀😀😀😀😀😀😀😀", "b"], metrics).split("\n");
  expect(lines[2]).toBe("😀😀😀😀😀😀😀😀😀😀😀😀😀       1.00      1.00      1.00         1");
  expect(lines[3]).toBe("            b       1.00      1.00      1.00         1");
});

test("a confusion matrix has true labels in lines and predicted ones in columns", () => {
  const confusion = [
    [720, 4],
    [9, 103],
  ];
  expect(confusionMatrixText(["ham", "spam"], confusion)).toBe(
    ["true \\ predicted  ham  spam", "             ham  720     4", "            spam    9   103", ""].join(
      "\n",
    ),
  );
});

test("columns go by number where their names would make too long a line", () => {
  const confusion = [
    [1000, 4],
    [9, 103],
  ];
  expect(confusionMatrixText(["complaint", "question"], confusion, 30)).toBe(
    ["true \\ predicted     1    2", "     complaint 1  1000    4", "      question 2     9  103", ""].join(
      "\n",
    ),
  );
});
