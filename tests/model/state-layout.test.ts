import fc from "fast-check";
import { expect, test } from "vitest";
import { sizeOf } from "../../src/base/tensor.js";
import type { ParameterSpec } from "../../src/model/parameters.js";
import { planState } from "../../src/model/state-layout.js";

const parameter = (name: string, shape: number[], exempt = false): ParameterSpec => ({
  name,
  shape,
  initializer: { kind: "constant", value: 0 },
  exempt,
});

const parameters = fc
  .array(
    fc.record({
      shape: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 2 }),
      exempt: fc.boolean(),
      frozen: fc.boolean(),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((given) => ({
    specs: given.map(({ shape, exempt }, i) => parameter(`p${i}`, shape, exempt)),
    frozen: new Set(given.flatMap(({ frozen }, i) => (frozen ? [`p${i}`] : []))),
  }));

test("every parameter has a place of its own, on a cache line, in a shard of its group and within the limit", () => {
  fc.assert(
    fc.property(
      parameters,
      fc.boolean(),
      fc.integer({ min: 9, max: 100 }),
      ({ specs, frozen }, decayAll, lines) => {
        const maxRegionBytes = 64 * lines; // the largest parameter has 576 bytes
        const { shards, placements } = planState(specs, { frozen, decayAll, maxRegionBytes });
        expect([...placements.keys()]).toEqual(specs.map(({ name }) => name));

        const used = shards.map(({ bytes }) => new Uint8Array(bytes / 64));
        for (const [name, { spec, shard, offset, transposed }] of placements) {
          expect(spec).toBe(specs.find((other) => other.name === name));
          const group = frozen.has(name) ? "frozen" : spec.exempt && !decayAll ? "exempt" : "decayed";
          expect(shards[shard]!.group).toBe(group);
          expect(transposed).toBe(false);
          expect(offset % 64).toBe(0);
          const end = Math.ceil((offset + 4 * sizeOf(spec.shape)) / 64);
          expect(end).toBeLessThanOrEqual(used[shard]!.length);
          for (let line = offset / 64; line < end; line++) used[shard]![line]!++;
        }
        // No line has two parameters, and none is wasted.
        for (const lines of used) expect(new Set(lines)).toEqual(new Set([1]));
        for (const { group, bytes } of shards)
          expect(bytes).toBeLessThanOrEqual(group === "frozen" ? 2 * maxRegionBytes : maxRegionBytes);
      },
    ),
    { seed: 1 },
  );
});

test("parameters follow each other in the model's order, and a new shard begins where one is full", () => {
  const specs = [parameter("a", [16]), parameter("b", [17]), parameter("c", [16]), parameter("d", [1])];
  const { shards, placements } = planState(specs, {
    frozen: new Set(),
    decayAll: false,
    maxRegionBytes: 192,
  });
  expect(shards).toEqual([
    { group: "decayed", bytes: 192 },
    { group: "decayed", bytes: 128 },
  ]);
  expect([...placements.values()].map(({ shard, offset }) => [shard, offset])).toEqual([
    [0, 0],
    [0, 64],
    [1, 0],
    [1, 64],
  ]);
});

test("a matrix may be stored transposed", () => {
  const { placements } = planState([parameter("weight", [2, 3]), parameter("table", [4, 2])], {
    frozen: new Set(),
    decayAll: false,
    maxRegionBytes: 1024,
    transposed: ({ name }) => name === "weight",
  });
  expect([...placements.values()].map(({ transposed }) => transposed)).toEqual([true, false]);
});

test("a parameter that fits into no piece of memory is told, unless it is frozen", () => {
  const options = { decayAll: false, maxRegionBytes: 64 };
  const specs = [parameter("bias", [3]), parameter("word_embeddings.weight", [17, 1])];
  expect(() => planState(specs, { ...options, frozen: new Set() })).toThrow(
    expect.objectContaining({
      code: "model-invalid",
      message: expect.stringContaining("word_embeddings.weight has 17 elements"),
      fix: expect.stringContaining("--freeze"),
    }),
  );
  const { shards } = planState(specs, { ...options, frozen: new Set(["word_embeddings.weight"]) });
  expect(shards.map(({ group }) => group)).toEqual(["decayed", "frozen"]);
});
