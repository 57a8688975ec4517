import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import wabt from "wabt";
import { random } from "../../src/base/random.js";
import { type AdamwSettings, adamw } from "../../src/model/adamw.js";
import { dropoutBit, dropoutKeys, dropoutThreshold } from "../../src/model/dropout-bits.js";
import { createArena } from "../../src/run/kernels/arena.js";
import { kernelsWasm } from "../../src/run/kernels/kernels-wasm.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("kernels-wasm.ts is what kernels.wat compiles to", async () => {
  const wat = await readFile(new URL("../../src/run/kernels/kernels.wat", import.meta.url), "utf8");
  const module = (await wabt()).parseWat("kernels.wat", wat, { simd: true });
  const wasm = Buffer.from(module.toBinary({}).buffer).toString("base64");
  expect(kernelsWasm, "run node scripts/build-kernels.mjs").toBe(wasm);
});

test("the sum of squares is that of float64 numbers, and the same every time", () => {
  const arena = createArena(1 << 20);
  const stream = random(1);
  const x = arena.float32(64, 100_000);
  for (let i = 0; i < x.length; i++) x[i] = stream.normal() * 10 ** stream.int(10);
  const expected = x.reduce((total, value) => total + value * value, 0);
  const result = arena.sumOfSquares(64, x.length);
  expect(Math.abs(result / expected - 1)).toBeLessThan(9 * 2 ** -24);
  expect(arena.sumOfSquares(64, x.length)).toBe(result);
});

test("the sum of squares takes whole fours and is 0 of nothing", () => {
  const arena = createArena(1024);
  arena.float32(64, 12).set([3e18, 1, 2, 3, 4, 5, 0, 0, 0, 100]);
  expect(arena.sumOfSquares(68, 5)).toBe(1 + 4 + 9 + 16 + 25);
  expect(arena.sumOfSquares(64, 0)).toBe(0);
});

test("the sum of squares counts each value once, for any count", () => {
  const arena = createArena(4096);
  for (let count = 4; count <= 300; count += 4) {
    arena
      .float32(64, 400)
      .fill(0)
      .set(Float32Array.from({ length: count }, (_, i) => (i % 13) + 1));
    const expected = arena.float32(64, count).reduce((total, value) => total + value * value, 0);
    expect(arena.sumOfSquares(64, count)).toBe(expected);
  }
});

test("add changes exactly count values", () => {
  const arena = createArena(4096);
  const [source, target] = [arena.float32(0, 64), arena.float32(1024, 64)];
  for (let count = 0; count <= 13; count++) {
    source.set(Float32Array.from(source, (_, i) => 0.1 * (i + 1)));
    target.set(Float32Array.from(target, (_, i) => 1 / (i + 1)));
    const expected = target.map((value, i) => (i < count ? value + source[i]! : value));
    arena.add(1024, 0, count);
    expect(target).toEqual(expected);
  }
});

const adamwSettings: AdamwSettings = {
  gradientScale: 0.37,
  learningRate: 5e-5,
  weightDecay: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  step: 1,
};

test("adamw equals the plain one bit for bit over 30 steps of values of all sizes", () => {
  const length = 4000;
  const stream = random(2);
  // From far below the smallest denormal (1e-45, so 0) to beyond the largest float32 (3e38, so infinite).
  const anySize = () => stream.normal() * 10 ** (stream.int(96) - 52);
  const { arena, state, gradients, offsets } = adamwArena(length);
  for (let i = 0; i < length; i++) {
    state.weights[i] = i % 4 === 0 ? anySize() : 0.05 * stream.normal();
    state.m[i] = i % 3 === 0 ? anySize() : 0;
    state.v[i] = i % 3 === 0 ? Math.abs(anySize()) : 0;
  }
  for (let step = 1; step <= 30; step++) {
    for (let i = 0; i < length; i++)
      gradients[i] = i % 5 === 0 ? anySize() : stream.normal() * 10 ** -(i % 9);
    const settings = { ...adamwSettings, step };
    const expected = adamw(state, gradients, settings);
    arena.adamw({ ...settings, ...offsets, bytes: 4 * length, touched: [0, 4 * length] });
    expect(differences(state.weights, expected.weights)).toBe(0);
    expect(differences(state.m, expected.m)).toBe(0);
    expect(differences(state.v, expected.v)).toBe(0);
  }
  // Most values must have stayed finite for this to say something.
  expect(state.weights.filter(Number.isFinite).length).toBeGreaterThan(length * 0.7);
});

