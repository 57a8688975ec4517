import { closest, TextgraftError } from "../base/errors.js";
import { widenedBits } from "../base/float16.js";
import { roundUp } from "../base/numbers.js";
import { sizeOf } from "../base/tensor.js";

/** Bytes that can be read by position: a file, a Blob, memory. */
export interface ByteSource {
  /** Length in bytes. */
  readonly size: number;
  /** What errors call it, such as the file's path. */
  readonly name?: string;
  /** The `length` bytes from `offset` on; fewer only where the source ends early. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Named float tensors, read on demand as float32. */
export interface WeightFile {
  /** The tensors of floating-point numbers, by name. Integer buffers such as `position_ids` aren't weights and are left out. */
  readonly names: readonly string[];
  /** The shape of any stored tensor, integer buffers included. */
  shape(name: string): readonly number[];
  /** A tensor as float32, row-major. */
  read(name: string): Promise<Float32Array>;
  /** Like `read`, into memory that exists already and has exactly the tensor's number of elements. */
  readInto(name: string, target: Float32Array): Promise<void>;
}

/** Where a tensor lies: bytes `begin` (included) to `end` (excluded) counted from the start of the file. */
export interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * Opens a safetensors file. Only the header is read here; tensors are read by position, in pieces, so that
 * a file of any size needs no second copy in memory. Throws `weights-invalid` for every way a file can be broken.
 */
export async function openWeights(source: ByteSource): Promise<WeightFile> {
  const file = source.name ?? "The weights file";
  const prefix = await readExactly(source, file, 0, Math.min(PREFIX, source.size));
  const headerBytes = await readExactly(source, file, 0, headerEnd(prefix, source.size, file));
  const { tensors } = parseHeader(headerBytes, source.size, file);

  const stored = (name: string): StoredTensor => {
    const tensor = tensors.get(name);
    if (tensor !== undefined) return tensor;
    const near = closest(name, [...tensors.keys()]);
    throw new TextgraftError("weights-invalid", {
      message: `${file} has no tensor "${name}"${near === undefined ? "" : `; the nearest name is "${near}"`}.`,
      fix: "Use weights that fit the folder's config.json.",
    });
  };

  const readInto = async (name: string, target: Float32Array): Promise<void> => {
    const { dtype, shape, begin, end } = stored(name);
    const { width, convert } = conversion(dtype, `${file}: tensor "${name}"`);
    if (target.length !== sizeOf(shape)) {
      const found = `"${name}" has ${sizeOf(shape)} elements, the memory for it ${target.length}`;
      throw new TextgraftError("internal", { message: `${file}: ${found}.` });
    }
    for (let at = begin; at < end; at += PIECE) {
      const length = Math.min(PIECE, end - at);
      const first = (at - begin) / width;
      convert(await readExactly(source, file, at, length), target.subarray(first, first + length / width));
    }
  };

  return {
    names: [...tensors.keys()].filter((name) => /^B?F\d/.test(tensors.get(name)!.dtype)).sort(),
    shape: (name) => stored(name).shape,
    read: async (name) => {
      const target = new Float32Array(sizeOf(stored(name).shape));
      await readInto(name, target);
      return target;
    },
    readInto,
  };
}

/**
 * The header of a safetensors file: 8 bytes of length (little-endian), then JSON of at most 25,000,000 bytes.
 * `bytes` are the file's first bytes, the whole header at least; `fileSize` is the length of the whole file,
 * which the tensors have to cover without holes or overlaps. https://huggingface.co/docs/safetensors
 */
export function parseHeader(bytes: Uint8Array, fileSize: number, file = "The weights file"): Header {
  const dataStart = headerEnd(bytes, fileSize, file);
  const { __metadata__: metadata = {}, ...entries } = parseObject(bytes.subarray(PREFIX, dataStart), file);
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    throw broken(file, "__metadata__ has to be an object of strings");
  }
  const tensors = Object.entries(entries)
    .map(([name, entry]): [string, StoredTensor] => [name, parseEntry(name, entry, dataStart, file)])
    .sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  checkCoverage(tensors, dataStart, fileSize, file);
  return { metadata: metadata as Record<string, string>, tensors: new Map(tensors) };
}

