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
import { entriesIn } from "./segments-node.js";

/** What is kept for later runs: what frozen parts make of texts, and the texts' tokens. */
const cacheKinds = ["features", "tokens"] as const;
export type CacheKind = (typeof cacheKinds)[number];

/** A set of entries in the cache: what one frozen part, or one tokenizer, made of texts. */
export interface CacheSet {
  kind: CacheKind;
  /** The hash of all that the entries depend on but the texts. */
  name: string;
  /** What people know it by, as it was written; undefined where that can't be read. */
  facts: unknown;
  texts: number;
  bytes: number;
  lastUsed: Date;
}

/** Bytes of all sets of a kind together. */
const CACHE_BYTES: Record<CacheKind, number> = { features: 16 * 2 ** 30, tokens: 4 * 2 ** 30 };

/** The cache's folder: TEXTGRAFT_CACHE, or in the system's folder for caches. */
export function cacheFolder(): string {
  const { TEXTGRAFT_CACHE: chosen, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = process.env;
  if (chosen) return resolve(chosen);
  if (process.platform === "win32")
    return join(local || join(homedir(), "AppData", "Local"), "textgraft", "cache");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "textgraft");
  const caches = xdg && isAbsolute(xdg) ? xdg : join(homedir(), ".cache");
  return join(caches, "textgraft");
}

/** An open set: its folder, and whether so many bytes more may be written. */
export interface OpenSet {
  folder: string;
  makeRoom: (bytes: number) => boolean;
}

/**
 * Opens a set, made by this run or earlier ones. Where the sets of its kind need more than `maxBytes`, those not used for
 * longest go. Throws an error of the file system where the folder can't be written.
 */
export function openSet(
  { kind, name, facts }: Pick<CacheSet, "kind" | "name" | "facts">,
  maxBytes: number = CACHE_BYTES[kind],
): OpenSet {
  const folder = folderOf({ kind, name });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const about = join(folder, ABOUT);
  if (existsSync(about)) touch(about);
  else writeFileSync(about, `${JSON.stringify(facts)}\n`, { mode: 0o600 });

  const sets = listSets(kind).sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime());
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
  return { folder, makeRoom };
}

/** The sets of a kind in the cache; none where there is no cache. */
export function listSets(kind: CacheKind): CacheSet[] {
  return namesIn(join(cacheFolder(), kind))
    .filter((name) => /^[0-9a-f]{32}$/.test(name))
    .map((name) => {
      const folder = folderOf({ kind, name });
      const files = namesIn(folder).map((file) => ({ file, ...statOf(join(folder, file)) }));
      const about = files.find(({ file }) => file === ABOUT);
      return {
        kind,
        name,
        facts: about && readFacts(join(folder, ABOUT)),
        texts: sum(files.map(({ file, bytes }) => entriesIn(file, bytes))),
        bytes: sum(files.map(({ bytes }) => bytes)),
        lastUsed: about?.changed ?? new Date(0),
      };
    });
}

/** All sets in the cache. */
export const listCache = (): CacheSet[] => cacheKinds.flatMap(listSets);

/** Removes all sets; gives those that are gone. */
export const clearCache = (): CacheSet[] => listCache().filter(removeSet);

/** Removes a set; whether it is gone. */
export function removeSet(set: Pick<CacheSet, "kind" | "name">): boolean {
  try {
    rmSync(folderOf(set), { recursive: true, force: true });
    return true;
  } catch {
    return false; // Windows doesn't remove what another process has open
  }
}

const ABOUT = "set.json";

const folderOf = ({ kind, name }: Pick<CacheSet, "kind" | "name">): string => join(cacheFolder(), kind, name);

/** Marks a set as used now. */
function touch(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // A cache that may only be read is still good to read.
  }
}

function readFacts(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
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