test("adamw equals the plain one bit for bit for any floats and settings", () => {
  const { arena, state, gradients, offsets } = adamwArena(4);
  const four = fc.array(fc.float(), { minLength: 4, maxLength: 4 });
  const unit = fc.double({ min: 0, max: 0.9999, noNaN: true });
  const settings = fc.record({
    gradientScale: fc.double({ min: 0, max: 100, noNaN: true }),
    learningRate: unit,
    weightDecay: unit,
    beta1: unit,
    beta2: unit,
    epsilon: fc.double({ min: 1e-30, max: 1, noNaN: true }),
    step: fc.integer({ min: 1, max: 100_000 }),
  });
  fc.assert(
    fc.property(four, four, four, four, settings, (p, g, m, v, settings) => {
      state.weights.set(p);
      state.m.set(m);
      state.v.set(v);
      gradients.set(g);
      const expected = adamw(state, gradients, settings);
      arena.adamw({ ...settings, ...offsets, bytes: 16, touched: [0, 16] });
      const changed = (["weights", "m", "v"] as const).map((name) =>
        differences(state[name], expected[name]),
      );
      expect(changed).toEqual([0, 0, 0]);
    }),
    { numRuns: 3000 },
  );
});

test("adamw updates each value once, for any count", () => {
  const length = 128;
  const stream = random(5);
  const { arena, state, gradients, offsets } = adamwArena(length);
  for (let count = 0; count < length; count += 4) {
    for (const values of [gradients, state.weights, state.m])
      for (let i = 0; i < length; i++) values[i] = i < count ? stream.normal() : 0;
    for (let i = 0; i < length; i++) state.v[i] = i < count ? Math.abs(stream.normal()) : 0;
    const expected = adamw(state, gradients, adamwSettings);
    arena.adamw({ ...adamwSettings, ...offsets, bytes: 4 * count, touched: [0, 4 * count] });
    expect(differences(state.weights, expected.weights)).toBe(0);
    expect(differences(state.m, expected.m)).toBe(0);
    expect(differences(state.v, expected.v)).toBe(0);
  }
});

test("adamw only decays outside the touched ranges, to the same bits", () => {
  const length = 64 * 16;
  const stream = random(4);
  const { arena, state, gradients, offsets } = adamwArena(length);
  const touched = [0, 64, 640, 1024, 4032, 4096];
  const isTouched = (i: number) =>
    touched.some((_, r) => r % 2 === 0 && 4 * i >= touched[r]! && 4 * i < touched[r + 1]!);
  for (let i = 0; i < length; i++) state.weights[i] = i % 7 === 0 ? -0 : stream.normal();
  for (let step = 1; step <= 5; step++) {
    for (let i = 0; i < length; i++) gradients[i] = isTouched(i) ? stream.normal() : 0;
    const settings = { ...adamwSettings, weightDecay: step === 3 ? 0 : 0.01, step };
    const expected = adamw(state, gradients, settings);
    arena.adamw({ ...settings, ...offsets, bytes: 4 * length, touched });
    expect(differences(state.weights, expected.weights)).toBe(0);
    expect(differences(state.m, expected.m)).toBe(0);
    expect(differences(state.v, expected.v)).toBe(0);
  }
});

test("adamw leaves padding at zero and what follows it alone", () => {
  const { arena, state, offsets } = adamwArena(32);
  const values = [state.weights, state.m, state.v, arena.float32(offsets.gradients, 32)];
  for (const x of values) x.fill(7, 0, 2).fill(9, 16);
  arena.adamw({ ...adamwSettings, ...offsets, bytes: 8, touched: [0, 8] });
  for (const x of values) {
    expect(x[2]).toBe(0);
    expect(x[3]).toBe(0);
    expect(x.subarray(16).every((value) => value === 9)).toBe(true);
  }
  expect(state.weights[1]).not.toBe(7);
});

test.each([1, 5, 8, 18])("rows of width %i are added in order, the same row again and again", (width) => {
  const arena = createArena(65536);
  const stream = random(3);
  const [target, source] = [arena.float32(0, 10 * width), arena.float32(4096, 6 * width)];
  for (const x of [target, source]) x.set(Float32Array.from(x, () => stream.normal()));
  const rows = Int32Array.of(9, 2, 2, 0, 9, 2);
  const expected = target.slice();
  rows.forEach((row, i) => {
    for (let c = 0; c < width; c++) expected[row * width + c]! += source[i * width + c]!;
  });
  arena.scatterAddRows({ target: 0, source: 4096, rows, width });
  expect(target).toEqual(expected);

  arena.clearRows({ target: 0, rows, width });
  expect(target).toEqual(expected.map((value, i) => ([0, 2, 9].includes(Math.floor(i / width)) ? 0 : value)));
});

