import { roundUp, sum } from "../base/numbers.js";
import { hash32 } from "../base/random.js";
import { sizeOf, type Tensor } from "../base/tensor.js";
import { type Bindings, bind } from "../graph/dims.js";
import { dropoutKeys, dropoutThreshold } from "../model/dropout-bits.js";
import type { DropoutSite, MaskType } from "../model/layers.js";
import { type Arena, createArena } from "./kernels/arena.js";

/** Whose masks are wanted: a function of these, whatever batch or process the example is in. */
export interface DropoutMoment {
  seed: number;
  step: number;
  examples: Int32Array;
}

/** Computes the masks of all dropout sites of a batch, in memory that is used again at each step. */
export class DropoutFeeds {
  private arena: Arena | undefined;

  /** The inputs `dropout.<site>` of a training graph for texts padded to `sequence`. */
  masks(sites: readonly DropoutSite[], sequence: number, moment: DropoutMoment): Record<string, Tensor> {
    const { seed, step } = moment;
    const places = sites.map((site) => {
      const examples = site.shape[0] === 1 ? SHARED : moment.examples;
      const shape = shapeOf(site, { batch: examples.length, sequence });
      return { ...site, examples, shape, bytes: ELEMENT_BYTES[site.dtype] * sizeOf(shape.slice(1)) };
    });
    const total = sum(places.map(({ examples, bytes }) => align(examples.length * bytes)));
    if (total > (this.arena?.bytes ?? 0)) this.arena = createArena(total);
    const arena = this.arena!;

    const feeds: Record<string, Tensor> = {};
    let start = 0;
    for (const { name, probability, stride, examples, shape, bytes, dtype } of places) {
      const [blocks = 1, rows = 1, columns = 1] = [...[1, 1].slice(shape.length - 2), ...shape.slice(1)];
      const threshold = dropoutThreshold(probability);
      const kept = dtype === "uint8" ? {} : { kept: 1 / (1 - probability) };
      const common = { threshold, ...kept, rowStride: stride, columnStride: stride };
      for (const [row, example] of examples.entries()) {
        const keys = dropoutKeys(seed, step, hash32(name), example >>> 0);
        arena.dropoutMask({ ...common, target: start + row * bytes, keys, blocks, rows, columns });
      }
      feeds[`dropout.${name}`] =
        dtype === "uint8"
          ? { dtype, shape, data: arena.uint8(start, sizeOf(shape)) }
          : { dtype, shape, data: arena.float32(start, sizeOf(shape)) };
      start += align(examples.length * bytes);
    }
    return feeds;
  }
}

/** What all masks of a batch take together. */
export const maskBytes = (sites: readonly DropoutSite[], sizes: Sizes): number =>
  sum(sites.map((site) => ELEMENT_BYTES[site.dtype] * sizeOf(shapeOf(site, sizes))));

interface Sizes extends Bindings {
  readonly batch: number;
  readonly sequence: number;
}

const shapeOf = ({ shape }: DropoutSite, sizes: Sizes): number[] =>
  shape.map((dim) => bind(dim, sizes) as number);

const ELEMENT_BYTES: Record<MaskType, number> = { float32: 4, uint8: 1 };

/** What all examples share is dropped as if it were of this one. */
const SHARED = Int32Array.of(0);

const align = (bytes: number): number => roundUp(bytes, 64);
