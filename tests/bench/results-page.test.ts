import { expect, test } from "vitest";
import { type Results, resultsPage } from "../../bench/results-page.js";

const results: Results = {
  date: "2026-01-02",
  machine: { cpu: "CPU", cores: 2, memoryGiB: 8, os: "OS" },
  versions: { node: "v20", torch: "2" },
  settings: { threads: 2, rounds: 5, quick: false, workloads: ["step"], lengths: "made up" },
  comparisons: [
    {
      workload: "step",
      name: "small",
      sides: {
        textgraft: { rounds: [], textsPerSecond: 300, peakBytes: 2 ** 30, flopsPerSecond: 75e9 },
        torch: { rounds: [], textsPerSecond: 99.96, peakBytes: 2 ** 31 },
      },
      ratios: { torch: 3.001 },
      othersCores: 0.05,
      failures: { hf: "hf failed: no memory" },
    },
  ],
  roofline: { textgraft: 100e9, torch: 150e9 },
  growth: [{ size: "batch", exponents: { textgraft: 0.987 }, points: { textgraft: [[8, 1]] } }],
};

const cellsOf = (page: string, start: string): string[] =>
  page
    .split("\n")
    .filter((line) => line.startsWith(`| ${start}`))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim())
        .join("; "),
    );

test("a page shows speeds, ratios, memory, shares of the roofline, exponents, and who failed", () => {
  const page = resultsPage(results);
  expect(cellsOf(page, "step ")).toEqual(["step; small; 300; 100.0; 3.00", "step; small; 1.00; 2.00"]);
  expect(cellsOf(page, "step,")).toEqual(["step, small; 75; 75 %"]);
  expect(cellsOf(page, "fastest")[1]).toMatch(/PyTorch; 150; 150 %$/);
  expect(cellsOf(page, "batch")).toEqual(["batch; 8; 0.99"]);
  expect(page).toContain("without Hugging Face: hf failed: no memory");
});

test("without a peer the page says so", () => {
  const { torch: _, ...alone } = results.comparisons[0]!.sides;
  const comparisons = [{ ...results.comparisons[0]!, sides: alone, ratios: {} }];
  const page = resultsPage({ ...results, comparisons });
  expect(page).toContain("Textgraft's own figures alone");
  expect(page).not.toContain("× PyTorch");
});

test("a page warns where other programs were busy", () => {
  const [first] = results.comparisons;
  expect(resultsPage(results)).not.toContain("Other programs");
  const page = resultsPage({ ...results, comparisons: [{ ...first!, othersCores: 1.24 }] });
  expect(page).toContain("aren't worth much:** step, small: 1.2.");
});