/** The little-endian bytes of an F32, F16 or BF16 tensor as float32: exact, subnormals, infinities and NaN included. */
export function decode(dtype: string, bytes: Uint8Array, shape: readonly number[]): Float32Array {
  const { width, convert } = conversion(dtype, "A tensor");
  if (bytes.length !== sizeOf(shape) * width) {
    throw broken("A tensor", `${dtype} [${shape}] takes ${sizeOf(shape) * width} bytes, not ${bytes.length}`);
  }
  const target = new Float32Array(sizeOf(shape));
  convert(bytes, target);
  return target;
}

/**
 * A safetensors file of float32 tensors in order of their names, byte for byte as the reference library writes it.
 * The chunks are views of the given data, not copies; Node's `writeFile` takes them as they are.
 * Empty metadata is left out.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>,
  metadata: Readonly<Record<string, string>> = { format: "pt" },
): Uint8Array[] {
  const names = [...tensors.keys()].sort();
  const fields = Object.keys(metadata).length === 0 ? [] : [`"__metadata__":${JSON.stringify(metadata)}`];
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const name of names) {
    const { shape, data } = tensors.get(name)!;
    if (data.length !== sizeOf(shape) || name === "__metadata__") {
      const found = `a tensor "${name}" of shape [${shape}] with ${data.length} elements`;
      throw new TextgraftError("internal", { message: `Can't write ${found}.` });
    }
    const end = offset + data.byteLength;
    // Written field by field: a JavaScript object would move names such as "0" to the front.
    fields.push(
      `${JSON.stringify(name)}:{"dtype":"F32","shape":${JSON.stringify(shape)},"data_offsets":[${offset},${end}]}`,
    );
    chunks.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset = end;
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const header = new Uint8Array(PREFIX + roundUp(json.length, 8)).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - PREFIX), true);
  header.set(json, PREFIX);
  return [header, ...chunks];
}

/** Bytes of the header's length. */
const PREFIX = 8;
/** The header cap of huggingface.js, four times stricter than that of the reference library. */
const MAX_HEADER = 25_000_000;
/** Bytes read at a time; a multiple of every element width. */
const PIECE = 4 * 2 ** 20;

/** Bytes per element of the types of the format. Those of less than a byte (F4, F6) are unknown here. */
const WIDTHS: ReadonlyMap<string, number> = new Map([
  ...["BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"].map((dtype) => [dtype, 1] as const),
  ...["I16", "U16", "F16", "BF16"].map((dtype) => [dtype, 2] as const),
  ...["I32", "U32", "F32"].map((dtype) => [dtype, 4] as const),
  ...["I64", "U64", "F64", "C64"].map((dtype) => [dtype, 8] as const),
]);

/** How many bytes of the file come before the tensors' data; `bytes` hold the first 8 at least. */
function headerEnd(bytes: Uint8Array, fileSize: number, file: string): number {
  if (fileSize < PREFIX || bytes.length < PREFIX) {
    throw broken(file, `a safetensors file has at least ${PREFIX} bytes, this one ${fileSize}`);
  }
  if (new TextDecoder().decode(bytes.subarray(0, PREFIX)) === "version ") {
    throw new TextgraftError("weights-invalid", {
      message: `${file} begins like a Git LFS pointer, not like a safetensors file.`,
      fix: "Fetch the file itself with `git lfs pull`.",
    });
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER) {
    throw broken(file, `its header claims ${length} bytes, more than the ${MAX_HEADER} allowed`);
  }
  const end = PREFIX + Number(length);
  if (end > fileSize) throw broken(file, `its header ends at byte ${end}, the file at byte ${fileSize}`);
  return end;
}

function parseObject(bytes: Uint8Array, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw broken(file, `its header isn't JSON in UTF-8 (${(cause as Error).message})`, cause);
  }
  if (!isObject(value) || bytes[0] !== 0x7b) throw broken(file, "its header isn't a JSON object");
  return value;
}

