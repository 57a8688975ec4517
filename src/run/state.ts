import { TextgraftError } from "../base/errors.js";
import { roundUp } from "../base/numbers.js";
import { resized, sizeOf, type Tensor, transposed } from "../base/tensor.js";
import type { AdamwSettings } from "../model/adamw.js";
import type { Placement, StateLayout } from "../model/state-layout.js";
import { type Arena, createArena } from "./kernels/arena.js";
import { type Ranges, TouchedRows } from "./touched-rows.js";

/** Regions of a trained shard's memory, in this order. */
const REGIONS = ["weights", "gradients", "m", "v"] as const;
type Region = (typeof REGIONS)[number] | "microBatch";

/** Settings of one update, for all shards. */
export type UpdateSettings = Omit<AdamwSettings, "weightDecay"> & { weightDecay: number };

export interface StateOptions {
  /** Float32 values of the largest gradient that comes row by row. */
  rowValues?: number;
  /** Room for the gradients of a micro-batch beside those of the step. */
  accumulates?: boolean;
}

/** Bytes of the largest region that a trained shard may have: its regions and its scratch space share one arena. */
export function largestRegion(options: StateOptions): number {
  return Math.floor((ARENA_BYTES - rowBytesOf(options)) / regionsOf(options) / 64) * 64;
}

/** The most that an arena can hold. */
const ARENA_BYTES = 2 ** 32 - 2 ** 16;

const rowBytesOf = ({ rowValues = 0 }: StateOptions): number => roundUp(4 * rowValues, 64);
const regionsOf = ({ accumulates = false }: StateOptions): number => REGIONS.length + (accumulates ? 1 : 0);

/**
 * Weights, gradients and both moments of all parameters, in flat memory. Behind the regions of a trained shard lies
 * scratch space: gradients that come row by row, and those of a micro-batch before they are added.
 */
export class State {
  private readonly layout: StateLayout;
  private readonly arenas: readonly Arena[];
  private readonly rowBytes: number;
  private kept: Float32Array[] | undefined;
  /** Of tables whose gradients come row by row, by shard: at most one in each. */
  private readonly tables = new Map<number, TouchedRows>();

  /** The layout's regions may be as large as `largestRegion` says. */
  constructor(layout: StateLayout, options: StateOptions = {}) {
    this.layout = layout;
    this.rowBytes = rowBytesOf(options);
    this.arenas = layout.shards.map(({ group, bytes }) =>
      createArena(group === "frozen" ? bytes : regionsOf(options) * bytes + this.rowBytes),
    );
  }

  /** A parameter's weights as they are stored: a view, not a copy. */
  weights = (name: string): Tensor<"float32"> => this.view(name, "weights");

  /** The place for a parameter's gradient: the step's own, or that of a further micro-batch. */
  gradient = (name: string, microBatch = 0): Tensor<"float32"> =>
    this.view(name, microBatch === 0 ? "gradients" : "microBatch");

  /** Copies a parameter in, in the checkpoint's layout. */
  write(name: string, values: Float32Array): void {
    const { spec, shape, transposed: turned } = this.placement(name);
    if (values.length !== sizeOf(spec.shape)) {
      throw new TextgraftError("weights-invalid", {
        message: `${name} has ${values.length} elements; the model needs [${spec.shape.join(", ")}].`,
      });
    }
    this.weights(name).data.set(turned ? transposed(values, spec.shape) : resized(values, spec.shape, shape));
  }

  /** Copies a parameter out, in the checkpoint's layout. */
  read(name: string): Float32Array {
    const { spec, transposed: turned } = this.placement(name);
    const { data, shape } = this.weights(name);
    return turned ? transposed(data, shape) : resized(data, shape, spec.shape);
  }

  /** The place for `count` rows of a table's gradient, until `addRows`. */
  gradientRows(name: string, count: number): Tensor<"float32"> {
    const { shard, spec } = this.placement(name);
    const shape = [count, spec.shape[1]!];
    return {
      dtype: "float32",
      shape,
      data: this.arenas[shard]!.float32(this.rowsOffset(shard), sizeOf(shape)),
    };
  }

