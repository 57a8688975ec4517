import { NumberLists } from "../base/column.js";
import { type Examples, joined, textsOf } from "../data/examples.js";
import type { Split } from "../data/split.js";
import type { Texts } from "../data/texts.js";
import type { EncoderConfig } from "../model/config.js";
import type { Problem } from "../model/loss.js";
import type { TextEncodings } from "../tokens/encode-all.js";
import { type LengthStatistics, lengthStatistics } from "../tokens/lengths.js";
import type { LengthLimit } from "../tokens/long-texts.js";
import type { Tokenizer } from "../tokens/tokenizer.js";
import { lengthsOf } from "./evaluate.js";
import { reporting } from "./event-stream.js";
import type { TrainEvent } from "./events.js";
import type { TrainOptions } from "./options.js";
import { lengthLimitOf } from "./plan.js";
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

/** Tokenizes all parts, and chooses the length from the training texts where it isn't given. */
export async function* tokenize(
  split: Split,
  labels: readonly string[],
  { tokenizer, config, encode }: { tokenizer: Tokenizer; config: EncoderConfig; encode: Encode },
  options: Pick<TrainOptions, "maxLength" | "batchSize" | "long" | "stride" | "windowPooling">,
  problem: Problem,
  stopIfCancelled: () => void,
): AsyncGenerator<TrainEvent, Tokenization> {
  const examples = inOrder(split);
  const range = (start: number, length: number) => Uint32Array.from({ length }, (_, i) => start + i);
  const train = range(0, split.train.length);
  const validation = range(train.length, split.validation.length);
  const test = range(train.length + validation.length, split.test.length);

  const texts = textsOf(examples);
  const encoding = reporting((report) =>
    encode(texts, options.long === "head" ? config.positions : undefined, (done, total) => {
      stopIfCancelled();
      report(done, total);
    }),
  );
  let progress = await encoding.next();
  for (; !progress.done; progress = await encoding.next()) yield { kind: "tokenized", ...progress.value };
  const whole = progress.value;
  const statistics = lengthStatistics(lengthsOf(whole, train));
  const suggested = Math.min(statistics.suggestedLength, tokenizer.modelMaxLength ?? config.positions);
  const limit = lengthLimitOf(options, suggested, { tokenizer, config });
  const encodings = whole.fitted(limit);
  const ids = new Map(labels.map((label, id) => [label, id]));
  const labelIds = new NumberLists();
  for (const example of examples)
    labelIds.push(example.labels.map((label) => ids.get(label)!).sort((a, b) => a - b));
  const tokens = {
    encodings,
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
