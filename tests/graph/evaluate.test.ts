import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import type { Op } from "../../src/graph/graph.js";
import { erf } from "../support/erf.js";
import { evaluations } from "../support/evaluate.js";
import { cases } from "./cases.js";

test("every op has an evaluation, and a case for its gradient and its ONNX form", async () => {
  const folder = new URL("../../src/graph/", import.meta.url);
  const names: string[] = [];
  for (const file of readdirSync(folder).filter((name) => /^ops-.*\.ts$/.test(name))) {
    const exported: Record<string, unknown> = await import(new URL(file, folder).href);
    names.push(
      ...Object.values(exported)
        .filter(isOp)
        .map((op) => op.name),
    );
  }
  expect(names).toContain("MatMul");
  expect(new Set(names).size, "two ops have one name").toBe(names.length);
  expect(missing(names, [...Object.keys(evaluations), "Input"]), "no evaluation").toEqual([]);
  expect(
    missing(
      names,
      cases.map(({ op }) => op),
    ),
    "no case",
  ).toEqual([]);
});

// Values to 16 digits from https://dlmf.nist.gov/7.2 as other programs print them.
test.each([
  [0, 0],
  [0.1, 0.1124629160182849],
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [2, 0.9953222650189527],
  [2.5, 0.999593047982555],
  [3, 0.9999779095030014],
  [4.5, 0.9999999998033839],
  [Number.POSITIVE_INFINITY, 1],
])("erf %d is %d", (x, expected) => {
  expect(Math.abs(erf(x) - expected)).toBeLessThan(1e-15);
  expect(Math.abs(erf(-x) + expected)).toBeLessThan(1e-15);
});

const isOp = (x: unknown): x is Op => typeof x === "object" && x !== null && "infer" in x && "onnx" in x;
const missing = (names: readonly string[], found: readonly string[]): string[] =>
  names.filter((name) => !found.includes(name));
