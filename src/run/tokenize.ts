import type { Example } from "../data/example.js";
import type { Split } from "../data/split.js";
import type { EncoderConfig } from "../model/config.js";
import type { Problem } from "../model/loss.js";
import { encodeAll } from "../tokens/encode-all.js";
import { lengthStatistics } from "../tokens/lengths.js";
import type { LengthLimit } from "../tokens/long-texts.js";
import type { Tokenizer } from "../tokens/tokenizer.js";
import { reporting } from "./event-stream.js";
import type { TrainEvent } from "./events.js";
import type { TrainOptions } from "./options.js";
import { lengthLimitOf } from "./plan.js";
import type { TrainData } from "./train.js";

/** All parts one after the other; examples are numbered in that order. */
export const inOrder = ({ train, validation, test }: Split): Example[] => [...train, ...validation, ...test];

/** The data of a training as numbers: each example's ids, labelIds, and the part it is in. */
export interface RunData extends TrainData {
  test: readonly number[];
}

export interface Tokenization {
  tokens: RunData;
  limit: LengthLimit;
  /** Share of the training texts that are longer. */
  cutShare: number;
}

/** Tokenizes all parts, and chooses the length from the training texts where it isn't given. */
export async function* tokenize(
  split: Split,
  labels: readonly string[],
  { tokenizer, config }: { tokenizer: Tokenizer; config: EncoderConfig },
  options: Pick<TrainOptions, "maxLength" | "batchSize" | "long" | "stride" | "windowPooling">,
  problem: Problem,
  stopIfCancelled: () => void,
): AsyncGenerator<TrainEvent, Tokenization> {
  const examples = inOrder(split);
  const range = (start: number, length: number) => Array.from({ length }, (_, i) => start + i);
  const train = range(0, split.train.length);
  const validation = range(train.length, split.validation.length);
  const test = range(train.length + validation.length, split.test.length);

  const texts = examples.map(({ text }) => text);
  const encoding = reporting((report) =>
    encodeAll(tokenizer, texts, options.long === "head" ? config.positions : undefined, (done, total) => {
      stopIfCancelled();
      report(done, total);
    }),
  );
  let progress = await encoding.next();
  for (; !progress.done; progress = await encoding.next()) yield { kind: "tokenized", ...progress.value };
  const whole = progress.value;
  const statistics = lengthStatistics(train.map((example) => whole.lengthOf(example)));
  const suggested = Math.min(statistics.suggestedLength, tokenizer.modelMaxLength ?? config.positions);
  const limit = lengthLimitOf(options, suggested, { tokenizer, config });
  const encodings = whole.fitted(limit);
  const ids = new Map(labels.map((label, id) => [label, id]));
  const tokens = {
    encodings,
    batchSize: options.batchSize,
    padId: tokenizer.padId,
    problem,
    windowPooling: options.windowPooling,
    labelIds: examples.map((example) => example.labels.map((label) => ids.get(label)!).sort((a, b) => a - b)),
    labelCount: labels.length,
    train,
    validation,
    test,
  };
  return { tokens, limit, cutShare: statistics.cutShare(limit.maxLength).texts };
}
