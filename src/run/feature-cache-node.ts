import { closeSync, readSync, writeSync } from "node:fs";
import { openUnlinked } from "../base/unlinked-node.js";
import {
  type FeatureStore,
  type FrozenPart,
  featuresInFrontOf,
  memoryFeatures,
  tieredFeatures,
} from "./feature-cache.js";
import { openFeatureSet, type SetFacts } from "./feature-sets-node.js";

/** Bytes of features kept in memory, and beyond that on disk until the run ends. */
export interface FeatureLimits {
  memory: number;
  disk: number;
}

export const FEATURE_LIMITS: FeatureLimits = { memory: 2 ** 30, disk: 16 * 2 ** 30 };

/**
 * Features in the user's cache, and those used in memory, too. Without `facts`, or where the cache can't be used: in
 * memory first, then in one file that nobody else sees and that is gone when the process ends.
 */
export function openFeatures(
  frozen: FrozenPart,
  facts?: SetFacts,
  limits: FeatureLimits = FEATURE_LIMITS,
): FeatureStore {
  const [memory, disk] = [memoryFeatures(limits.memory), diskFeatures(limits.disk)];
  const forThisRun = tieredFeatures([memory, disk]);
  if (!facts) return forThisRun;
  try {
    return featuresInFrontOf(tieredFeatures([openFeatureSet(frozen, facts), disk]), memory);
  } catch (error) {
    const problem = `Features aren't kept for later runs: ${(error as Error).message}.`;
    return { ...forThisRun, use: () => ({ reused: 0, problem }) };
  }
}

/** Keeps features in an unlinked temporary file up to a number of bytes; made at the first use. */
export function diskFeatures(maxBytes: number): FeatureStore {
  const places = new Map<string, { position: number; length: number }>();
  let file: number | undefined;
  let end = 0;
  return {
    get(key) {
      const place = places.get(key);
      if (!place || file === undefined) return undefined;
      const features = new Float32Array(place.length);
      const read = readSync(file, features, 0, features.byteLength, place.position);
      return read === features.byteLength ? features : undefined;
    },
    put(key, features) {
      if (places.has(key)) return true;
      if (end + features.byteLength > maxBytes) return false;
      try {
        file ??= openUnlinked();
        const written = writeSync(file, features, 0, features.byteLength, end);
        if (written !== features.byteLength) return false;
      } catch {
        return false; // a full disk costs time, not the run
      }
      places.set(key, { position: end, length: features.length });
      end += features.byteLength;
      return true;
    },
    use: () => ({ reused: 0 }),
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
