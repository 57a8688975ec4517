import { embeddedModel } from "#textgraft/run/model-folder-node.js";
import type { Comparison } from "../compare.js";
import type { RealLengths } from "../lengths.js";

/** Texts to token ids, with the tokenizer of models/mini. */
export const tokenizeComparisons = ({ texts }: RealLengths, quick: boolean): Comparison[] => {
  const some = texts.slice(0, quick ? 500 : texts.length);
  return [
    {
      workload: "tokenize",
      name: `${some.length} texts`,
      job: { kind: "tokenize", tokenizer: embeddedModel(), texts: some },
      lengths: () => [],
      texts: some.length,
      note: `The peer is Hugging Face's tokenizers in Rust, which may use several threads.`,
    },
  ];
};
