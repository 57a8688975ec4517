import { expect, test } from "vitest";
import { doubtOf, explanationText, strengthOf, stretchesOf } from "../../src/report/explanation.js";
import type { Explanation } from "../../src/run/explain.js";

const text = "Free entry,\u001b[2J  my friend";
const start = "\u001b";
/** What stands between the codes of a colour and the end of it. */
const coloured = new RegExp(`${start}\\[([\\d;]+)m(.*?)${start}\\[0m`, "g");

const explanation: Explanation = {
  text,
  label: "spam",
  probability: 0.9241,
  logOdds: 2.5,
  baseline: { probability: 0.2689, logOdds: -1 },
  words: [
    { text: "Free", start: 0, end: 4, score: 3 },
    { text: "entry", start: 5, end: 10, score: 1.2 },
    { text: "my", start: 17, end: 19, score: 0.1 },
    { text: "friend", start: 20, end: 26, score: -0.7 },
  ],
  tokens: [],
  gap: 0.1,
  unread: 0,
  method: "integrated",
  steps: 32,
};

test("without colours scores stand behind the words that count", () => {
  expect(explanationText(explanation, { colour: false })).toBe(
    `spam  0.9241 (0.2689 with all words masked)

[Free +3.00] [entry +1.20], [2J my [friend −0.70]

For spam  score   share
  Free    +3.00  60.0 %
  entry   +1.20  24.0 %
  my      +0.10   2.0 %
Against spam  score   share
  friend      −0.70  14.0 %
Scores are log-odds. They add up to +3.60; from all words masked to the text as it is, spam goes from −1.00 to +2.50.
`,
  );
});

test("both texts of a pair are shown, and where each word stands", () => {
  const pair: Explanation = {
    ...explanation,
    pair: "my offer",
    words: [...explanation.words, { text: "offer", pair: true, start: 3, end: 8, score: 1 }],
    unread: 2,
  };
  expect(explanationText(pair, { colour: false })).toBe(
    `spam  0.9241 (0.2689 with all words masked)

text 1: [Free +3.00] [entry +1.20], [2J my [friend −0.70]
text 2: my [offer +1.00]

For spam  score   share      in
  Free    +3.00  50.0 %  text 1
  entry   +1.20  20.0 %  text 1
  offer   +1.00  16.7 %  text 2
  my      +0.10   1.7 %  text 1
Against spam  score   share      in
  friend      −0.70  11.7 %  text 1
Scores are log-odds. They add up to +3.60; from all words masked to the texts as they are, spam goes from −1.00 to +2.50.
2 tokens of the texts were not read.
`,
  );
});

test("with colours words that count are marked, and all others are as they were", () => {
  const shown = explanationText(explanation, { colour: true }).split("\n")[2]!;
  const marks = [...shown.matchAll(coloured)].map(([, code, word]) => [word, code]);
  expect(marks).toEqual([
    ["Free", "1;4;48;5;26;38;5;231"],
    ["entry", "48;5;26;38;5;231"],
    ["friend", "38;5;166"],
  ]);
  expect(shown.replaceAll(coloured, "$2")).toBe("Free entry, [2J my friend");
});

/** Relative luminance and contrast. https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio */
function contrast(a: number, b: number): number {
  const luminance = (colour: number): number => {
    if (colour === 16) return 0;
    const levels = [0, 95, 135, 175, 215, 255];
    const code = colour - 16;
    const parts = [Math.floor(code / 36), Math.floor(code / 6) % 6, code % 6].map((part) => {
      const x = levels[part]! / 255;
      return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * parts[0]! + 0.7152 * parts[1]! + 0.0722 * parts[2]!;
  };
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

test("colours can be read, on black and on white", () => {
  const shown = explanationText(
    {
      ...explanation,
      words: explanation.words.map((word, i) => ({ ...word, score: [1, 0.4, -0.2, -0.9][i]! })),
    },
    { colour: true },
  );
  const codes = [...shown.matchAll(coloured)].map(([, code]) => code!);
  expect(codes).toHaveLength(4);
  for (const code of codes) {
    const foreground = Number(/38;5;(\d+)/.exec(code)![1]);
    const background = /48;5;(\d+)/.exec(code)?.[1];
    if (background !== undefined) expect(contrast(foreground, Number(background))).toBeGreaterThan(4.5);
    // Large or bold letters need 3, and no colour has much more than 4.5 on both.
    else for (const theme of [16, 231]) expect(contrast(foreground, theme)).toBeGreaterThan(3);
  }
});

test("strength is by the largest score", () => {
  expect([3, -2, 1, 0.31, 0.29, 0].map((score) => strengthOf(score, 3))).toEqual([3, 3, 2, 1, 0, 0]);
  expect(strengthOf(0, 0)).toBe(0);
});

test("stretches are the whole text", () => {
  expect(
    stretchesOf(explanation)
      .map((stretch) => stretch.text)
      .join(""),
  ).toBe(text);
  const pieces = [
    { text: "▁Free", score: 1 },
    { text: "▁entry", score: 2 },
  ];
  expect(stretchesOf({ ...explanation, words: pieces }).map((stretch) => stretch.text)).toEqual([
    "▁Free",
    " ",
    "▁entry",
    " ",
  ]);
});

test("scores that don't add up are doubted, with what to do", () => {
  expect(doubtOf(explanation)).toBeUndefined();
  expect(doubtOf({ ...explanation, gap: -0.5 })).toBe(
    "These are rough (0.50 missing, and the largest score is 3.00): more --steps make them better.",
  );
  expect(doubtOf({ ...explanation, gap: 0.5, method: "gradient" })).toBe(
    "These are rough (0.50 too much, and the largest score is 3.00): --method integrated adds up, and is slower.",
  );
});

test("what wasn't read is told, and a label without a word for it", () => {
  const shown = explanationText(
    { ...explanation, unread: 3, words: explanation.words.slice(3) },
    { colour: false },
  );
  expect(shown).toContain("For spam: no word\n");
  expect(shown).toContain("3 tokens of the text were not read.\n");
});
