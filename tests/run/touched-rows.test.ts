import { expect, test } from "vitest";
import { TouchedRows } from "../../src/run/touched-rows.js";

/** Bytes that ranges cover, one by one; each at most once and upwards. */
function bytesOf(ranges: readonly number[]): Set<number> {
  const bytes: number[] = [];
  for (let i = 0; i < ranges.length; i += 2)
    for (let byte = ranges[i]!; byte < ranges[i + 1]!; byte++) bytes.push(byte);
  expect(bytes).toEqual([...new Set(bytes)].sort((a, b) => a - b));
  return new Set(bytes);
}

/** A gap of at most so many bytes between lines is passed over with them. */
const GAP = 8192;

test.each([1, 5, 16, 24])("rows of width %i lie in the ranges, on whole lines", (width) => {
  const [offset, rows] = [128, 2000];
  const bytes = offset + rows * width * 4 + 640;
  const table = new TouchedRows(offset, [rows, width]);
  const isRest = (byte: number) => byte < offset || byte >= Math.ceil((offset + rows * width * 4) / 64) * 64;
  const linesOf = (touched: readonly number[]) => {
    const lines = touched
      .flatMap((row) => {
        const [first, last] = [offset + row * width * 4, offset + (row + 1) * width * 4 - 1];
        return [Math.floor(first / 64), Math.floor(last / 64)];
      })
      .sort((a, b) => a - b);
    const covered = new Set(lines);
    for (const [i, line] of lines.entries()) {
      const next = lines[i + 1] ?? line;
      if (64 * (next - line - 1) <= GAP)
        for (let between = line; between < next; between++) covered.add(between);
    }
    return covered;
  };
  const expected = (touched: readonly number[]) => {
    const lines = linesOf(touched);
    return new Set(Array.from({ length: bytes }, (_, i) => i).filter((i) => isRest(i) || lines.has(i >> 6)));
  };

  expect(bytesOf(table.soFar(bytes))).toEqual(expected([]));
  table.add(Int32Array.of(1900, 3, 4, 3));
  expect(bytesOf(table.inStep(bytes))).toEqual(expected([3, 4, 1900]));
  expect(table.next().sort()).toEqual([1900, 3, 4].sort());
  table.add(Int32Array.of(0, 3));
  expect(bytesOf(table.inStep(bytes))).toEqual(expected([0, 3]));
  expect(bytesOf(table.soFar(bytes))).toEqual(expected([0, 3, 4, 1900]));
});
