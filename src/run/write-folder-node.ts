import { randomBytes } from "node:crypto";
import {
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { TextgraftError } from "../base/errors.js";

/**
 * Writes a folder completely or not at all. `write` fills a temporary folder beside the target; its files are
 * flushed to disk, `verify` may reload and compare them, and only then is the folder renamed into place. With
 * `overwrite` a model folder that is there is moved aside first and removed last. If anything throws, the temporary
 * folder goes and the target is as it was; what a killed process left is cleared by the next write or check.
 * Errors: those of `checkTarget`, `write` and `verify`.
 */
export async function writeFolder(
  target: string,
  { overwrite }: { overwrite: boolean },
  write: (temporary: string) => Promise<void>,
  verify?: (temporary: string) => Promise<void>,
): Promise<void> {
  await checkTarget(target, overwrite);
  const place = await placeOf(target);
  await mkdir(dirname(place), { recursive: true });
  const temporary = beside(place, "tmp");
  try {
    await mkdir(temporary);
    await write(temporary);
    await flushTree(temporary);
    await verify?.(temporary);
    await checkTarget(target, overwrite); // another process may have written there meanwhile
    await moveIn(temporary, place);
  } catch (error) {
    await removeTree(temporary);
    throw error;
  }
}

/**
 * Whether `writeFolder` will be able to write: call it before long work. Throws `output-exists` with what is there,
 * unless it is nothing, an empty folder, or, with `overwrite`, a model folder without any file of the user's;
 * `option-invalid` where no folder can be made. Also clears what killed processes left beside the target, and puts
 * back an old folder they had moved aside.
 */
export async function checkTarget(target: string, overwrite: boolean): Promise<void> {
  const place = await placeOf(target);
  await recover(place);
  const found = await inspect(place);
  if (found.replaceable === "always" || (found.replaceable === "model" && overwrite)) {
    return checkWritable(place);
  }
  const fixes = {
    model: "Add --overwrite to replace it, or choose another folder.",
    mixed: "Move those files, or choose another folder: replacing the model would delete them.",
    never: "Choose another folder, perhaps one inside it. Only models and empty folders are ever replaced.",
  };
  throw new TextgraftError("output-exists", {
    message: `${place} is already there: ${found.what}.`,
    fix: fixes[found.replaceable],
  });
}

/** JSON as Hugging Face writes it: indented by 2, keys sorted at every level, final newline. */
export function sortedJson(value: unknown): string {
  const sorted = (_key: string, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item;
  return `${JSON.stringify(value, sorted, 2)}\n`;
}

export const writeJson = (file: string, value: unknown): Promise<void> =>
  writeFileAtomic(file, sortedJson(value));

/** Writes a file completely or not at all: beside its place, to the disk, and then renamed over what was there. */
export async function writeFileAtomic(file: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${file}.tmp-${process.pid}`;
  try {
    await writeFile(temporary, data);
    await flush(temporary);
    await rename(temporary, file);
  } catch (error) {
    await removeTree(temporary);
    throw error;
  }
}

interface Found {
  /** For people: what there is. */
  readonly what: string;
  /** When a new folder may take its place: always (nothing is lost), with `overwrite` (a model), or never. */
  readonly replaceable: "always" | "model" | "mixed" | "never";
}

async function inspect(place: string): Promise<Found> {
  const there = await stat(place).catch(absent);
  if (there === undefined) return { what: "nothing", replaceable: "always" };
  if (!there.isDirectory()) return { what: "a file", replaceable: "never" };
  if (there.dev !== (await stat(dirname(place))).dev) {
    return { what: "the top of another disk or volume, which can't be renamed", replaceable: "never" };
  }
  const names = (await readdir(place)).sort();
  if (names.length === 0) return { what: "an empty folder", replaceable: "always" };
  const model = await modelIn(place, names);
  if (model === undefined)
    return { what: `a folder with other files (${shown(names)})`, replaceable: "never" };
  const foreign = await foreignNames(place);
  if (foreign.length === 0) return { what: model, replaceable: "model" };
  return { what: `${model}, with files that belong to no model (${shown(foreign)})`, replaceable: "mixed" };
}

const shown = (names: readonly string[]): string =>
  names.slice(0, 5).join(", ") + (names.length > 5 ? ", …" : "");

/** For people: which model lies in the folder; undefined where none does. */
async function modelIn(place: string, names: readonly string[]): Promise<string | undefined> {
  if (names.includes("textgraft.json")) {
    const { mtime } = await stat(join(place, "textgraft.json"));
    return `a model that Textgraft wrote on ${mtime.toISOString().slice(0, 16).replace("T", " ")} UTC`;
  }
  const modelType = await modelTypeOf(join(place, "config.json"));
  return modelType === undefined ? undefined : `a model folder (${modelType})`;
}

/** Sorted paths in a model folder that aren't a model's: nobody but their owner may delete them. */
async function foreignNames(place: string): Promise<string[]> {
  const entries = await readdir(place, { withFileTypes: true });
  const foreign: string[] = [];
  for (const entry of entries) {
    const known = entry.isDirectory() ? modelFolders.get(entry.name) : undefined;
    if (known === undefined) {
      if (entry.isDirectory() || !modelFile.test(entry.name)) foreign.push(entry.name);
      continue;
    }
    for (const below of await readdir(join(place, entry.name), { withFileTypes: true })) {
      if (below.isDirectory() || !known.test(below.name)) foreign.push(join(entry.name, below.name));
    }
  }
  return foreign.sort();
}

/** Files of a model folder; .tmp-… is what a killed `writeFileAtomic` left, .DS_Store what the Finder adds. */
const modelFile = new RegExp(
  `^(${[
    "(config|textgraft|tokenizer|tokenizer_config|special_tokens_map|added_tokens)\\.json",
    "vocab\\.txt",
    "report\\.(txt|html|md)",
    "metrics\\.json",
    "(mistakes|rejected)\\.csv",
    "log\\.jsonl",
    "README\\.md",
    "model(-\\d+-of-\\d+)?\\.safetensors",
    "model\\.safetensors\\.index\\.json",
  ].join("|")})(\\.tmp-\\d+)?$|^\\.DS_Store$`,
);
/** Folders in a model folder, and the files in each. */
const modelFolders = new Map([
  ["onnx", /^model.*\.onnx(\.tmp-\d+)?$|^\.DS_Store$/],
  ["runs", /^events\.out\.tfevents\.[\w.-]+$|^\.DS_Store$/],
]);

/** The `model_type` of a model's config.json. Programs of every kind have a config.json: theirs give undefined. */
async function modelTypeOf(file: string): Promise<string | undefined> {
  try {
    const config: unknown = JSON.parse(await readFile(file, "utf8"));
    const { model_type: modelType } = config as { model_type?: unknown };
    return typeof modelType === "string" ? modelType : undefined;
  } catch {
    return undefined;
  }
}

/** The nearest folder above `place` that exists has to let us make folders. */
async function checkWritable(place: string): Promise<void> {
  let parent = dirname(place);
  while ((await lstat(parent).catch(absent)) === undefined) parent = dirname(parent);
  const isFolder = (await stat(parent).catch(absent))?.isDirectory() ?? false;
  const denied = isFolder ? await mkdirDenied(beside(join(parent, basename(place)), "try")) : undefined;
  if (isFolder && denied === undefined) return;
  throw new TextgraftError("option-invalid", {
    message: `${place} can't be made: ${parent} ${isFolder ? "isn't writable for you" : "isn't a folder"}.`,
    fix: "Choose another folder.",
    cause: denied,
  });
}

