import { type Random, random } from "../../src/base/random.js";

/** Two topics that share no word but the small ones. */
const words = {
  garden:
    "rose soil seed tomato shovel compost lawn tulip hedge prune water sun greenhouse orchard apple weed mulch herb basil fence bulb blossom",
  space:
    "rocket orbit planet comet telescope galaxy launch satellite moon astronaut gravity engine mars capsule nebula probe signal mission crater shuttle radio star",
};
const small = "the a of with and near behind under our this that old new big".split(" ");

export type Topic = keyof typeof words;

/** Labelled texts of both topics in turn, each put together at random. */
export function topicRows(count: number, seed = 1): { text: string; label: Topic }[] {
  const stream = random(seed);
  const topics = Object.keys(words) as Topic[];
  return Array.from({ length: count }, (_, i) => {
    const label = topics[i % topics.length]!;
    return { text: sentence(words[label].split(" "), stream), label };
  });
}

/** The rows as CSV under the headers that the caller wants. */
export function topicCsv(count: number, { text = "text", label = "label", seed = 1 } = {}): string {
  return [`${text},${label}`, ...topicRows(count, seed).map((row) => `${row.text},${row.label}`), ""].join(
    "\n",
  );
}

function sentence(topic: readonly string[], stream: Random): string {
  const pick = (list: readonly string[]) => list[stream.int(list.length)]!;
  return Array.from({ length: 5 + stream.int(4) }, () => `${pick(small)} ${pick(topic)}`).join(" ");
}
