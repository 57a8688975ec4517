import { join } from "node:path";
import { TextgraftError } from "../../base/errors.js";
import {
  INDEX,
  pickleOf,
  pickleRefusal,
  SINGLE,
  shardMap,
  shown,
  tokenizerSnippet,
} from "../model-folder-node.js";
import type { RepoCache } from "./cache-paths-node.js";
import type { Listing } from "./hub-api.js";

/** Files that a model may have besides settings and weights, in the order in which they are fetched. */
const OPTIONAL = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "textgraft.json"];

/** What a commit lacks that Textgraft reads if it is there. */
export const absentFiles = ({ files }: Listing): string[] =>
  [...OPTIONAL, SINGLE].filter((name) => !files.includes(name));

/**
 * The files of a commit that Textgraft reads, but for shards, which only the index among them knows. Errors, before
 * anything is downloaded: `weights-invalid` where the weights are only in a pickle, `model-invalid` where something is missing.
 */
export function neededFiles({ files, architecture }: Listing, repo: string): string[] {
  const has = (name: string) => files.includes(name);
  const tokenizer = has("tokenizer.json") ? [] : ["vocab.txt"];
  const weights = [SINGLE, INDEX].find(has);
  const pickle = pickleOf(files);
  const source = JSON.stringify(repo);
  const target = JSON.stringify(repo.split("/").at(-1)!);
  if (weights === undefined && pickle !== undefined)
    throw pickleRefusal({ place: repo, pickle, architecture, source, target });
  const lacks = [
    ...(has("config.json") ? [] : ["config.json"]),
    ...(tokenizer.every(has) ? [] : ["tokenizer.json"]),
    ...(weights === undefined ? [SINGLE] : []),
  ];
  if (lacks.length === 0) return ["config.json", ...OPTIONAL.filter(has), ...tokenizer, weights!];
  const onlyTokenizer = lacks.length === 1 && lacks[0] === "tokenizer.json";
  throw new TextgraftError("model-invalid", {
    message: `${repo} has no ${lacks.join(", no ")}; it holds ${shown(files)}.`,
    fix: onlyTokenizer
      ? `Python makes one of its older files: download the repository into a folder ${target}, then import transformers; ${tokenizerSnippet(target, target)}. Name that folder as the --model.`
      : "Name a repository with a checkpoint in transformers' format.",
  });
}

/** The shards that a snapshot's index lists; none where the weights are in one file. */
export async function shardsOf(snapshot: string, needed: readonly string[]): Promise<string[]> {
  if (!needed.includes(INDEX)) return [];
  return [...new Set((await shardMap(join(snapshot, INDEX))).values())].sort();
}

/** How much of a model lies in the cache. */
export interface CachedModel {
  readonly commit: string;
  /** Files without which it can't be used; a name for each kind. */
  readonly lacks: readonly string[];
  /** Whether it is known that nothing else belongs to it: what isn't there isn't in the repository either. */
  readonly settled: boolean;
}

/** Looks into the cache for a revision; undefined where it was never asked for. */
export async function cachedModel(cache: RepoCache, revision: string): Promise<CachedModel | undefined> {
  const commit = await cache.commitOf(revision);
  if (commit === undefined) return undefined;
  const found = async (name: string) => (await cache.find(commit, name)) === "here";
  const lacks: string[] = [];
  if (!(await found("config.json"))) lacks.push("config.json");
  if (!(await found("tokenizer.json")) && !(await found("vocab.txt"))) lacks.push("tokenizer.json");
  const weights = (await found(SINGLE)) ? SINGLE : INDEX;
  if (!(await found(weights))) lacks.push(SINGLE);
  else
    for (const shard of await shardsOf(cache.snapshot(commit), [weights]))
      if (!(await found(shard))) lacks.push(shard);
  const states = await Promise.all(OPTIONAL.map((name) => cache.find(commit, name)));
  return { commit, lacks, settled: !states.includes("unknown") };
}
