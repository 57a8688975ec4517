import { open, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type ErrorCode, TextgraftError } from "../base/errors.js";
import { type ByteSource, openWeights, type WeightFile } from "../model/safetensors.js";

/** A model as Hugging Face saves it: settings, tokenizer files and weights in one folder. */
export interface ModelFolder {
  /** The absolute path. */
  readonly path: string;
  /** config.json */
  readonly config: Readonly<Record<string, unknown>>;
  /** textgraft.json: how Textgraft made the folder. Undefined for the models of others. */
  readonly textgraft: Readonly<Record<string, unknown>> | undefined;
  readonly tokenizer: TokenizerFiles;
  readonly weights: WeightFile;
}

/** The tokenizer's files as texts; undefined where there is none. The JSON in them is valid. */
export interface TokenizerFiles {
  readonly tokenizerJson: string | undefined;
  readonly tokenizerConfigJson: string | undefined;
  readonly specialTokensMapJson: string | undefined;
  /** vocab.txt of old checkpoints, only where tokenizer.json is missing. */
  readonly vocabTxt: string | undefined;
}

/**
 * Opens a model folder: `config.json`, the tokenizer's files, and weights from `model.safetensors` or from the
 * shards that `model.safetensors.index.json` lists. Weights are read when they are asked for; nothing stays open.
 * Errors: `file-missing`, `config-invalid` (JSON, with line and column), `weights-invalid`, `model-invalid`.
 */
export async function openModelFolder(dir: string): Promise<ModelFolder> {
  const path = resolve(dir);
  const names = await listFolder(path);
  if (!names.includes("config.json")) {
    throw new TextgraftError("file-missing", {
      message: `${path} has no config.json; it holds ${shown(names)}.`,
      fix: `Name a folder with ${WANTED}.`,
    });
  }
  const text = async (name: string) => (names.includes(name) ? readText(join(path, name)) : undefined);
  const jsonText = async (name: string) => {
    const found = await text(name);
    if (found !== undefined) parseJson(found, join(path, name), "config-invalid");
    return found;
  };
  const config = await readObject(join(path, "config.json"), "config-invalid");
  const tokenizerJson = await jsonText("tokenizer.json");
  return {
    path,
    config,
    textgraft: names.includes("textgraft.json")
      ? await readObject(join(path, "textgraft.json"), "config-invalid")
      : undefined,
    tokenizer: {
      tokenizerJson,
      tokenizerConfigJson: await jsonText("tokenizer_config.json"),
      specialTokensMapJson: await jsonText("special_tokens_map.json"),
      vocabTxt: tokenizerJson === undefined ? await text("vocab.txt") : undefined,
    },
    weights: await openFolderWeights(path, names, config),
  };
}

/** The path of the encoder that comes with the package. */
export function embeddedModel(): string {
  return fileURLToPath(new URL("../../models/mini", import.meta.url));
}