/** Why a folder can't be made; undefined if it can. Tried, as rights alone don't tell of disks that are full or read only. */
async function mkdirDenied(folder: string): Promise<Error | undefined> {
  try {
    await mkdir(folder);
    await rmdir(folder);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** Moves a finished folder into place, and what was there out of the way and then off the disk. */
async function moveIn(temporary: string, place: string): Promise<void> {
  const old = beside(place, "old");
  const wasThere = (await lstat(place).catch(absent)) !== undefined;
  if (wasThere) await rename(place, old);
  try {
    await rename(temporary, place);
  } catch (error) {
    // If another process was faster, its model is in place now: ours stays aside until the next write.
    if (wasThere) await rename(old, place).catch(() => undefined);
    throw error;
  }
  await flush(dirname(place));
  await removeTree(old);
}

/**
 * What processes that no longer run left beside `place`. One killed between the two renames of `moveIn` left no
 * target at all: its old folder is put back.
 */
async function recover(place: string): Promise<void> {
  const parent = dirname(place);
  for (const name of await readdir(parent).catch(() => [])) {
    const left = leftover(name, basename(place));
    if (left === undefined || isAlive(left.pid)) continue;
    const lost = left.kind === "old" && (await lstat(place).catch(absent)) === undefined;
    if (lost) await rename(join(parent, name), place);
    else await removeTree(join(parent, name));
  }
}

/** A name for a folder on the same disk as `place`, hidden, with the process that owns it. */
const beside = (place: string, kind: "tmp" | "old" | "try"): string =>
  join(dirname(place), `.${basename(place)}.${kind}-${process.pid}-${randomBytes(4).toString("hex")}`);

/** What `beside` said in a name, if the name is one of its. */
function leftover(name: string, target: string): { kind: string; pid: number } | undefined {
  if (!name.startsWith(`.${target}.`)) return undefined;
  const [, kind, pid] = /^(tmp|old|try)-(\d+)-[0-9a-f]{8}$/.exec(name.slice(target.length + 2)) ?? [];
  return kind === undefined ? undefined : { kind, pid: Number(pid) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 only asks
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** The absolute path; where the target is a link, of the folder behind it. */
const placeOf = (target: string): Promise<string> => realpath(target).catch(() => resolve(target));

async function flushTree(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) await flush(join(folder, name));
  await flush(folder);
}

/** Asks for the bytes of a file, or the names in a folder, to be on the disk. */
async function flush(path: string): Promise<void> {
  const windows = process.platform === "win32";
  // Windows flushes only files, and only those opened for writing.
  if (windows && (await stat(path)).isDirectory()) return;
  const file = await open(path, windows ? "r+" : "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes as much as it can; what stays is left to the next write. */
const removeTree = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true }).catch(() => undefined);

/** For `catch`: nothing at that path is an answer, any other failure stays one. */
function absent(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
}
