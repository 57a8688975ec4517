import fc from "fast-check";
import { expect, test } from "vitest";
import { type Random, random } from "../../src/base/random.js";
import { breathing } from "../../src/base/steps.js";
import { leaks } from "../../src/data/leaks.js";
import { jaccard, shinglesOf, signatureOf, signatureSize } from "../../src/data/minhash.js";
import {
  findNearDuplicates,
  nearDuplicates,
  nearThreshold,
  normalized,
} from "../../src/data/near-duplicates.js";
import { openSpill } from "../../src/data/spill-node.js";
import { datasetOfLabels } from "./support.js";

/** Jaccard similarity by its definition, over strings. */
function plainJaccard(a: string, b: string): number {
  const shingles = (text: string) =>
    new Set(Array.from({ length: Math.max(1, text.length - 4) }, (_, start) => text.slice(start, start + 5)));
  const [left, right] = [shingles(a), shingles(b)];
  const shared = [...left].filter((shingle) => right.has(shingle)).length;
  return shared / (left.size + right.size - shared);
}

const vocabulary = Array.from({ length: 2000 }, (_, index) => {
  const stream = random(index);
  return Array.from({ length: 2 + stream.int(8) }, () => String.fromCharCode(97 + stream.int(26))).join("");
});

const sentence = (words: number, stream: Random): string[] =>
  Array.from({ length: words }, () => vocabulary[stream.int(vocabulary.length)]!);

test("shingle sets have the Jaccard similarity of the definition", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c", " "), maxLength: 60 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(jaccard(shinglesOf(a), shinglesOf(b))).toBeCloseTo(plainJaccard(a, b), 12);
    }),
  );
});

test.each([20, 400])("signatures of %i words estimate it without bias", (words) => {
  const stream = random(5);
  let error = 0;
  const pairs = 300;
  for (let pair = 0; pair < pairs; pair++) {
    const a = sentence(words, stream);
    const b = a.map((word) => (stream.uniform() < 0.1 ? vocabulary[stream.int(2000)]! : word));
    const [x, y] = [shinglesOf(a.join(" ")), shinglesOf(b.join(" "))];
    const [left, right] = [signatureOf(x), signatureOf(y)];
    const agreeing = left.filter((hash, place) => hash === right[place]).length;
    error += agreeing / signatureSize - jaccard(x, y);
  }
  // standard error of the mean: at most √(¼ / 100 / 300) ≈ 0.003 with 100 independent places or more
  expect(Math.abs(error / pairs)).toBeLessThan(0.015);
});

test("case and white space make no difference, labels and order of rows neither", () => {
  const { groups, groupCount, repeated } = nearDuplicates([
    "Win  a\nprize",
    "hello",
    " win A prize ",
    "",
    "  ",
  ]);
  expect([...groups]).toEqual([0, 1, 0, 2, 2]);
  expect({ groupCount, repeated }).toEqual({ groupCount: 3, repeated: 2 });
});

test("no texts have no groups", () => {
  expect(nearDuplicates([])).toEqual({ groups: new Uint32Array(0), groupCount: 0, repeated: 0 });
});

// Edits of words: the pairs above the threshold by definition have to be found, others must not be joined.
test.each([
  ["messages of 20 words", 20, 400],
  ["e-mails of 400 words", 400, 100],
])("%s: all similar pairs are found and no others", (_name, words, count) => {
  const stream = random(1);
  const originals = Array.from({ length: count }, () => sentence(words, stream));
  const edited = originals.map((original, index) => {
    const share = (index % 10) / 40; // from no word to nearly every fourth
    return original.map((word) => (stream.uniform() < share ? vocabulary[stream.int(2000)]! : word));
  });
  const texts = [...originals, ...edited].map((text) => text.join(" "));
  const { groups } = nearDuplicates(texts);
  let [similar, different] = [0, 0];
  for (let index = 0; index < count; index++) {
    const isSimilar = plainJaccard(texts[index]!, texts[count + index]!) >= nearThreshold;
    if (isSimilar) similar++;
    else different++;
    expect(groups[count + index] === groups[index]).toBe(isSimilar);
  }
  expect(Math.min(similar, different)).toBeGreaterThan(count / 5); // both kinds were tried
  expect(new Set(groups.slice(0, count)).size).toBe(count); // originals stay apart
});

