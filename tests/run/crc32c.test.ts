import { expect, test } from "vitest";
import { crc32c } from "../../src/run/crc32c.js";

const range = (from: number, step: number) => Uint8Array.from({ length: 32 }, (_, i) => from + step * i);

// RFC 3720, appendix B.4, and the usual check value of nine digits.
test.each([
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ["rising", range(0, 1), 0x46dd794e],
  ["falling", range(31, -1), 0x113fdb5c],
  ["123456789", new TextEncoder().encode("123456789"), 0xe3069283],
  ["nothing", new Uint8Array(0), 0],
])("CRC-32C of %s", (_name, bytes, crc) => {
  expect(crc32c(bytes)).toBe(crc);
});
