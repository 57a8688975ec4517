import type { Explanation, WordScore } from "../run/explain.js";
import { columns, count, oneLine, percent } from "./plain.js";

/** How strongly words are marked: by their score's share of the largest in the text. */
export type Strength = 0 | 1 | 2 | 3;

/** 0 for words that hardly count, 3 for those that count almost as much as the strongest. */
export function strengthOf(score: number, largest: number): Strength {
  const share = largest > 0 ? Math.abs(score) / largest : 0;
  return share >= 2 / 3 ? 3 : share >= 1 / 3 ? 2 : share >= 1 / 10 ? 1 : 0;
}

/** A stretch of a text: a word that was read, or what stands between words. */
export interface Stretch {
  readonly text: string;
  /** Undefined between words, and for what wasn't read. */
  readonly score?: number;
}

/**
 * The whole text of an explanation in stretches, or the second text of a pair; where its words can't be found in it, its pieces
 * with spaces between.
 */
export function stretchesOf(
  { text: first, pair, words: all }: Pick<Explanation, "text" | "pair" | "words">,
  which: "text" | "pair" = "text",
): Stretch[] {
  const text = which === "text" ? first : (pair ?? "");
  const words = all.filter((word) => (word.pair === true) === (which === "pair"));
  const stretches: Stretch[] = [];
  let at = 0;
  for (const { text: word, start, end, score } of words) {
    if (start === undefined || end === undefined) {
      stretches.push({ text: word, score }, { text: " " });
      continue;
    }
    if (start > at) stretches.push({ text: text.slice(at, start) });
    stretches.push({ text: word, score });
    at = end;
  }
  const located = words.every(({ start }) => start !== undefined);
  if (located && at < text.length) stretches.push({ text: text.slice(at) });
  return stretches;
}

/** Of all scores' sizes together, that of each word: where the words stand that were read. */
export const totalOf = (words: readonly WordScore[]): number =>
  words.reduce((sum, { score }) => sum + Math.abs(score), 0);

/** What the texts of a pair are called. */
const [FIRST, SECOND] = ["text 1", "text 2"];

/** How many words each list has at most. */
const LISTED = 8;

/** An explanation as a terminal shows it: the text with its words marked, and the strongest words with their shares. */
export function explanationText(explanation: Explanation, { colour }: { colour: boolean }): string {
  const { label, probability, baseline, words, logOdds, unread } = explanation;
  const isPair = explanation.pair !== undefined;
  const name = oneLine(label);
  const total = totalOf(words);
  const list = (sign: 1 | -1): string => {
    const found = words
      .filter(({ score }) => score * sign > 0)
      .sort((a, b) => Math.abs(b.score) - Math.abs(a.score));
    const listed = found.slice(0, LISTED).filter(({ score }) => Math.abs(score) >= total / 200);
    const rows = listed.map(({ text, score, pair }) => [
      oneLine(text, 30),
      signed(score),
      percent(Math.abs(score) / total),
      ...(isPair ? [pair ? SECOND : FIRST] : []),
    ]);
    const title = `${sign > 0 ? "For" : "Against"} ${name}`;
    if (rows.length === 0) return `${title}: no word\n`;
    const others = found.length - listed.length;
    const rest = others > 0 ? `  and ${count(others, "weaker word")}\n` : "";
    return `${columns([[title, "score", "share", ...(isPair ? ["in"] : [])], ...rows.map(([word, ...cells]) => [`  ${word}`, ...cells])])}${rest}`;
  };
  const lines = [
    `${name}  ${probability.toFixed(4)} (${baseline.probability.toFixed(4)} with all words masked)\n\n`,
    isPair
      ? `${FIRST}: ${markedText(explanation, colour)}\n${SECOND}: ${markedText(explanation, colour, "pair")}\n\n`
      : `${markedText(explanation, colour)}\n\n`,
    list(1),
    list(-1),
    `Scores are log-odds. They add up to ${signed(explanation.gap + logOdds - baseline.logOdds)}; from all words masked to the `,
    `${isPair ? "texts as they are" : "text as it is"}, ${name} goes from ${signed(baseline.logOdds)} to ${signed(logOdds)}.\n`,
  ];
  if (unread > 0)
    lines.push(
      `${count(unread, "token")} of the ${isPair ? "texts" : "text"} ${unread === 1 ? "was" : "were"} not read.\n`,
    );
  const doubt = doubtOf(explanation);
  return lines.join("") + (doubt === undefined ? "" : `${doubt}\n`);
}

/** What is wrong where the scores don't add up to what there is to explain. */
export function doubtOf({ gap, logOdds, baseline, method, words }: Explanation): string | undefined {
  const difference = Math.abs(logOdds - baseline.logOdds);
  if (Math.abs(gap) <= Math.max(0.1, 0.1 * difference)) return undefined;
  const largest = Math.max(0, ...words.map(({ score }) => Math.abs(score)));
  const size = `${Math.abs(gap).toFixed(2)} ${gap > 0 ? "too much" : "missing"}, and the largest score is ${largest.toFixed(2)}`;
  return method === "gradient"
    ? `These are rough (${size}): --method integrated adds up, and is slower.`
    : `These are rough (${size}): more --steps make them better.`;
}

/** A number with its sign; the minus is the long one. */
const signed = (x: number): string => `${x < 0 ? "−" : "+"}${Math.abs(x).toFixed(2)}`;

/** In colours, or with the score behind each word that counts: `[free +2.31]`. */
function markedText(explanation: Explanation, colour: boolean, which: "text" | "pair" = "text"): string {
  const largest = Math.max(0, ...explanation.words.map(({ score }) => Math.abs(score)));
  const marked = stretchesOf(explanation, which).map(({ text, score }) => {
    const plain = visible(text);
    if (score === undefined) return plain;
    const strength = strengthOf(score, largest);
    if (strength === 0) return plain;
    if (!colour) return `[${plain} ${signed(score)}]`;
    return `\u001b[${(score > 0 ? FOR : AGAINST)[strength]}m${plain}\u001b[0m`;
  });
  return marked.join("").trim();
}

/**
 * Blue for, orange against: the pair that all kinds of colour blindness tell apart. Weak words have coloured letters
 * that can be read on black and on white; stronger ones bring their own background, the strongest are bold and underlined, too.
 */
const FOR: Record<Strength, string> = {
  0: "",
  1: "38;5;33",
  2: "48;5;26;38;5;231",
  3: "1;4;48;5;26;38;5;231",
};
const AGAINST: Record<Strength, string> = {
  0: "",
  1: "38;5;166",
  2: "48;5;208;38;5;16",
  3: "1;4;48;5;208;38;5;16",
};

/** Without line breaks and what could drive a terminal. */
const visible = (text: string): string => text.replace(/[\s\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, " ");
