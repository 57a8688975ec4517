import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { TextgraftError } from "../../src/base/errors.js";
import {
  type ByteSource,
  decode,
  encodeSafetensors,
  openWeights,
  parseHeader,
} from "../../src/model/safetensors.js";

const REFERENCE = new URL("../reference/bert/model.safetensors", import.meta.url);

test("a file laid out by hand is read", async () => {
  const json =
    '{"b":{"dtype":"BF16","shape":[3],"data_offsets":[12,18]},' +
    '"__metadata__":{"format":"pt"},' +
    '"ids":{"dtype":"I64","shape":[1,1],"data_offsets":[18,26]},' +
    '"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},' +
    '"h":{"dtype":"F16","shape":[2,1],"data_offsets":[8,12]}}';
  const bytes = Uint8Array.from([
    ...[json.length & 0xff, json.length >> 8, 0, 0, 0, 0, 0, 0],
    ...new TextEncoder().encode(json),
    ...[0x00, 0x00, 0x80, 0x3f], // 1
    ...[0x00, 0x00, 0x20, 0xc0], // -2.5
    ...[0x00, 0x3c, 0x01, 0x00], // 1, 2^-24
    ...[0x80, 0x3f, 0x49, 0x40, 0x80, 0xff], // 1, 3.140625, -Infinity
    ...[7, 0, 0, 0, 0, 0, 0, 0],
  ]);
  expect(parseHeader(bytes, bytes.length).metadata).toEqual({ format: "pt" });
  const weights = await openWeights(memory(bytes));
  expect(weights.names).toEqual(["a", "b", "h"]);
  expect(weights.shape("a")).toEqual([1, 2]);
  expect([...(await weights.read("a"))]).toEqual([1, -2.5]);
  expect([...(await weights.read("h"))]).toEqual([1, 2 ** -24]);
  expect([...(await weights.read("b"))]).toEqual([1, 3.140625, -Infinity]);
  // An integer buffer, as position_ids of old checkpoints, is there but isn't a weight.
  expect(weights.shape("ids")).toEqual([1, 1]);
  await expect(weights.read("ids")).rejects.toMatchObject({
    code: "weights-invalid",
    message: expect.stringMatching(/"ids" is stored as I64; weights are read from F32, F16, BF16/),
  });
});

test("what we write is byte for byte what the reference library wrote", async () => {
  const bytes = readFileSync(REFERENCE);
  const weights = await openWeights(memory(bytes));
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  // Reversed, so that the order of the file is the writer's doing.
  for (const name of [...weights.names].reverse()) {
    tensors.set(name, { shape: weights.shape(name), data: await weights.read(name) });
  }
  const { metadata } = parseHeader(bytes, bytes.length);
  expect(Buffer.concat(encodeSafetensors(tensors, metadata)).equals(bytes)).toBe(true);
});

test("all float16 codes have their values", () => {
  const codes = Uint16Array.from({ length: 65536 }, (_, code) => code);
  const values = decode("F16", new Uint8Array(codes.buffer), [256, 256]);
  const wrong = codes.filter((code) => !Object.is(values[code], halfByDefinition(code)));
  expect([...wrong]).toEqual([]);
});

test("all bfloat16 codes have their values, NaN payloads included", () => {
  const view = new DataView(new ArrayBuffer(4));
  const codes = Uint16Array.from({ length: 65536 }, (_, code) => code);
  const values = decode("BF16", new Uint8Array(codes.buffer), [65536]);
  const bits = new Uint32Array(values.buffer);
  const wrong = codes.filter((code) => {
    view.setUint16(0, code); // big-endian, so the upper half
    return bits[code] !== view.getUint32(0) || !Object.is(values[code], view.getFloat32(0));
  });
  expect([...wrong]).toEqual([]);
});

test("float32 keeps every bit, also from an odd address", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 64 }), (data) => {
      const bytes = data.subarray(0, data.length - (data.length % 4));
      const shifted = new Uint8Array(bytes.length + 1);
      shifted.set(bytes, 1);
      const values = decode("F32", shifted.subarray(1), [bytes.length / 4]);
      expect(new Uint8Array(values.buffer)).toEqual(Uint8Array.from(bytes));
      const halves = decode("F16", shifted.subarray(1), [bytes.length / 2]);
      expect(halves).toEqual(decode("F16", Uint8Array.from(bytes), [bytes.length / 2]));
    }),
  );
});

