import { createHash } from "node:crypto";
import { openSet } from "./cache-sets-node.js";
import type { FeatureStore, FrozenPart } from "./feature-cache.js";
import { segmentFeatures } from "./feature-segments-node.js";
import { onnxruntimeVersion } from "./version-node.js";

/** What people know a set of features by: plain data. */
export interface SetFacts {
  /** As it was named: `mini`, or a folder. */
  model: string;
  frozenStages: number;
  layers: number;
  hiddenSize: number;
}

/**
 * Opens the features of a frozen part, made by this run or earlier ones. Where the sets need more than `maxBytes`, those
 * not used for longest go. Throws an error of the file system where the folder can't be written.
 */
export function openFeatureSet(frozen: FrozenPart, facts: SetFacts, maxBytes?: number): FeatureStore {
  const set = openSet({ kind: "features", name: fingerprintOf(frozen), facts }, maxBytes);
  return segmentFeatures(set.folder, set.makeRoom);
}

/** Changes with the layout of the files. */
const FORMAT = 1;

/** 32 hexadecimal digits of a SHA-256 over all that the features depend on but the texts. */
function fingerprintOf({ device, graph, weights }: FrozenPart): string {
  const hash = createHash("sha256");
  const tensors = Object.entries(weights);
  const shapes = tensors.map(([name, { dtype, shape }]) => [name, dtype, shape]);
  hash.update(JSON.stringify([FORMAT, onnxruntimeVersion(), process.arch, device, graph.byteLength, shapes]));
  hash.update(graph);
  for (const [, { data }] of tensors) {
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex").slice(0, 32);
}

/** What was written of a set; undefined where that is something else. */
export function featureFacts(facts: unknown): SetFacts | undefined {
  if (typeof facts !== "object" || facts === null) return undefined;
  const { model, ...numbers } = facts as SetFacts;
  const { frozenStages, layers, hiddenSize } = numbers;
  const readable = typeof model === "string" && [frozenStages, layers, hiddenSize].every(Number.isInteger);
  return readable ? { model, frozenStages, layers, hiddenSize } : undefined;
}