function parseEntry(name: string, entry: unknown, dataStart: number, file: string): StoredTensor {
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
  if (typeof dtype !== "string" || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    const wanted = "dtype, shape and two data_offsets";
    throw broken(file, `tensor "${name}" needs ${wanted}, and has ${JSON.stringify(entry)}`);
  }
  const width = WIDTHS.get(dtype);
  if (width === undefined) {
    throw broken(
      file,
      `tensor "${name}" has the unknown dtype "${dtype}"; known are ${[...WIDTHS.keys()].join(" ")}`,
    );
  }
  const [from, to] = offsets as [number, number];
  const needed = sizeOf(shape) * width;
  if (to - from !== needed) {
    throw broken(
      file,
      `tensor "${name}", ${dtype} [${shape}], takes ${needed} bytes; its offsets ${from} to ${to} hold ${to - from}`,
    );
  }
  return { dtype, shape, begin: dataStart + from, end: dataStart + to };
}

/** Sorted by position, every tensor begins where the one before ends, and the last ends with the file. */
function checkCoverage(
  tensors: [string, StoredTensor][],
  dataStart: number,
  fileSize: number,
  file: string,
): void {
  const last = tensors.reduce((end, [, tensor]) => Math.max(end, tensor.end), dataStart);
  if (last > fileSize) {
    const beyond = tensors.find(([, tensor]) => tensor.end > fileSize)!;
    throw broken(
      file,
      `it is cut short: its header promises ${last} bytes, "${beyond[0]}" ends at ${beyond[1].end}, the file at ${fileSize}`,
    );
  }
  let [previous, covered] = ["the header", dataStart];
  for (const [name, { begin, end }] of tensors) {
    if (begin !== covered) {
      const problem = begin < covered ? "overlaps" : "leaves a hole after";
      throw broken(
        file,
        `tensor "${name}" ${problem} ${previous}: it begins at byte ${begin}, not ${covered}`,
      );
    }
    [previous, covered] = [`"${name}"`, end];
  }
  if (last < fileSize) throw broken(file, `its tensors end at byte ${last}, the file at byte ${fileSize}`);
}

interface Conversion {
  readonly width: number;
  convert(bytes: Uint8Array, target: Float32Array): void;
}

function conversion(dtype: string, what: string): Conversion {
  const found = CONVERSIONS.get(dtype);
  if (found !== undefined) return found;
  throw new TextgraftError("weights-invalid", {
    message: `${what} is stored as ${dtype}; weights are read from ${[...CONVERSIONS.keys()].join(", ")}.`,
    fix: "Save the model again in float32, float16 or bfloat16.",
  });
}

// Bits are moved as integers, so that no float operation can quieten a NaN. All of today's hosts are little-endian.
const CONVERSIONS: ReadonlyMap<string, Conversion> = new Map([
  ["F32", { width: 4, convert: copy }],
  ["F16", { width: 2, convert: (bytes, target) => widen(bytes, target, widenedBits) }],
  // A bfloat16 is the upper half of a float32.
  ["BF16", { width: 2, convert: (bytes, target) => widen(bytes, target, (code) => code << 16) }],
]);

function copy(bytes: Uint8Array, target: Float32Array): void {
  new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(bytes);
}

function widen(bytes: Uint8Array, target: Float32Array, bitsOf: (code: number) => number): void {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
  const codes = new Uint16Array(aligned.buffer, aligned.byteOffset, target.length);
  const bits = new Int32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < bits.length; i++) bits[i] = bitsOf(codes[i]!);
}

async function readExactly(
  source: ByteSource,
  file: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = await source.read(offset, length);
  if (bytes.length === length) return bytes;
  throw broken(
    file,
    `it gave ${bytes.length} of the ${length} bytes at ${offset}; it changed while it was read`,
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);

function broken(file: string, found: string, cause?: unknown): TextgraftError {
  return new TextgraftError("weights-invalid", {
    message: `${file}: ${found}.`,
    fix: "Download or copy the file again; if it stays so, ask whoever made it.",
    cause,
  });
}