test("any tensors survive a round trip", async () => {
  const floats = fc.float32Array({ maxLength: 12 });
  const name = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("0", "10", "9", "__proto__", "toString"),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.tuple(name, floats), { maxLength: 6, selector: ([key]) => key }),
      fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
      async (entries, metadata) => {
        fc.pre(entries.every(([key]) => key !== "__metadata__"));
        const tensors = new Map(entries.map(([key, data]) => [key, { shape: [1, data.length], data }]));
        const bytes = Buffer.concat(encodeSafetensors(tensors, metadata));
        const header = parseHeader(bytes, bytes.length);
        expect(header.metadata).toEqual(metadata);
        expect([...header.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
        expect(Number(bytes.readBigUInt64LE(0)) % 8).toBe(0);
        const weights = await openWeights(memory(bytes));
        expect(weights.names).toEqual([...tensors.keys()].sort());
        for (const [key, { shape, data }] of tensors) {
          expect(weights.shape(key)).toEqual(shape);
          const read = await weights.read(key);
          expect(
            Buffer.from(read.buffer).equals(Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
          ).toBe(true);
        }
      },
    ),
  );
});

test("a large tensor is read in pieces, into memory that is there", async () => {
  const data = Float32Array.from({ length: 2_500_001 }, (_, i) => i);
  const tensors = new Map([
    ["large", { shape: [2_500_001], data }],
    ["small", { shape: [], data: new Float32Array([5]) }],
  ]);
  let largest = 0;
  const source = memory(Buffer.concat(encodeSafetensors(tensors)));
  const weights = await openWeights({
    size: source.size,
    read: (offset, length) => {
      largest = Math.max(largest, length);
      return source.read(offset, length);
    },
  });
  const target = new Float32Array(data.length + 2);
  await weights.readInto("large", target.subarray(1, -1));
  expect(Buffer.from(target.buffer, 4, data.byteLength).equals(Buffer.from(data.buffer))).toBe(true);
  expect([target[0], target.at(-1)]).toEqual([0, 0]);
  expect(largest).toBeLessThan(data.byteLength / 2);
  await expect(weights.readInto("large", target)).rejects.toMatchObject({ code: "internal" });
  await expect(weights.read("larges")).rejects.toMatchObject({
    code: "weights-invalid",
    message: expect.stringContaining('no tensor "larges"; the nearest name is "large"'),
  });
});

test("a source that ends while it is read is an error, not zeros", async () => {
  const bytes = Buffer.concat(encodeSafetensors(new Map([["x", { shape: [9], data: new Float32Array(9) }]])));
  const weights = await openWeights({
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, Math.min(offset + length, bytes.length - 4)),
  });
  await expect(weights.read("x")).rejects.toMatchObject({
    message: expect.stringContaining("gave 32 of the 36"),
  });
});

const F32 = (shape: number[], from: number, to: number) => ({
  dtype: "F32",
  shape,
  data_offsets: [from, to],
});