test("a chain of similar texts is one group", () => {
  const words = sentence(40, random(2));
  const chain = Array.from({ length: 10 }, (_, index) =>
    words.map((word, at) => (at < 2 * index ? vocabulary[at]! : word)).join(" "),
  );
  expect(plainJaccard(chain[0]!, chain[9]!)).toBeLessThan(nearThreshold);
  expect(nearDuplicates(chain).groupCount).toBe(1);
});

test("one template sent 20,000 times doesn't make the work quadratic", () => {
  const template = sentence(60, random(3)).join(" ");
  const texts = Array.from({ length: 20_000 }, (_, index) => `${template} ${index}`);
  expect(nearDuplicates(texts).groupCount).toBe(1);
});

test("twins are found in a crowd of texts from one template", () => {
  const stream = random(7);
  const template = sentence(20, stream);
  const other = () => vocabulary[stream.int(2000)]!;
  const crowd = Array.from({ length: 3000 }, () =>
    template.map((word) => (stream.uniform() < 0.2 ? other() : word)),
  );
  const twins = crowd.map((words) => words.with(stream.int(20), other()).join(" "));
  const texts = crowd.map((words) => words.join(" "));
  const { groups } = nearDuplicates([...texts, ...twins]);
  const similar = [...texts.keys()].filter((at) => plainJaccard(texts[at]!, twins[at]!) >= nearThreshold);
  const found = similar.filter((at) => groups[at] === groups[texts.length + at]).length;
  expect(found / similar.length).toBeGreaterThan(0.997); // 0.993 if each bucket had one representative
  expect(new Set(groups).size).toBeGreaterThan(1000); // the crowd itself is not one group
});

/** The same rule over sets and signatures that are all in memory, with maps for buckets. */
function plainGroups(texts: readonly string[]): number[] {
  const distinct = [...new Set(texts.map(normalized))];
  const sets = distinct.map(shinglesOf);
  const signatures = sets.map(signatureOf);
  const groups = distinct.map((_, index) => index);
  for (let band = 0; band < 25; band++) {
    const buckets = new Map<string, number[]>();
    for (const [index, signature] of signatures.entries()) {
      const key = signature.slice(5 * band, 5 * band + 5).join();
      const bucket = buckets.get(key) ?? [];
      buckets.set(key, bucket);
      const twin = bucket.find(
        (other) => groups[other] === groups[index] || jaccard(sets[other]!, sets[index]!) >= nearThreshold,
      );
      if (twin === undefined) {
        if (bucket.length < 4) bucket.push(index);
        continue;
      }
      const [from, to] = [groups[twin]!, groups[index]!].sort((a, b) => b - a);
      for (const [at, group] of groups.entries()) if (group === from) groups[at] = to!;
    }
  }
  const numbers = [...new Set(groups)];
  return texts.map((text) => numbers.indexOf(groups[distinct.indexOf(normalized(text))]!));
}

test("groups are those of the plain rule, also with keys in a temporary file and in steps", async () => {
  const stream = random(9);
  const templates = Array.from({ length: 12 }, (_, i) => sentence(4 + 2 * i, stream));
  const texts = Array.from({ length: 1500 }, () =>
    templates[stream.int(12)]!.map((word) =>
      stream.uniform() < 0.12 ? vocabulary[stream.int(300)]! : word,
    ).join(stream.int(20) === 0 ? "  " : " "),
  );
  const expected = plainGroups(texts);
  const { groups, groupCount } = nearDuplicates(texts);
  expect([...groups]).toEqual(expected);
  expect(groupCount).toBe(new Set(expected).size);
  expect(groupCount).toBeGreaterThan(100);
  const shares: number[] = [];
  expect(
    (await breathing(findNearDuplicates(texts, openSpill), (share) => shares.push(share))).groups,
  ).toEqual(groups);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
});

test("the same texts give the same groups, whatever stands between them", () => {
  const stream = random(4);
  const texts = Array.from({ length: 60 }, () => sentence(8, stream).join(" "));
  const { groups } = nearDuplicates([...texts, ...texts]);
  expect(groups.slice(60)).toEqual(groups.slice(0, 60));
});

test("leaks: exact twins, near twins, and none", () => {
  const words = sentence(50, random(6));
  const long = words.join(" ");
  const texts = (values: string[]) =>
    datasetOfLabels(values).examples.map((example, index) => ({ ...example, text: values[index]! }));
  const train = texts([long, "see you", "unrelated words here"]);
  const test = texts([long.toUpperCase(), `${long} indeed`, "something else", "See  you", "see you too"]);
  expect(leaks(train, test)).toEqual({ exact: 2, near: 1 });
  expect(normalized(" A\t b\u00a0C ")).toBe("a b c");
});