test("dropout masks hold the plain bits, in place and number, for any sizes", () => {
  const arena = createArena(65536);
  const size = fc.integer({ min: 0, max: 11 });
  const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(size, size, size, uint32, uint32, uint32, fc.nat(100), (blocks, rows, columns, ...rest) => {
      const [rowStride, columnStride, threshold, target] = rest;
      const keys = dropoutKeys(rowStride, columnStride, threshold, target);
      const count = blocks * rows * columns;
      const values = arena.float32(0, target + count + 20).fill(7);
      const common = { keys, threshold, kept: 1.25, blocks, rows, columns, rowStride, columnStride };
      arena.dropoutMask({ ...common, target: 4 * target });
      const expected = values.slice().fill(7);
      for (let i = 0; i < count; i++) {
        const [block, row, column] = [
          Math.floor(i / columns / rows),
          Math.floor(i / columns) % rows,
          i % columns,
        ];
        const element = Math.imul(Math.imul(block, rowStride) + row, columnStride) + column;
        expected[target + i] = 1.25 * dropoutBit(keys, element, threshold);
      }
      expect(values).toEqual(expected);

      const { kept: _factor, ...asBits } = common;
      const bytes = new Uint8Array(values.buffer, values.byteOffset, target + count + 20).fill(7);
      const bits = bytes.slice();
      expected.subarray(target, target + count).forEach((x, i) => {
        bits[target + i] = x === 0 ? 0 : 1;
      });
      arena.dropoutMask({ ...asBits, target });
      expect(bytes).toEqual(bits);
    }),
  );
});

test("the dropout of an element doesn't depend on how far the batch is padded", () => {
  const arena = createArena(65536);
  const keys = dropoutKeys(0, 5, 1, 2);
  const common = {
    keys,
    threshold: dropoutThreshold(0.5),
    kept: 2,
    blocks: 3,
    rowStride: 512,
    columnStride: 512,
  };
  const [narrow, wide] = [arena.float32(0, 3 * 8 * 8), arena.float32(4096, 3 * 16 * 16)];
  arena.dropoutMask({ ...common, target: 0, rows: 8, columns: 8 });
  arena.dropoutMask({ ...common, target: 4096, rows: 16, columns: 16 });
  const cut = wide.filter((_, i) => i % 16 < 8 && Math.floor(i / 16) % 16 < 8);
  expect(narrow).toEqual(cut);
  expect(new Set(narrow)).toEqual(new Set([0, 2]));
});

test("offsets beyond 2 GiB are unsigned", () => {
  const offset = 2 ** 31 + 64;
  const arena = createArena(offset + 8192);
  const [target, source] = [arena.float32(offset, 8), arena.float32(offset + 64, 8)];
  source.fill(2);
  arena.add(offset, offset + 64, 7);
  expect([...target]).toEqual([2, 2, 2, 2, 2, 2, 2, 0]);
  expect(arena.sumOfSquares(offset, 8)).toBe(28);
  const places = {
    weights: offset,
    gradients: offset + 64,
    m: offset + 128,
    v: offset + 192,
    bytes: 32,
    touched: [0, 32],
  };
  arena.adamw({ ...adamwSettings, ...places, learningRate: 0.5, weightDecay: 0 });
  expect([...target].map((p) => Number(p.toFixed(6)))).toEqual([1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, -0.5]);
  const strides = { rowStride: 1, columnStride: 1 };
  const mask = { target: offset, keys: [1, 2] as const, threshold: 0, kept: 2, ...strides };
  arena.dropoutMask({ ...mask, blocks: 1, rows: 1, columns: 6 });
  expect([...target.subarray(0, 7)]).toEqual([2, 2, 2, 2, 2, 2, target[6]]);
});

test("an arena that is too large or finds no memory says so", () => {
  expect(() => createArena(2 ** 32)).toThrow(
    expect.objectContaining({ code: "memory-short", message: expect.stringContaining("4096 MiB") }),
  );
  const full = () => {
    throw new RangeError("could not allocate memory");
  };
  vi.stubGlobal("WebAssembly", { Memory: full });
  expect(() => createArena(2 ** 20)).toThrow(
    expect.objectContaining({ code: "memory-short", message: expect.stringContaining("no room for 1 MiB") }),
  );
});

/** Weights, gradients, m and v of `length` values each, in an arena of their own. */
function adamwArena(length: number) {
  const bytes = 4 * length;
  const arena = createArena(4 * bytes);
  const offsets = { weights: 0, gradients: bytes, m: 2 * bytes, v: 3 * bytes };
  const view = (name: keyof typeof offsets) => arena.float32(offsets[name], length);
  const state = { weights: view("weights"), m: view("m"), v: view("v") };
  return { arena, state, gradients: view("gradients"), offsets };
}

/** How many values differ in a bit; every NaN counts as the same. */
function differences(a: Float32Array, b: Float32Array): number {
  return a.reduce((total, value, i) => total + (Object.is(value, b[i]) ? 0 : 1), 0);
}
