import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { random, shuffled } from "#textgraft/base/random.js";
import { readExamples } from "#textgraft/data/read-examples.js";
import { openRows } from "#textgraft/data/rows/open-rows-node.js";
import { embeddedModel } from "#textgraft/run/model-folder-node.js";
import { lengthStatistics } from "#textgraft/tokens/lengths.js";
import { createTokenizer } from "#textgraft/tokens/tokenizer.js";

/** Lengths of short messages in tokens, cut where Textgraft suggests to cut them. */
export interface RealLengths {
  /** Where they come from, for results. */
  readonly source: string;
  /** The messages themselves, or words in their place. */
  readonly texts: readonly string[];
  readonly maxLength: number;
  /** `count` of them, others for each round. */
  draw(count: number, round: number): number[];
}

/** Lengths of the tutorial's SMS where TEXTGRAFT_SMS names them, else lengths that are distributed alike. */
export async function realLengths(): Promise<RealLengths> {
  const file = process.env.TEXTGRAFT_SMS || "../shared/data/spamdata_v2.csv";
  if (!existsSync(file)) {
    const lengths = likeSms(1024);
    return lengthsFrom("distributed like those of 5,572 SMS", lengths, await randomTexts(lengths));
  }
  const texts = (await readExamples(await openRows(file))).examples.map(({ text }) => text);
  const tokenizerJson = await readFile(join(embeddedModel(), "tokenizer.json"), "utf8");
  const tokenizer = createTokenizer({ tokenizerJson });
  const lengths = texts.map((text) => tokenizer.encode(text).inputIds.length);
  return lengthsFrom(`${texts.length} SMS, tokenized by models/mini`, lengths, texts);
}

function lengthsFrom(source: string, whole: readonly number[], texts: readonly string[]): RealLengths {
  const maxLength = lengthStatistics(whole, 512).suggestedLength;
  const lengths = whole.map((length) => Math.min(length, maxLength));
  return {
    source: `${source}, cut to ${maxLength} tokens`,
    texts,
    maxLength,
    draw: (count, round) => {
      const order = shuffled(lengths, random(1).fork("round", round));
      return Array.from({ length: count }, (_, i) => order[i % order.length]!);
    },
  };
}

/** Texts of about these lengths from words of models/mini's vocabulary. */
async function randomTexts(lengths: readonly number[]): Promise<string[]> {
  const vocabulary = await readFile(join(embeddedModel(), "vocab.txt"), "utf8");
  const words = vocabulary.split("\n").filter((word) => /^[a-z]+$/.test(word));
  const draw = random(1).fork("words");
  return lengths.map((length) =>
    Array.from({ length: length - 2 }, () => words[draw.int(words.length)]!).join(" "),
  );
}

/** Lengths of the SMS with models/mini's tokenizer: the smallest, then every 2.5 % of the texts, the largest. */
const QUANTILES: readonly number[] = [
  3, 7, 8, 9, 9, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 16, 16, 17, 18, 19, 20, 21, 22, 23, 25, 26, 28, 30,
  32, 35, 37, 39, 42, 44, 46, 48, 51, 54, 59, 64, 247,
];

/** `count` lengths with these quantiles; between two of them in even steps, and few as long as the longest. */
function likeSms(count: number): number[] {
  const steps = QUANTILES.length - 1;
  return Array.from({ length: count }, (_, i) => {
    const place = (i / (count - 1)) * steps;
    const step = Math.min(Math.floor(place), steps - 1);
    const [from, to] = [QUANTILES[step]!, QUANTILES[step + 1]!];
    const share = place - step;
    return Math.round(from + (to - from) * (step === steps - 1 ? share ** 2.5 : share));
  });
}
