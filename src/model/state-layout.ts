import { TextgraftError } from "../base/errors.js";
import { roundUp } from "../base/numbers.js";
import { sizeOf } from "../base/tensor.js";
import type { ParameterSpec } from "./parameters.js";

/** Parameters lie together by how they are treated: never changed, decayed by AdamW, or not decayed. */
export type Group = "frozen" | "decayed" | "exempt";

/** Where a parameter lies: `offset` bytes into each region (weights, gradients, moments) of a shard. */
export interface Placement {
  readonly spec: ParameterSpec;
  readonly shard: number;
  readonly offset: number;
  /** As it is stored. */
  readonly shape: readonly number[];
  /** Stored [inputs, outputs] where the checkpoint has [outputs, inputs], for devices that multiply faster so. */
  readonly transposed: boolean;
}

/** One piece of flat memory. A trained shard has four regions of `bytes`: weights, gradients, m and v. */
export interface Shard {
  readonly group: Group;
  /** Bytes of one region, a multiple of 64. */
  readonly bytes: number;
}

export interface StateLayout {
  readonly shards: readonly Shard[];
  readonly placements: ReadonlyMap<string, Placement>;
}

export interface LayoutOptions {
  /** Names of the parameters that don't train. */
  frozen: ReadonlySet<string>;
  /** Weight decay on biases and norm weights, too. */
  decayAll: boolean;
  /** Largest region of a trained shard. */
  maxRegionBytes: number;
  /** Largest frozen shard. Default: twice a trained region. */
  maxFrozenBytes?: number;
  /** Which matrices are stored transposed. Default: none. */
  transposed?: (spec: ParameterSpec) => boolean;
  /** The shape in which a parameter is stored, where that is wider than its own: the rest is zeros. Default: its own. */
  widened?: (spec: ParameterSpec) => readonly number[];
}

/** Each parameter starts on a cache line, and what lies between parameters stays zero. */
const ALIGNMENT = 64;

/** Plans where each parameter lies. A parameter never spans two shards. */
export function planState(specs: readonly ParameterSpec[], options: LayoutOptions): StateLayout {
  const { frozen, decayAll, maxRegionBytes, maxFrozenBytes = 2 * maxRegionBytes } = options;
  const { transposed = () => false, widened = ({ shape }) => shape } = options;
  const shards: { group: Group; bytes: number }[] = [];
  const open = new Map<Group, number>();
  const placements = new Map<string, Placement>();
  for (const spec of specs) {
    const group = frozen.has(spec.name) ? "frozen" : spec.exempt && !decayAll ? "exempt" : "decayed";
    const limit = group === "frozen" ? maxFrozenBytes : maxRegionBytes;
    const turned = transposed(spec);
    const shape = turned ? [...spec.shape].reverse() : widened(spec);
    const bytes = roundUp(4 * sizeOf(shape), ALIGNMENT);
    if (bytes > limit) {
      throw new TextgraftError("model-invalid", {
        message: `${spec.name} has ${sizeOf(spec.shape)} elements, more than fit into one piece of memory.`,
        fix: "Freeze it, for example with --freeze embeddings.",
      });
    }
    let shard = open.get(group);
    if (shard === undefined || shards[shard]!.bytes + bytes > limit) {
      shard = shards.push({ group, bytes: 0 }) - 1;
      open.set(group, shard);
    }
    placements.set(spec.name, { spec, shard, offset: shards[shard]!.bytes, shape, transposed: turned });
    shards[shard]!.bytes += bytes;
  }
  return { shards, placements };
}
