import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { exportOnnx } from "textgraft";
import { describe, expect, test } from "vitest";
import { createClassifier } from "../../src/model/classifier.js";
import { familyOf, readConfig } from "../../src/model/families.js";
import { encodeSafetensors } from "../../src/model/safetensors.js";
import { readTensors } from "../support/families.js";
import { readReference } from "../support/reference.js";
import { inventedRows, tinySpec, tinyWeights } from "../support/tiny-model.js";
import { readJson, tinyOptions, tinyWorkplace, trained, weightsOf } from "./train-tiny.js";

const { folder, model: bert } = await tinyWorkplace();
const { vocab_size, max_position_embeddings, torch_dtype, ...sizes } = await readJson(bert, "config.json");
const common = { vocab_size, max_position_embeddings };

interface Published {
  config: Record<string, unknown>;
  /** What lies in its checkpoints besides the encoder. */
  besides: readonly string[];
}

const published: Record<string, Published> = {
  distilbert: {
    config: { ...common, dim: 32, n_layers: 2, n_heads: 4, hidden_dim: 64, pad_token_id: 0 },
    besides: ["vocab_transform.weight", "vocab_projector.bias"],
  },
  roberta: {
    config: { ...common, ...sizes, type_vocab_size: 1 },
    besides: ["lm_head.dense.weight", "roberta.pooler.dense.bias"],
  },
  electra: {
    config: { ...common, ...sizes, embedding_size: 16 },
    besides: ["discriminator_predictions.dense.weight"],
  },
  mpnet: {
    config: { ...common, ...sizes, pad_token_id: 1 },
    besides: ["lm_head.dense.weight", "mpnet.pooler.dense.bias"],
  },
  "deberta-v2": {
    config: {
      ...common,
      ...sizes,
      relative_attention: true,
      position_buckets: 8,
      norm_rel_ebd: "layer_norm",
      share_att_key: true,
      pos_att_type: "p2c|c2p",
      position_biased_input: false,
      type_vocab_size: 0,
    },
    besides: ["lm_predictions.lm_head.bias", "mask_predictions.dense.weight"],
  },
};

/** A folder as its publisher saves it, with the words and the tokenizer of the tiny BERT. */
async function checkpoint(modelType: string, kind: "pretraining" | "bare"): Promise<string> {
  const path = join(folder, `${modelType}-${kind}`);
  const { config, besides } = published[modelType]!;
  const json = { ...config, model_type: modelType, architectures: ["AModel"] };
  const model = createClassifier({ ...tinySpec, config: readConfig(json) });
  const { prefix } = familyOf(model.spec.config);
  const weights = tinyWeights(model);
  const tensors = new Map(
    model.stages
      .flatMap(({ parameters }) => parameters)
      .map(({ name, shape }) => [
        kind === "pretraining" ? name : name.slice(prefix.length),
        { shape, data: weights.get(name)! },
      ]),
  );
  for (const name of besides) tensors.set(name, { shape: [1], data: new Float32Array(1) });
  await mkdir(path);
  await writeFile(join(path, "config.json"), JSON.stringify(json));
  for (const file of ["tokenizer.json", "tokenizer_config.json"])
    await writeFile(join(path, file), JSON.stringify(await readJson(bert, file)));
  await writeFile(join(path, "model.safetensors"), encodeSafetensors(tensors));
  return path;
}

describe.each(Object.keys(published))("a %s checkpoint", (modelType) => {
  test.each(["pretraining", "bare"] as const)(
    "(%s) is trained, saved and exported as its class",
    async (kind) => {
      const model = await checkpoint(modelType, kind);
      const output = join(folder, `${modelType}-${kind}-trained`);
      const freeze = kind === "bare" ? "embeddings" : "none";
      const data = inventedRows(60);
      const { result } = await trained({ ...tinyOptions, model, output, data, freeze, epochs: 1 });
      expect([...result.model.fresh.head].sort()).toEqual(await headOf(modelType));

      // Names as transformers writes them; reloading was compared by `train` itself.
      const names = [...(await weightsOf(output)).keys()];
      expect(layerless(names)).toEqual(
        layerless([...(await readTensors(`${modelType}/model.safetensors`)).keys()]),
      );
      const { architectures } = readReference<{ architectures: string[] }>(`${modelType}/config.json`);
      const { config } = published[modelType]!;
      expect(await readJson(output, "config.json")).toMatchObject({
        ...config,
        model_type: modelType,
        architectures,
      });

      const { file, largestDifference } = await exportOnnx(output);
      expect(largestDifference).toBeLessThan(1e-5);
      const session = await InferenceSession.create(file);
      const inputs = ["attention_mask", "input_ids", ...(modelType === "electra" ? ["token_type_ids"] : [])];
      expect([...session.inputNames].sort()).toEqual(inputs);
      await session.release();
    },
  );
});

/** Names, of all layers but once, in order. */
const layerless = (names: readonly string[]): string[] =>
  [...new Set(names.map((name) => name.replace(/\.\d+\./, ".N.")))].sort();

/** What a reference model has besides its encoder. */
async function headOf(modelType: string): Promise<string[]> {
  const names = (await readTensors(`${modelType}/model.safetensors`)).keys();
  const { prefix } = familyOf({ modelType });
  return [...names].filter((name) => !name.startsWith(prefix)).sort();
}