/** A file to read by position. It is opened for each read only, and may not change between them (`weights-invalid`). */
export async function fileSource(path: string): Promise<ByteSource> {
  const first = await stat(path).catch(unreadable(path));
  return {
    name: path,
    size: first.size,
    read: async (offset, length) => {
      const file = await open(path).catch(unreadable(path));
      try {
        const now = await file.stat();
        if (now.ino !== first.ino || now.size !== first.size || now.mtimeMs !== first.mtimeMs) {
          throw new TextgraftError("weights-invalid", {
            message: `${path} changed while it was being read.`,
            fix: "Start again when nothing writes to it any more.",
          });
        }
        const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, offset);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
  };
}

export const SINGLE = "model.safetensors";
export const INDEX = "model.safetensors.index.json";
const WANTED = `config.json, tokenizer.json and ${SINGLE}`;

async function listFolder(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (cause) {
    switch (codeOf(cause)) {
      case "ENOENT":
        throw new TextgraftError("file-missing", {
          message: `There is no folder ${path}; a model folder with ${WANTED} was looked for.`,
          fix: "Check the path.",
          cause,
        });
      case "ENOTDIR":
        throw new TextgraftError("model-invalid", {
          message: `${path} is a file; a model is a folder with ${WANTED}.`,
          fix: `Name its folder, for example ${dirname(path)}.`,
          cause,
        });
      default:
        return unreadable(path)(cause);
    }
  }
}

async function openFolderWeights(
  path: string,
  names: readonly string[],
  config: Readonly<Record<string, unknown>>,
): Promise<WeightFile> {
  if (names.includes(SINGLE)) return openWeights(await fileSource(join(path, SINGLE)));
  if (names.includes(INDEX)) return openShards(path, names);
  const pickle = pickleOf(names);
  if (pickle === undefined) {
    throw new TextgraftError("file-missing", {
      message: `${path} has no weights: neither ${SINGLE} nor ${INDEX}; it holds ${shown(names)}.`,
      fix: `Name a folder with ${WANTED}.`,
    });
  }
  const [architecture] = Array.isArray(config.architectures) ? (config.architectures as unknown[]) : [];
  const folder = JSON.stringify(path);
  throw pickleRefusal({ place: path, pickle, architecture, source: folder, target: folder });
}

/** The file of a model's weights that is a pickle; undefined where there is none. */
export const pickleOf = (names: readonly string[]): string | undefined =>
  names.find((name) => /^pytorch_model.*\.bin$/.test(name));

/** Why weights that are only in a pickle aren't read, and how Python makes others of them. `source` and `target` are Python's literals. */
export function pickleRefusal({
  place,
  pickle,
  architecture,
  source,
  target,
}: {
  place: string;
  pickle: string;
  architecture: unknown;
  source: string;
  target: string;
}): TextgraftError {
  const className =
    typeof architecture === "string" && /^\w+$/.test(architecture) ? architecture : "AutoModel";
  return new TextgraftError("weights-invalid", {
    message: `${place} has its weights only in ${pickle}. Such a file is a pickle, and opening a pickle runs the code in it: Textgraft refuses.`,
    fix: `If you trust it, convert it once in Python: import transformers; transformers.${className}.from_pretrained(${source}).save_pretrained(${target}); ${tokenizerSnippet(source, target)}. That writes ${SINGLE} and tokenizer.json.`,
  });
}

/** How Python writes a tokenizer.json out of a model's older files. `source` and `target` are Python's literals. */
export const tokenizerSnippet = (source: string, target: string): string =>
  `transformers.AutoTokenizer.from_pretrained(${source}).save_pretrained(${target})`;

/** Shards behind one reader: the index says which file holds which tensor. */
async function openShards(path: string, names: readonly string[]): Promise<WeightFile> {
  const fileOf = await shardMap(join(path, INDEX));
  const files = [...new Set(fileOf.values())].sort();
  const missing = files.filter((file) => !names.includes(file));
  if (missing.length > 0) {
    throw new TextgraftError("file-missing", {
      message: `${path} lacks ${missing.length} of the ${files.length} files of weights that ${INDEX} lists: ${shown(missing)}.`,
      fix: "Download them into the folder.",
    });
  }
  const shards = new Map<string, WeightFile>();
  for (const file of files) shards.set(file, await openWeights(await fileSource(join(path, file))));
  // A name that the index doesn't know goes to the first shard, whose error names the nearest.
  const shardOf = (name: string) => shards.get(fileOf.get(name) ?? files[0]!)!;
  for (const name of fileOf.keys()) shardOf(name).shape(name);
  return {
    names: [...shards.values()]
      .flatMap((shard) => shard.names)
      .filter((name) => fileOf.has(name))
      .sort(),
    shape: (name) => shardOf(name).shape(name),
    read: (name) => shardOf(name).read(name),
    readInto: (name, target) => shardOf(name).readInto(name, target),
  };
}

/** Which file holds which tensor, by an index of shards. Throws `weights-invalid`. */
export async function shardMap(index: string): Promise<Map<string, string>> {
  const { weight_map: map } = await readObject(index, "weights-invalid");
  // Only plain names: an index must not lead out of its folder.
  const isShard = (file: unknown) => typeof file === "string" && /^[^/\\]+\.safetensors$/.test(file);
  if (isRecord(map) && Object.values(map).every(isShard))
    return new Map(Object.entries(map) as [string, string][]);
  throw new TextgraftError("weights-invalid", {
    message: `${index} needs a weight_map from tensor names to files such as model-00001-of-00002.safetensors.`,
    fix: "Download the folder again.",
  });
}

/** Reads a JSON file that holds an object. Throws `file-missing`, or `code` with line and column. */
export async function readObject(path: string, code: ErrorCode): Promise<Record<string, unknown>> {
  const value = parseJson(await readText(path), path, code);
  if (isRecord(value)) return value;
  throw new TextgraftError(code, {
    message: `${path} has to hold a JSON object, and holds ${Array.isArray(value) ? "an array" : JSON.stringify(value)}.`,
    fix: "Download or copy the file again.",
  });
}

/** UTF-8, with or without a byte order mark. */
async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readFile(path).catch(unreadable(path)));
}

function parseJson(text: string, path: string, code: ErrorCode): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const at = jsonBreaksAt(text);
    const before = text.slice(0, at).split("\n");
    const found = at < text.length ? JSON.stringify(text.slice(at, at + 12)) : "the end of the file";
    throw new TextgraftError(code, {
      message: `${path} is not valid JSON: line ${before.length}, column ${before.at(-1)!.length + 1} has ${found}.`,
      fix: "Correct it there, or download or copy the file again.",
      cause,
    });
  }
}

/** The index of the first token that JSON's grammar doesn't allow (JSON.parse doesn't always tell). https://www.rfc-editor.org/rfc/rfc8259 */
function jsonBreaksAt(text: string): number {
  const token =
    /([{}[\],:])|("(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])/y;
  const space = /[ \t\n\r]*/y;
  const open: ("{" | "[")[] = [];
  let expected: "value" | "value or ]" | "key" | "key or }" | ":" | "next" = "value";
  for (let at = 0; ; at = token.lastIndex) {
    space.lastIndex = at;
    space.test(text);
    at = token.lastIndex = space.lastIndex;
    const [found, mark, string] = token.exec(text) ?? [];
    if (found === undefined) return at;
    const closes = mark === (open.at(-1) === "{" ? "}" : "]");
    if (closes && open.length > 0 && (expected === "next" || expected.endsWith(`or ${mark}`))) {
      open.pop();
      expected = "next";
    } else if (expected.startsWith("value") && (mark === undefined || mark === "{" || mark === "[")) {
      if (mark !== undefined) open.push(mark);
      expected = mark === undefined ? "next" : mark === "{" ? "key or }" : "value or ]";
    } else if (expected.startsWith("key") && string !== undefined) expected = ":";
    else if (expected === ":" && mark === ":") expected = "value";
    else if (expected === "next" && mark === "," && open.length > 0)
      expected = open.at(-1) === "{" ? "key" : "value";
    else return at;
  }
}

/** For `catch`: the file-missing error of a path that exists perhaps, but can't be read. */
const unreadable =
  (path: string) =>
  (cause: unknown): never => {
    throw new TextgraftError("file-missing", {
      message: `${path} can't be read (${codeOf(cause)}).`,
      fix: "Check that it exists and that you may read it.",
      cause,
    });
  };

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Names for a message; many are cut short. */
export const shown = (names: readonly string[]): string =>
  names.length === 0
    ? "nothing"
    : names.slice(0, 8).join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "");
