import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClassifier } from "../../src/model/classifier.js";
import { familyOf, readConfig } from "../../src/model/families.js";
import { encodeSafetensors } from "../../src/model/safetensors.js";
import { createTokenizer } from "../../src/tokens/tokenizer.js";
import { tinySpec, tinyWeights } from "./tiny-model.js";

/** A small model as the publishers of a family save theirs. */
interface Published {
  modelType: string;
  /** Options as the published checkpoints of the family have them, but for sizes. */
  config: Record<string, unknown>;
  /** A folder of tests/reference/tokenizers. */
  tokenizer: string;
  /** What lies in its checkpoints besides the encoder. */
  besides: readonly string[];
}

const sizes = {
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 64,
  max_position_embeddings: 66,
};
const roberta = { ...sizes, type_vocab_size: 1, layer_norm_eps: 1e-5 };
const robertaBesides = ["lm_head.dense.weight", "roberta.pooler.dense.bias"];

/** By the name that people use for the family. */
export const published: Readonly<Record<string, Published>> = {
  bert: {
    modelType: "bert",
    config: { ...sizes, type_vocab_size: 2 },
    tokenizer: "bert-uncased",
    besides: ["cls.predictions.bias", "cls.seq_relationship.weight"],
  },
  distilbert: {
    modelType: "distilbert",
    config: { dim: 32, n_layers: 2, n_heads: 4, hidden_dim: 64, max_position_embeddings: 66 },
    tokenizer: "bert-uncased",
    besides: ["vocab_transform.weight", "vocab_projector.bias"],
  },
  roberta: { modelType: "roberta", config: roberta, tokenizer: "roberta", besides: robertaBesides },
  camembert: { modelType: "camembert", config: roberta, tokenizer: "camembert", besides: robertaBesides },
  "xlm-roberta": {
    modelType: "xlm-roberta",
    config: roberta,
    tokenizer: "xlm-roberta",
    besides: robertaBesides,
  },
  electra: {
    modelType: "electra",
    config: { ...sizes, embedding_size: 16, type_vocab_size: 2 },
    tokenizer: "bert-uncased",
    besides: ["discriminator_predictions.dense.weight"],
  },
  albert: {
    modelType: "albert",
    config: {
      ...sizes,
      embedding_size: 16,
      hidden_act: "gelu_new",
      classifier_dropout_prob: 0.1,
      type_vocab_size: 2,
    },
    tokenizer: "albert",
    besides: ["predictions.dense.weight"],
  },
  mpnet: {
    modelType: "mpnet",
    config: { ...sizes, layer_norm_eps: 1e-5 },
    tokenizer: "mpnet",
    besides: ["lm_head.dense.weight", "mpnet.pooler.dense.bias"],
  },
  "deberta-v2": {
    modelType: "deberta-v2",
    config: {
      ...sizes,
      relative_attention: true,
      position_buckets: 8,
      max_relative_positions: -1,
      norm_rel_ebd: "layer_norm",
      share_att_key: true,
      pos_att_type: "p2c|c2p",
      position_biased_input: false,
      type_vocab_size: 0,
    },
    tokenizer: "deberta-v3",
    besides: ["lm_predictions.lm_head.bias", "mask_predictions.dense.weight"],
  },
  modernbert: {
    modelType: "modernbert",
    config: { ...sizes, num_hidden_layers: 4, global_attn_every_n_layers: 3, local_attention: 16 },
    tokenizer: "modernbert",
    besides: ["decoder.bias"],
  },
};

const tokenizers = fileURLToPath(new URL("../reference/tokenizers", import.meta.url));

/**
 * Writes a folder as its publisher saves it, with random weights, the family's kind of tokenizer, and no head for labels. Names
 * of an encoder that was saved alone (bare) have no prefix. Gives its config.json.
 */
export async function writePublished(
  folder: string,
  name: string,
  kind: "pretraining" | "bare",
): Promise<Record<string, unknown>> {
  const { modelType, config, tokenizer: tokenizerName, besides } = published[name]!;
  await mkdir(folder, { recursive: true });
  const [tokenizerJson, tokenizerConfigJson] = await Promise.all(
    ["tokenizer.json", "tokenizer_config.json"].map(async (file) => {
      await copyFile(join(tokenizers, tokenizerName, file), join(folder, file));
      return readFile(join(folder, file), "utf8");
    }),
  );
  const tokenizer = createTokenizer({
    tokenizerJson: tokenizerJson!,
    tokenizerConfigJson: tokenizerConfigJson!,
  });
  const json = {
    ...config,
    model_type: modelType,
    architectures: ["AModel"],
    vocab_size: tokenizer.vocabSize,
    pad_token_id: tokenizer.padId,
  };
  const model = createClassifier({ ...tinySpec, config: readConfig(json) });
  const { prefix } = familyOf(model.spec.config);
  const weights = tinyWeights(model);
  // Large enough that the first position, which heads read, depends on the others.
  for (const { name, exempt } of model.parameters)
    if (!exempt)
      weights.set(
        name,
        weights.get(name)!.map((value) => 3 * value),
      );
  const tensors = new Map(
    model.stages
      .flatMap(({ parameters }) => parameters)
      .map(({ name, shape }) => [
        kind === "pretraining" ? name : name.slice(prefix.length),
        { shape, data: weights.get(name)! },
      ]),
  );
  for (const name of besides) tensors.set(name, { shape: [1], data: new Float32Array(1) });
  await writeFile(join(folder, "config.json"), JSON.stringify(json));
  await writeFile(join(folder, "model.safetensors"), encodeSafetensors(tensors));
  return json;
}
