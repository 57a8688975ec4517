import { sum } from "../base/numbers.js";
import type { Tensor } from "../base/tensor.js";
import type { Device } from "./session.js";

/**
 * Outputs of frozen stages, by the key of a text's tokens: unpadded, [tokens, hidden] or [hidden]. A store that is
 * full takes no more, and what it hasn't got is computed again.
 */
export interface FeatureStore {
  get(key: string): Float32Array | undefined;
  /** Keeps a copy; false where there is no room. */
  put(key: string, features: Float32Array): boolean;
  use(): FeatureUse;
  close(): void;
}

/** What a store was good for so far. */
export interface FeatureUse {
  /** Different texts whose features an earlier run had left. */
  reused: number;
  /** Why features can't be left for later runs: a sentence. */
  problem?: string;
}

/** All that decides what frozen stages make of a text, but for its tokens. */
export interface FrozenPart {
  device: Device;
  /** The graph that computes the features, as ONNX bytes. */
  graph: Uint8Array;
  /** What that graph reads, by name, as it is stored. */
  weights: Readonly<Record<string, Tensor>>;
}

export type OpenFeatures = (frozen: FrozenPart) => FeatureStore;

/** A text's key: its tokens themselves, without padding. */
export const tokensKey = (inputIds: Int32Array, tokenTypeIds: Int32Array): string =>
  tokenTypeIds.some((id) => id !== 0) ? `${inputIds};${tokenTypeIds}` : `${inputIds}`;

/** Keeps features in memory up to a number of bytes. */
export function memoryFeatures(maxBytes: number): FeatureStore {
  const kept = new Map<string, Float32Array>();
  let bytes = 0;
  return {
    get: (key) => kept.get(key),
    put(key, features) {
      if (kept.has(key)) return true;
      if (bytes + features.byteLength > maxBytes) return false;
      bytes += features.byteLength;
      kept.set(key, features.slice());
      return true;
    },
    use: () => ({ reused: 0 }),
    close: () => kept.clear(),
  };
}

/** Asks one store after the other; features lie in the first that has room. */
export function tieredFeatures(stores: readonly FeatureStore[]): FeatureStore {
  return {
    get(key) {
      for (const store of stores) {
        const found = store.get(key);
        if (found) return found;
      }
      return undefined;
    },
    put: (key, features) => stores.some((store) => store.put(key, features)),
    use() {
      const uses = stores.map((store) => store.use());
      const reused = sum(uses.map((use) => use.reused));
      const problem = uses.find((use) => use.problem !== undefined)?.problem;
      return problem === undefined ? { reused } : { reused, problem };
    },
    close: () => {
      for (const store of stores) store.close();
    },
  };
}

/** Everything goes into `behind`; what is used lies in `front`, too, while there is room. */
export function featuresInFrontOf(behind: FeatureStore, front: FeatureStore): FeatureStore {
  return {
    get(key) {
      const near = front.get(key);
      if (near) return near;
      const found = behind.get(key);
      if (found) front.put(key, found);
      return found;
    },
    put(key, features) {
      const [isBehind, isInFront] = [behind.put(key, features), front.put(key, features)];
      return isBehind || isInFront;
    },
    use: () => behind.use(),
    close: () => {
      front.close();
      behind.close();
    },
  };
}
