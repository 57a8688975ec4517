import fc from "fast-check";
import { expect, test } from "vitest";
import { bind, type Dim, factors, product, sameShape, showShape } from "../../src/graph/dims.js";

test.each<[Dim[], Dim]>([
  [[], 1],
  [[2, 3, 4], 24],
  [["batch"], "batch"],
  [["sequence", "batch"], "batch*sequence"],
  [["batch", 3, "sequence", 4], "12*batch*sequence"],
  [["2*batch", "3*batch"], "6*batch*batch"],
  [["batch", 1], "batch"],
  [["batch", 0], 0],
])("the product of %j is %j", (dims, expected) => {
  expect(product(dims)).toBe(expected);
});

test("an axis is taken apart into its factor and its names", () => {
  expect(factors(6)).toEqual({ factor: 6, names: [] });
  expect(factors("batch")).toEqual({ factor: 1, names: ["batch"] });
  expect(factors("12*batch*sequence")).toEqual({ factor: 12, names: ["batch", "sequence"] });
});

test("binding gives a number once all names have sizes", () => {
  expect(bind(7, { batch: 2 })).toBe(7);
  expect(bind("4*batch*sequence", { batch: 2, sequence: 5 })).toBe(40);
  expect(bind("4*batch*sequence", { batch: 2 })).toBe("8*sequence");
  expect(bind("4*batch*sequence", { sequence: 5 })).toBe("20*batch");
  expect(bind("batch", {})).toBe("batch");
});

test("shapes are compared axis by axis and shown in brackets", () => {
  expect(sameShape([2, "batch"], [2, "batch"])).toBe(true);
  expect(sameShape([2, "batch"], ["batch", 2])).toBe(false);
  expect(sameShape([2], [2, 1])).toBe(false);
  expect(showShape(["batch", 3])).toBe("[batch, 3]");
  expect(showShape([])).toBe("[]");
});

const dims = fc.array(fc.oneof(fc.constantFrom("batch", "sequence", "labels"), fc.nat(6)), { maxLength: 6 });
const sizes = { batch: 3, sequence: 5, labels: 2 };

test("a product doesn't depend on order or grouping", () => {
  fc.assert(
    fc.property(dims, dims, (left, right) => {
      expect(product([...right, ...left])).toBe(product([...left, ...right]));
      expect(product([product(left), product(right)])).toBe(product([...left, ...right]));
    }),
  );
});

test("binding a product is the product of what is bound", () => {
  fc.assert(
    fc.property(dims, (shape) => {
      const numbers = shape.map((dim) => (typeof dim === "number" ? dim : sizes[dim]));
      expect(bind(product(shape), sizes)).toBe(numbers.reduce((whole, size) => whole * size, 1));
    }),
  );
});
