import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { sum } from "../base/numbers.js";
import type { FeatureStore, FrozenPart } from "./feature-cache.js";
import { segmentFeatures, textsIn } from "./feature-segments-node.js";
import { onnxruntimeVersion } from "./version-node.js";

/** What people know a set of features by: plain data. */
export interface SetFacts {
  /** As it was named: `mini`, or a folder. */
  model: string;
  frozenStages: number;
  layers: number;
  hiddenSize: number;
}

/** A set of features in the cache: what one frozen part made of texts. */
export interface FeatureSet {
  /** The hash of all that the features depend on but the texts. */
  name: string;
  /** Absent where they can't be read. */
  facts?: SetFacts;
  texts: number;
  bytes: number;
  lastUsed: Date;
}

/** Bytes of all sets together. */
const CACHE_BYTES = 16 * 2 ** 30;

/** Where features lie: below TEXTGRAFT_CACHE, or the system's folder for caches. */
export function featureFolder(): string {
  const { TEXTGRAFT_CACHE: chosen, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = process.env;
  if (chosen) return resolve(chosen, "features");
  if (process.platform === "win32")
    return join(local || join(homedir(), "AppData", "Local"), "textgraft", "cache", "features");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "textgraft", "features");
  const caches = xdg && isAbsolute(xdg) ? xdg : join(homedir(), ".cache");
  return join(caches, "textgraft", "features");
}

/**
 * Opens the features of a frozen part, made by this run or earlier ones. Where the sets need more than `maxBytes`, those
 * not used for longest go. Throws an error of the file system where the folder can't be written.
 */
export function openFeatureSet(frozen: FrozenPart, facts: SetFacts, maxBytes = CACHE_BYTES): FeatureStore {
  const name = fingerprintOf(frozen);
  const folder = join(featureFolder(), name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const about = join(folder, ABOUT);
  if (existsSync(about)) touch(about);
  else writeFileSync(about, `${JSON.stringify(facts)}\n`, { mode: 0o600 });

  const sets = listFeatures().sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime());
  let total = sum(sets.map(({ bytes }) => bytes));
  const others = sets.filter((set) => set.name !== name);
  const makeRoom = (bytes: number): boolean => {
    while (total + bytes > maxBytes && others.length > 0) {
      const oldest = others.shift()!;
      if (removeSet(oldest)) total -= oldest.bytes;
    }
    if (total + bytes > maxBytes) return false;
    total += bytes;
    return true;
  };
  makeRoom(0);
  return segmentFeatures(folder, makeRoom);
}

/** The sets in the cache; none where there is no cache. */
export function listFeatures(): FeatureSet[] {
  return namesIn(featureFolder())
    .filter((name) => /^[0-9a-f]{32}$/.test(name))
    .flatMap((name) => {
      const folder = join(featureFolder(), name);
      const files = namesIn(folder).map((file) => ({ file, ...statOf(join(folder, file)) }));
      const about = files.find(({ file }) => file === ABOUT);
      const facts = about && readFacts(join(folder, ABOUT));
      return {
        name,
        ...(facts && { facts }),
        texts: sum(files.map(({ file, bytes }) => textsIn(file, bytes))),
        bytes: sum(files.map(({ bytes }) => bytes)),
        lastUsed: about?.changed ?? new Date(0),
      };
    });
}

/** Removes all sets; gives those that are gone. */
export const clearFeatures = (): FeatureSet[] => listFeatures().filter(removeSet);

const ABOUT = "set.json";

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

/** Marks a set as used now. */
function touch(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // A cache that may only be read is still good to read.
  }
}

function removeSet({ name }: FeatureSet): boolean {
  try {
    rmSync(join(featureFolder(), name), { recursive: true, force: true });
    return true;
  } catch {
    return false; // Windows doesn't remove what another process has open
  }
}

function readFacts(path: string): SetFacts | undefined {
  try {
    const { model, ...numbers } = JSON.parse(readFileSync(path, "utf8")) as SetFacts;
    const { frozenStages, layers, hiddenSize } = numbers;
    const readable = typeof model === "string" && [frozenStages, layers, hiddenSize].every(Number.isInteger);
    return readable ? { model, frozenStages, layers, hiddenSize } : undefined;
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Of a file that another process may remove meanwhile. */
function statOf(path: string): { bytes: number; changed: Date } {
  const found = statSync(path, { throwIfNoEntry: false });
  return { bytes: found?.size ?? 0, changed: found?.mtime ?? new Date(0) };
}
