import type { FeatureStore } from "./feature-cache.js";
import { idOf, Segments } from "./segments-node.js";

/**
 * Features in a folder that several processes may use at once, as float32 in segments (`segments-node.ts`). `makeRoom`
 * says whether so many bytes more may be written.
 */
export function segmentFeatures(folder: string, makeRoom: (bytes: number) => boolean): FeatureStore {
  const segments = new Segments({ folder, ending: ".features", makeRoom, writeAtOnce: 0 });
  const reused = new Set<number>();
  return {
    get(key) {
      const found = segments.find(idOf(key));
      if (!found) return undefined;
      const { entry, words } = found;
      if (!segments.isOwn(entry)) reused.add(entry);
      return new Float32Array(words.buffer, words.byteOffset, words.length);
    },
    put(key, features) {
      const id = idOf(key);
      if (segments.has(id)) return true;
      const words = new Uint32Array(features.buffer, features.byteOffset, features.length);
      return segments.put(id, words) !== undefined;
    },
    use() {
      const { problem } = segments;
      if (problem === undefined) return { reused: reused.size };
      return { reused: reused.size, problem: `Not all features could be kept for later runs: ${problem}.` };
    },
    close: () => segments.close(),
  };
}