test.each<[string, Uint8Array, RegExp]>([
  ["empty file", new Uint8Array(0), /at least 8 bytes, this one 0/],
  ["seven bytes", new Uint8Array(7), /at least 8 bytes, this one 7/],
  ["Git LFS pointer", Buffer.from("version https://git-lfs.github.com/spec/v1\n"), /Git LFS pointer/],
  ["header above the cap", lengthOnly(25_000_001n), /claims 25000001 bytes, more than the 25000000/],
  ["header length of 2^64 - 1", lengthOnly(2n ** 64n - 1n), /claims 18446744073709551615 bytes/],
  ["header beyond the file", lengthOnly(100n), /header ends at byte 108, the file at byte 8/],
  ["header not JSON", file("{,}", 0), /isn't JSON in UTF-8/],
  ["header not UTF-8", file(Buffer.from([0x7b, 0xff, 0x7d]), 0), /isn't JSON in UTF-8/],
  ["header an array", file("[]", 0), /isn't a JSON object/],
  ["header begins with a space", file(" {}", 0), /isn't a JSON object/],
  ["metadata not strings", file({ __metadata__: { step: 3 } }, 0), /__metadata__ has to be/],
  [
    "entry without offsets",
    file({ x: { dtype: "F32", shape: [1] } }, 4),
    /tensor "x" needs dtype, shape and two/,
  ],
  ["entry null", file({ x: null }, 4), /tensor "x" needs .* has null/],
  ["three offsets", file({ x: { ...F32([1], 0, 4), data_offsets: [0, 2, 4] } }, 4), /two data_offsets/],
  ["negative dimension", file({ x: F32([-1], 0, 4) }, 4), /tensor "x" needs/],
  ["fractional dimension", file({ x: F32([0.5], 0, 2) }, 2), /tensor "x" needs/],
  ["negative offset", file({ x: F32([1], -4, 0) }, 4), /tensor "x" needs/],
  ["end before begin", file({ x: F32([1], 4, 0) }, 4), /takes 4 bytes; its offsets 4 to 0 hold -4/],
  ["unknown dtype", file({ x: { ...F32([1], 0, 4), dtype: "F31" } }, 4), /"x" has the unknown dtype "F31"/],
  [
    "inherited dtype",
    file({ x: { ...F32([1], 0, 4), dtype: "constructor" } }, 4),
    /unknown dtype "constructor"/,
  ],
  [
    "shape and size differ",
    file({ x: F32([2, 3], 0, 20) }, 20),
    /"x", F32 \[2,3\], takes 24 bytes; .* hold 20/,
  ],
  ["huge shape", file({ x: F32([2 ** 50, 2 ** 50, 2 ** 50], 0, 4) }, 4), /takes 5\.7.*e\+45 bytes/],
  ["huge shape with a zero", file({ x: F32([...Array(40).fill(2 ** 50), 0], 0, 0) }, 0), /takes NaN bytes/],
  ["file cut short", file({ x: F32([2], 0, 8) }, 7), /cut short: .* "x" ends at \d+, the file at \d+/],
  [
    "bytes after the end",
    file({ x: F32([2], 0, 8) }, 9),
    /its tensors end at byte \d+, the file at byte \d+/,
  ],
  ["bytes without tensors", file({}, 1), /its tensors end at byte/],
  ["hole", file({ a: F32([1], 0, 4), b: F32([1], 8, 12) }, 12), /"b" leaves a hole after "a"/],
  ["hole at the start", file({ a: F32([1], 4, 8) }, 8), /"a" leaves a hole after the header/],
  ["overlap", file({ a: F32([2], 0, 8), b: F32([2], 4, 12) }, 12), /"b" overlaps "a"/],
  ["the same bytes twice", file({ a: F32([1], 0, 4), b: F32([1], 0, 4) }, 4), /overlaps/],
])("refused: %s", async (_what, bytes, message) => {
  const error = await openWeights(memory(bytes, "dir/model.safetensors")).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TextgraftError);
  expect(error).toMatchObject({ code: "weights-invalid", message: expect.stringMatching(message) });
  expect((error as TextgraftError).message).toContain("dir/model.safetensors");
  expect((error as TextgraftError).fix).toBeTruthy();
});

test("tensors without elements, and a file without tensors, are fine", async () => {
  const header = { b: F32([1], 0, 4), a: F32([0, 7], 0, 0), c: F32([0], 4, 4) };
  const weights = await openWeights(memory(file(header, 4)));
  expect([...(await weights.read("a"))]).toEqual([]);
  expect((await openWeights(memory(file({}, 0)))).names).toEqual([]);
});

test("whatever bytes are damaged, the answer is weights-invalid or a file that reads", async () => {
  const intact = Buffer.concat(
    encodeSafetensors(
      new Map([
        ["a", { shape: [2], data: new Float32Array(2) }],
        ["b", { shape: [], data: new Float32Array(1) }],
      ]),
    ),
  );
  const damage = fc.array(fc.tuple(fc.nat(intact.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(damage, fc.nat(intact.length), async (changes, cut) => {
      const bytes = Uint8Array.from(intact);
      for (const [at, value] of changes) bytes[at] = value;
      for (const candidate of [bytes, intact.subarray(0, cut)]) {
        try {
          const weights = await openWeights(memory(candidate));
          for (const name of weights.names) await weights.read(name);
        } catch (error) {
          expect(error).toMatchObject({ code: "weights-invalid" });
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test("encoding refuses tensors that contradict themselves", () => {
  const data = new Float32Array(3);
  expect(() => encodeSafetensors(new Map([["x", { shape: [2], data }]]))).toThrow(
    /"x" of shape \[2\] with 3/,
  );
  expect(() => encodeSafetensors(new Map([["__metadata__", { shape: [3], data }]]))).toThrow(TextgraftError);
  expect(() => decode("F32", new Uint8Array(8), [3])).toThrow(/takes 12 bytes, not 8/);
  expect(() => decode("toString", new Uint8Array(8), [2])).toThrow(/stored as toString/);
});

function memory(bytes: Uint8Array, name?: string): ByteSource {
  return {
    ...(name === undefined ? {} : { name }),
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
}

/** Length, header (an object is written as JSON) and `size` bytes of zeros. */
function file(header: object | string | Buffer, size: number): Buffer {
  const text = Buffer.isBuffer(header) || typeof header === "string" ? header : JSON.stringify(header);
  const json = Buffer.from(text as string);
  return Buffer.concat([lengthOnly(BigInt(json.length)), json, Buffer.alloc(size)]);
}

function lengthOnly(length: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(length);
  return bytes;
}

/** IEEE 754 binary16 in plain arithmetic: (-1)^s · 2^(e-15) · (1 + m/1024), subnormals 2^-14 · m/1024. */
function halfByDefinition(code: number): number {
  const sign = code >= 0x8000 ? -1 : 1;
  const exponent = Math.floor(code / 1024) % 32;
  const mantissa = code % 1024;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : Number.NaN;
  return (
    sign * (exponent === 0 ? 2 ** -14 * (mantissa / 1024) : 2 ** (exponent - 15) * (1 + mantissa / 1024))
  );
}
