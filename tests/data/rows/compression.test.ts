import { spawnSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinBytes } from "../../../src/data/rows/bytes.js";
import { compressionOf, unpacked } from "../../../src/data/rows/compression-node.js";
import { cutAt } from "../../support/rows.js";

const text = Array.from({ length: 30_000 }, (_, i) => `text number ${i * 7919},${i % 3}\n`).join("");
const content = new TextEncoder().encode(text);

const zstd = (bytes: Uint8Array, ...flags: string[]) => {
  const { stdout, status } = spawnSync("zstd", ["-q", "-c", ...flags], { input: bytes, maxBuffer: 2 ** 26 });
  return status === 0 ? new Uint8Array(stdout) : undefined;
};

/** The program zstd, which is independent of what reads here. */
const packedByZstd = zstd(content);
if (packedByZstd === undefined) console.warn("Skipped: there is no program zstd to make files with.");

async function unpack(bytes: AsyncIterable<Uint8Array>, compression: "gzip" | "zstd"): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of unpacked(bytes, compression, "t.csv.gz")) chunks.push(chunk.slice());
  return joinBytes(chunks);
}

test("gzip is told and unpacked wherever the stream is cut, also of several parts", async () => {
  const half = content.length / 2;
  const packed = new Uint8Array(
    joinBytes([content.subarray(0, half), content.subarray(half)].map((part) => gzipSync(part))),
  );
  expect(compressionOf(packed)).toBe("gzip");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(packed.length), { maxLength: 20 }), async (positions) => {
      expect(Buffer.from(await unpack(cutAt(packed, positions), "gzip")).equals(content)).toBe(true);
    }),
    { numRuns: 10 },
  );
});

describe.skipIf(packedByZstd === undefined)("zstd", () => {
  test.each([[[]], [["-19"]], [["--no-check"]], [["--long=25"]]])(
    "made with %j is unpacked",
    async (flags) => {
      const packed = zstd(content, ...flags)!;
      expect(compressionOf(packed)).toBe("zstd");
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(packed.length), { maxLength: 20 }), async (positions) => {
          expect(Buffer.from(await unpack(cutAt(packed, positions), "zstd")).equals(content)).toBe(true);
        }),
        { numRuns: 10 },
      );
    },
  );

  test("of several frames is unpacked to the end", async () => {
    const packed = joinBytes([packedByZstd!, packedByZstd!]);
    const twice = Buffer.concat([content, content]);
    for (const cuts of [[], [packedByZstd!.length], [100, packedByZstd!.length + 3]]) {
      expect(Buffer.from(await unpack(cutAt(packed, cuts), "zstd")).equals(twice)).toBe(true);
    }
  });
});

test.each([
  ["gzip", new Uint8Array(gzipSync(content))],
  ["zstd", packedByZstd],
] as const)("a %s stream that ends early or is damaged is refused", async (compression, packed) => {
  if (packed === undefined) return;
  const short = packed.subarray(0, packed.length - 2000);
  await expect(unpack(cutAt(short, [5000]), compression)).rejects.toMatchObject({
    code: "data-invalid",
    message: expect.stringContaining(`t.csv.gz can't be unpacked as ${compression}`),
  });
  const damaged = Uint8Array.from(packed);
  damaged.fill(0xaa, 1000, 3000);
  await expect(unpack(cutAt(damaged, []), compression)).rejects.toMatchObject({ code: "data-invalid" });
});
