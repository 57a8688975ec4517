/**
 * Outputs of frozen stages, by the number of the example: unpadded, [tokens, hidden] or [hidden]. A store that is
 * full takes no more, and what it hasn't got is computed again.
 */
export interface FeatureStore {
  get(example: number): Float32Array | undefined;
  /** Keeps a copy; false where there is no room. */
  put(example: number, features: Float32Array): boolean;
  close(): void;
}

/** Keeps features in memory up to a number of bytes. */
export function memoryFeatures(maxBytes: number): FeatureStore {
  const kept = new Map<number, Float32Array>();
  let bytes = 0;
  return {
    get: (example) => kept.get(example),
    put(example, features) {
      if (bytes + features.byteLength > maxBytes) return false;
      bytes += features.byteLength;
      kept.set(example, features.slice());
      return true;
    },
    close: () => kept.clear(),
  };
}

/** Asks one store after the other. */
export function tieredFeatures(stores: readonly FeatureStore[]): FeatureStore {
  return {
    get(example) {
      for (const store of stores) {
        const found = store.get(example);
        if (found) return found;
      }
      return undefined;
    },
    put: (example, features) => stores.some((store) => store.put(example, features)),
    close: () => {
      for (const store of stores) store.close();
    },
  };
}
