import { TextgraftError } from "../../base/errors.js";
import { type AdamwSettings, adamwScalars } from "../../model/adamw.js";
import type { DropoutKeys } from "../../model/dropout-bits.js";
import type { Ranges } from "../touched-rows.js";
import { kernelsWasm } from "./kernels-wasm.js";

/**
 * One piece of flat memory and the kernels that pass over it. Places in it are byte offsets; `float32` and
 * `int32` want multiples of 4, the kernels are fastest at multiples of 64. Memory starts as zeros.
 *
 * `sumOfSquares` and `adamw` round up to a multiple of 4 values: give every parameter 64 bytes or a multiple
 * of that, and what follows its last element stays zero.
 */
export interface Arena {
  /** Size, rounded up to whole pages of 64 KiB. */
  readonly bytes: number;
  float32(offset: number, length: number): Float32Array;
  uint8(offset: number, length: number): Uint8Array;
  int32(offset: number, length: number): Int32Array;
  /**
   * Σ x² of `count` float32 values in an order that depends on `count` alone: groups of 8 in float32, their sums in
   * float64. Relative error at most 9·2⁻²⁴.
   */
  sumOfSquares(offset: number, count: number): number;
  /** target += source, for `count` float32 values. */
  add(target: number, source: number, count: number): void;
  /**
   * One step of AdamW in place, bit for bit the one of model/adamw. Outside the `touched` ranges gradients and
   * moments must be zero: there only weight decay is left to do, which needs a third of the time.
   */
  adamw(step: AdamwStep): void;
  /** target[rows[i]] += source[i], for i upwards. A row may come again. */
  scatterAddRows(into: ArenaRows & { source: number }): void;
  /** target[rows[i]] = 0. */
  clearRows(rows: ArenaRows): void;
  /**
   * Writes the dropout mask of one example: 0, or where model/dropout-bits has 1, `kept` as float32. Without `kept` the
   * bits themselves, a byte each.
   */
  dropoutMask(mask: DropoutMask): void;
}

/** The offsets of a group of parameters, `bytes` each, and how to update them. */
export interface AdamwStep extends AdamwSettings {
  weights: number;
  gradients: number;
  m: number;
  v: number;
  bytes: number;
  touched: Ranges;
}

/** Some rows of the `[any, width]` float32 values at `target`, by their numbers. */
export interface ArenaRows {
  target: number;
  rows: ArrayLike<number>;
  width: number;
}

/**
 * `[blocks, rows, columns]` values without gaps. Element (block, row, column) of the mask has the number
 * (block·rowStride + row)·columnStride + column modulo 2³²: with the strides of the longest text, its bit
 * doesn't depend on how far the batch is padded.
 */
export interface DropoutMask {
  target: number;
  keys: DropoutKeys;
  /** See `dropoutThreshold`. */
  threshold: number;
  /** What a kept element is multiplied by: 1/(1-p). */
  kept?: number;
  blocks: number;
  rows: number;
  columns: number;
  rowStride: number;
  columnStride: number;
}

/**
 * Memory for `bytes` bytes, at most 4 GiB - 64 KiB. It never grows or moves, so its views stay valid. Throws
 * `memory-short` where that is too much.
 */
export function createArena(bytes: number): Arena {
  const memory = allocate(bytes);
  const { buffer } = memory;
  const kernels = new WebAssembly.Instance(compiled(), { arena: { memory } }).exports as unknown as Kernels;
  const { sumOfSquares, add } = kernels;
  return {
    bytes: buffer.byteLength,
    float32: (offset, length) => new Float32Array(buffer, offset, length),
    uint8: (offset, length) => new Uint8Array(buffer, offset, length),
    int32: (offset, length) => new Int32Array(buffer, offset, length),
    sumOfSquares,
    add,
    adamw: ({ weights, gradients, m, v, bytes, touched, ...settings }) => {
      const s = adamwScalars(settings);
      const moments = [s.beta1, s.oneMinusBeta1, s.beta2, s.oneMinusBeta2];
      const scalars = [s.gradientScale, s.decay, ...moments, s.stepSize, s.epsilon];
      let end = 0;
      const decayUntil = (start: number): void => {
        if (s.decay !== 0 && end < start) kernels.decay(weights + end, (start - end) / 4, s.decay);
      };
      for (let i = 0; i < touched.length; i += 2) {
        const start = touched[i]!;
        decayUntil(start);
        end = touched[i + 1]!;
        const places = [weights + start, gradients + start, m + start, v + start, (end - start) / 4];
        kernels.adamw(...places, ...scalars);
      }
      decayUntil(bytes);
    },
    scatterAddRows: ({ target, source, rows, width }) => {
      for (let i = 0; i < rows.length; i++) add(target + rows[i]! * width * 4, source + i * width * 4, width);
    },
    clearRows: ({ target, rows, width }) => {
      const values = new Float32Array(buffer, target);
      for (let i = 0; i < rows.length; i++) values.fill(0, rows[i]! * width, (rows[i]! + 1) * width);
    },
    dropoutMask: ({ target, keys, threshold, kept, blocks, rows, columns, rowStride, columnStride }) => {
      const places = [blocks, rows, columns, rowStride, columnStride, kept === undefined ? 1 : 0];
      kernels.dropoutMask(target, ...keys, threshold, kept ?? 0, ...places);
    },
  };
}

/** What kernels.wat exports. */
interface Kernels {
  sumOfSquares: Arena["sumOfSquares"];
  add: Arena["add"];
  adamw(...offsetsCountAndScalars: number[]): void;
  decay(weights: number, count: number, decay: number): void;
  dropoutMask(...numbers: number[]): void;
}

const pageBytes = 65536;

function allocate(bytes: number): WasmMemory {
  const pages = Math.ceil(bytes / pageBytes);
  const wanted = `${(bytes / 2 ** 20).toFixed(0)} MiB for weights, gradients and optimizer state`;
  const fix = "Train fewer layers with --freeze, use a smaller model, or free memory.";
  // 65536 pages would be possible, but then the end of the last range is no i32.
  if (pages > 65535)
    throw new TextgraftError("memory-short", { message: `An arena can't hold ${wanted}.`, fix });
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (cause) {
    throw new TextgraftError("memory-short", { message: `There is no room for ${wanted}.`, fix, cause });
  }
}

let module: object | undefined;

function compiled(): object {
  module ??= new WebAssembly.Module(Uint8Array.from(atob(kernelsWasm), (char) => char.charCodeAt(0)));
  return module;
}

interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** TypeScript declares WebAssembly in its library for browsers only; this is what is used here. */
declare const WebAssembly: {
  Memory: new (pages: { initial: number; maximum: number }) => WasmMemory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: { arena: { memory: WasmMemory } }) => { readonly exports: object };
};
