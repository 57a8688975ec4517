import { NumberLists } from "../base/column.js";
import { type Examples, joined, textsOf } from "../data/examples.js";
import type { Split } from "../data/split.js";
import type { Part } from "../data/split-quotas.js";
import type { Texts } from "../data/texts.js";
import type { EncoderConfig } from "../model/config.js";
import type { Problem } from "../model/loss.js";
import type { TextEncodings, WholeEncodings } from "../tokens/encode-all.js";
import { type LengthStatistics, lengthStatistics } from "../tokens/lengths.js";
import type { LengthLimit } from "../tokens/long-texts.js";
import { bothTexts, pairEncodings, pairsOf } from "../tokens/pairs.js";
import type { Tokenizer } from "../tokens/tokenizer.js";
import { lengthsOf } from "./evaluate.js";
import { reporting } from "./event-stream.js";
import type { TrainEvent } from "./events.js";
import type { TrainOptions } from "./options.js";
import { lengthLimitOf } from "./plan.js";
import type { LabelIdLists } from "./problem.js";
import type { TrainData } from "./train.js";

/** All parts one after the other; examples are numbered in that order. */
export const inOrder = ({ train, validation, test }: Split): Examples => joined([train, validation, test]);

/** The data of a training as numbers: each example's ids, labelIds, and the part it is in. */
export interface RunData extends TrainData {
  test: ArrayLike<number>;
}

export interface Tokenization {
  tokens: RunData;
  limit: LengthLimit;
  /** Share of the training texts that are longer. */
  cutShare: number;
  /** Of the training texts, in tokens. */
  lengths: LengthStatistics;
}

/** Tokenizes texts; may cut them to `maxLength` already, and tells how many are done. */
export type Encode = (
  texts: Texts,
  maxLength: number | undefined,
  onProgress: (done: number, total: number) => void,
) => Promise<TextEncodings>;

/** What reads texts. */
export interface Reader {
  tokenizer: Tokenizer;
  config: EncoderConfig;
  encode: Encode;
}

type TokenOptions = Pick<TrainOptions, "maxLength" | "batchSize" | "long" | "stride" | "windowPooling">;

/** Tokenizes all parts, and chooses the length from the training texts where it isn't given. */
export async function* tokenize(
  split: Split,
  labels: readonly string[],
  reader: Reader,
  options: TokenOptions,
  problem: Problem,
  stopIfCancelled: () => void,
): AsyncGenerator<TrainEvent, Tokenization> {
  const encoded = yield* encodeExamples(inOrder(split), labels, reader, options, stopIfCancelled);
  const range = (start: number, { length }: Examples) => Uint32Array.from({ length }, (_, i) => start + i);
  const [train, validation] = [range(0, split.train), range(split.train.length, split.validation)];
  const test = range(train.length + validation.length, split.test);
  return tokensOf(encoded, { train, validation, test }, { labels, reader, options, problem });
}

/** Texts of which any parts can be trained on, tokenized once; numbered in the order of the examples. */
export interface Encoded {
  readonly whole: WholeEncodings;
  readonly labelIds: LabelIdLists;
}

/** Tokenizes examples and gives their labels numbers. */
export async function* encodeExamples(
  examples: Examples,
  labels: readonly string[],
  { tokenizer, config, encode }: Reader,
  { long }: Pick<TokenOptions, "long">,
  stopIfCancelled: () => void,
): AsyncGenerator<TrainEvent, Encoded> {
  const pairs = examples.at(0)?.pair !== undefined;
  const texts = pairs ? bothTexts(pairsOf(examples)) : textsOf(examples);
  const cut = long === "head" && !pairs ? config.positions : undefined;
  const encoding = reporting((report) =>
    encode(texts, cut, (done, total) => {
      stopIfCancelled();
      report(done, total);
    }),
  );
  let progress = await encoding.next();
  for (; !progress.done; progress = await encoding.next()) yield { kind: "tokenized", ...progress.value };
  const whole = pairs ? pairEncodings(progress.value, tokenizer) : progress.value;
  const ids = new Map(labels.map((label, id) => [label, id]));
  const labelIds = new NumberLists();
  for (const example of examples)
    labelIds.push(example.labels.map((label) => ids.get(label)!).sort((a, b) => a - b));
  return { whole, labelIds };
}

/** One split of texts that are tokenized: parts are numbers of texts. The length is chosen as in `tokenize`. */
export function tokensOf(
  { whole, labelIds }: Encoded,
  { train, validation, test }: Record<Part, Uint32Array>,
  {
    labels,
    reader: { tokenizer, config },
    options,
    problem,
  }: {
    labels: readonly string[];
    reader: Omit<Reader, "encode">;
    options: TokenOptions;
    problem: Problem;
  },
): Tokenization {
  const statistics = lengthStatistics(lengthsOf(whole, train));
  const suggested = Math.min(statistics.suggestedLength, tokenizer.modelMaxLength ?? config.positions);
  const limit = lengthLimitOf(options, suggested, { tokenizer, config });
  const tokens = {
    encodings: whole.fitted(limit),
    batchSize: options.batchSize,
    padId: tokenizer.padId,
    problem,
    windowPooling: options.windowPooling,
    labelIds,
    labelCount: labels.length,
    train,
    validation,
    test,
  };
  return { tokens, limit, cutShare: statistics.cutShare(limit.maxLength).texts, lengths: statistics };
}