  /** Adds the rows that were put there to a table's gradient, in order. */
  addRows(name: string, rows: Int32Array): void {
    const { shard, spec } = this.placement(name);
    const places = { target: this.offset(name, "gradients"), source: this.rowsOffset(shard) };
    this.arenas[shard]!.scatterAddRows({ ...places, rows, width: spec.shape[1]! });
    this.table(name).add(rows);
  }

  /** Sets the rows of a table's gradient that earlier steps touched back to zero. */
  clearRows(name: string): void {
    const { shard, spec } = this.placement(name);
    const target = this.offset(name, "gradients");
    this.arenas[shard]!.clearRows({ target, rows: this.table(name).next(), width: spec.shape[1]! });
  }

  /** Adds the gradients of a further micro-batch to the step's. */
  accumulate(): void {
    for (const { arena, bytes, shard } of this.trained())
      arena.add(bytes, this.microBatchOffset(shard), bytes / 4);
  }

  /** L2 norm of all gradients together. */
  gradientNorm(): number {
    let sum = 0;
    for (const { arena, bytes, shard } of this.trained()) {
      const ranges = this.tables.get(shard)?.inStep(bytes) ?? [0, bytes];
      for (let i = 0; i < ranges.length; i += 2)
        sum += arena.sumOfSquares(bytes + ranges[i]!, (ranges[i + 1]! - ranges[i]!) / 4);
    }
    return Math.sqrt(sum);
  }

  /** One step of AdamW on every trained parameter; `weightDecay` only where the layout says so. */
  update(settings: UpdateSettings): void {
    for (const { arena, bytes, group, shard } of this.trained()) {
      const [weights, gradients, m, v] = REGIONS.map((_, region) => region * bytes) as [
        number,
        number,
        number,
        number,
      ];
      const weightDecay = group === "decayed" ? settings.weightDecay : 0;
      const touched: Ranges = this.tables.get(shard)?.soFar(bytes) ?? [0, bytes];
      arena.adamw({ ...settings, weightDecay, weights, gradients, m, v, bytes, touched });
    }
  }

  /** Remembers the trained weights as they are now. */
  keep(): void {
    this.kept ??= this.trained().map(({ bytes }) => new Float32Array(bytes / 4));
    for (const [i, { arena, bytes }] of this.trained().entries())
      this.kept[i]!.set(arena.float32(0, bytes / 4));
  }

  /** Goes back to the weights that were kept last, if any. */
  restore(): void {
    if (!this.kept) return;
    for (const [i, { arena, bytes }] of this.trained().entries())
      arena.float32(0, bytes / 4).set(this.kept[i]!);
  }

  private table(name: string): TouchedRows {
    const { shard, offset, spec } = this.placement(name);
    const table = this.tables.get(shard) ?? new TouchedRows(offset, spec.shape);
    this.tables.set(shard, table);
    return table;
  }

  private trained() {
    return this.layout.shards.flatMap(({ group, bytes }, shard) =>
      group === "frozen" ? [] : [{ arena: this.arenas[shard]!, bytes, group, shard }],
    );
  }

  private view(name: string, region: Region): Tensor<"float32"> {
    const { shard, shape } = this.placement(name);
    const data = this.arenas[shard]!.float32(this.offset(name, region), sizeOf(shape));
    return { dtype: "float32", shape, data };
  }

  private offset(name: string, region: Region): number {
    const { shard, offset } = this.placement(name);
    const start =
      region === "microBatch"
        ? this.microBatchOffset(shard)
        : REGIONS.indexOf(region) * this.layout.shards[shard]!.bytes;
    return start + offset;
  }

  private rowsOffset = (shard: number): number => REGIONS.length * this.layout.shards[shard]!.bytes;
  private microBatchOffset = (shard: number): number => this.rowsOffset(shard) + this.rowBytes;

  private placement(name: string): Placement {
    const placement = this.layout.placements.get(name);
    if (placement) return placement;
    throw new TextgraftError("internal", { message: `The model has no parameter ${name}.` });
  }
}
