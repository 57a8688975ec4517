import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FeatureStore, memoryFeatures, tieredFeatures } from "./feature-cache.js";

/** Bytes of features kept in memory, and beyond that on disk. */
export interface FeatureLimits {
  memory: number;
  disk: number;
}

export const FEATURE_LIMITS: FeatureLimits = { memory: 2 ** 30, disk: 16 * 2 ** 30 };

/** Memory first, then one file that nobody else sees and that is gone when the process ends. */
export function openFeatures(limits: FeatureLimits = FEATURE_LIMITS): FeatureStore {
  return tieredFeatures([memoryFeatures(limits.memory), diskFeatures(limits.disk)]);
}

/** Keeps features in an unlinked temporary file up to a number of bytes; made at the first use. */
export function diskFeatures(maxBytes: number): FeatureStore {
  const places = new Map<number, { position: number; length: number }>();
  let file: number | undefined;
  let end = 0;
  return {
    get(example) {
      const place = places.get(example);
      if (!place || file === undefined) return undefined;
      const features = new Float32Array(place.length);
      const read = readSync(file, features, 0, features.byteLength, place.position);
      return read === features.byteLength ? features : undefined;
    },
    put(example, features) {
      if (end + features.byteLength > maxBytes) return false;
      try {
        file ??= openUnlinked();
        const written = writeSync(file, features, 0, features.byteLength, end);
        if (written !== features.byteLength) return false;
      } catch {
        return false; // a full disk costs time, not the run
      }
      places.set(example, { position: end, length: features.length });
      end += features.byteLength;
      return true;
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

function openUnlinked(): number {
  const folder = mkdtempSync(join(tmpdir(), "textgraft-features-"));
  try {
    return openSync(join(folder, "features"), "w+", 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
