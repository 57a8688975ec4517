import fc from "fast-check";
import { expect, test } from "vitest";
import { decoded, encodingOf, INVALID } from "../../../src/data/rows/encoding.js";
import { cutAt } from "../../support/rows.js";
import { errorOf } from "../support.js";

const utf8 = (text: string) => new TextEncoder().encode(text);
const utf16 = (text: string) => new Uint8Array(Buffer.from(text, "utf16le"));
const utf16be = (text: string) => new Uint8Array(Buffer.from(text, "utf16le").swap16());
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const text = "text,label\nschöne Grüße,ham\n";

test.each<[string, Uint8Array, string, boolean]>([
  ["UTF-8", utf8(text), "utf-8", false],
  ["UTF-8 with a mark", utf8(`\uFEFF${text}`), "utf-8", true],
  ["ASCII", utf8("text,label\nabc,1\n"), "utf-8", false],
  ["nothing", new Uint8Array(0), "utf-8", false],
  ["UTF-16 with a mark", utf16(`\uFEFF${text}`), "utf-16le", true],
  ["UTF-16, high bytes first, with a mark", utf16be(`\uFEFF${text}`), "utf-16be", true],
  ["UTF-16", utf16(text), "utf-16le", false],
  ["UTF-16, high bytes first", utf16be(text), "utf-16be", false],
  ["Latin-1", latin1(text), "windows-1252", false],
  ["UTF-8 with a broken byte", Uint8Array.from([...utf8(text), 0xff, 10]), "utf-8", false],
  ["UTF-8 cut within a character", utf8("grün").subarray(0, 3), "utf-8", false],
  ["UTF-8 with a zero byte", utf8("a\0b"), "utf-8", false],
])("%s is told", async (_name, bytes, name, marked) => {
  expect(encodingOf(bytes, "t.csv")).toEqual({ name, marked });
});

test("what the user says wins, and has to be an encoding", () => {
  expect(encodingOf(utf8(text), "t.csv", "latin1")).toEqual({ name: "windows-1252", marked: false });
  expect(encodingOf(utf16be(`\uFEFF${text}`), "t.csv", "UTF-16").name).toBe("utf-16be");
  expect(encodingOf(utf16(text), "t.csv", "utf16").name).toBe("utf-16le");
  expect(errorOf(() => encodingOf(utf8(text), "t.csv", "klingon"))).toMatch(
    /^option-invalid: --encoding klingon is no encoding/,
  );
});

test("what is no text is refused", () => {
  const image = Uint8Array.from({ length: 4000 }, (_, i) => (i % 7 === 0 ? 0 : i % 256));
  expect(errorOf(() => encodingOf(image, "t.csv"))).toMatch(/^data-invalid: t\.csv is no text file/);
});

async function decode(bytes: Uint8Array, name: string, positions: readonly number[]): Promise<string> {
  let all = "";
  for await (const piece of decoded(cutAt(bytes, positions), { name, marked: false })) all += piece;
  return all;
}

const cuts = fc.array(fc.nat(100), { maxLength: 20 });
const unit = fc.constantFrom("a", "é", "€", "😀", "🐀", "\n", "\uFFFD", "\0", "\uFEFF");

test.each([
  ["utf-8", utf8],
  ["utf-16le", utf16],
  ["utf-16be", utf16be],
])("%s is decoded as it was, wherever it is cut", async (name, encode) => {
  const inUtf16 = name !== "utf-8";
  await fc.assert(
    fc.asyncProperty(fc.string({ unit }), cuts, async (text, positions) => {
      // in UTF-16 a replacement character is taken for what it replaced
      const told = inUtf16 ? text.replaceAll("\uFFFD", INVALID) : text;
      expect(await decode(encode(`\uFEFF${text}`), name, positions)).toBe(told);
    }),
  );
});

test("any bytes give the same text wherever they are cut: valid as it is, and marked where it isn't", async () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(bytes, cuts, async (bytes, positions) => {
      const whole = await decode(bytes, "utf-8", []);
      expect(await decode(bytes, "utf-8", positions)).toBe(whole);
      const plain = new TextDecoder().decode(bytes);
      expect(whole.replaceAll(INVALID, "\uFFFD")).toBe(plain);
    }),
    { numRuns: 1000 },
  );
});

test("windows-1252 has its own characters", async () => {
  expect(await decode(Uint8Array.from([0x80, 0x93, 0xe9, 0x94]), "windows-1252", [2])).toBe("€“é”");
});
