import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteStore, type Spill } from "../../src/data/byte-store.js";
import { openSpill } from "../../src/data/spill-node.js";

/** A spill in memory. */
function plainSpill(): Spill {
  const bytes: number[] = [];
  return {
    append: (more) => void bytes.push(...more),
    read: (target, position) => target.set(bytes.slice(position, position + target.length)),
  };
}

const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 60 });
const places = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 });

test.each([
  ["in memory", undefined, 1000],
  ["beyond 0 bytes in a spill", plainSpill, 0],
  ["beyond 100 bytes in a spill", plainSpill, 100],
  ["beyond 100 bytes in a temporary file", openSpill, 100],
])("bytes are read back from any place, also between appends: %s", (_name, open, inMemory) => {
  fc.assert(
    fc.property(pieces, places, (pieces, places) => {
      const store = new ByteStore(open, inMemory);
      const all: number[] = [];
      for (const [i, piece] of pieces.entries()) {
        store.append(piece);
        all.push(...piece);
        for (const [a, b] of places.slice(i, i + 2)) {
          const [start, end] = [a % (all.length + 1), b % (all.length + 1)].sort((x, y) => x - y);
          expect([...store.read(start!, end!)]).toEqual(all.slice(start, end));
        }
      }
      expect(store.length).toBe(all.length);
    }),
  );
});

test("what is read in order is read ahead in large pieces, and jumps read no more than they need", () => {
  const sizes: number[] = [];
  const open = (): Spill => {
    const spill = openSpill();
    return {
      append: spill.append,
      read(target, position) {
        sizes.push(target.length);
        spill.read(target, position);
      },
    };
  };
  const store = new ByteStore(open, 0);
  for (let i = 0; i < 20_000; i++) store.append(Uint8Array.from({ length: 100 }, () => i % 251));
  const spilled = 1_700_000; // what is behind it still waits to be written
  for (let at = 0; at < spilled; at += 100) store.read(at, at + 100);
  expect(sizes.length).toBeLessThan(10);
  sizes.length = 0;
  for (const at of [1_000_000, 5_000, 1_500_000, 700_000]) store.read(at, at + 100);
  expect(sizes).toEqual([100, 100, 100, 100]);
});
