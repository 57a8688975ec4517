import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { exportOnnx } from "textgraft";
import { describe, expect, test } from "vitest";
import { familyOf } from "../../src/model/families.js";
import { readTensors, referenceFamilies } from "../support/families.js";
import { published, writePublished } from "../support/published.js";
import { readReference } from "../support/reference.js";
import { inventedRows } from "../support/tiny-model.js";
import { readJson, tinyOptions, tinyWorkplace, trained, weightsOf } from "./train-tiny.js";

const { folder } = await tinyWorkplace();
const families = Object.keys(published).filter((name) => referenceFamilies.includes(name));

describe.each(families)("a %s checkpoint", (modelType) => {
  test.each(["pretraining", "bare"] as const)(
    "(%s) is trained, saved and exported as its class",
    async (kind) => {
      const model = join(folder, `${modelType}-${kind}`);
      const config = await writePublished(model, modelType, kind);
      const output = `${model}-trained`;
      const freeze = kind === "bare" ? "embeddings" : "none";
      const data = inventedRows(60);
      const { result } = await trained({ ...tinyOptions, model, output, data, freeze, epochs: 1 });
      const { fresh, unused } = result.model;
      expect([...fresh.encoder, ...fresh.head].sort()).toEqual(await headOf(modelType));
      expect(unused).toEqual([...published[modelType]!.besides].sort());

      // Names as transformers writes them; reloading was compared by `train` itself.
      const names = [...(await weightsOf(output)).keys()];
      expect(layerless(names)).toEqual(
        layerless([...(await readTensors(`${modelType}/model.safetensors`)).keys()]),
      );
      const { architectures } = readReference<{ architectures: string[] }>(`${modelType}/config.json`);
      expect(await readJson(output, "config.json")).toMatchObject({
        ...config,
        model_type: modelType,
        architectures,
      });

      const { file, largestDifference } = await exportOnnx(output);
      expect(largestDifference).toBeLessThan(1e-5);
      const session = await InferenceSession.create(file);
      const inputs = [
        "attention_mask",
        "input_ids",
        ...(config.type_vocab_size === 2 ? ["token_type_ids"] : []),
      ];
      expect([...session.inputNames].sort()).toEqual(inputs);
      await session.release();
    },
  );
});

test("of layers that share their weights none is frozen alone", async () => {
  const model = join(folder, "shared");
  await writePublished(model, "albert", "bare");
  const options = { ...tinyOptions, model, output: `${model}-trained`, data: inventedRows(60), freeze: 1 };
  await expect(trained(options)).rejects.toMatchObject({
    code: "option-invalid",
    message: expect.stringContaining("the 2 layers of this model share their weights"),
    fix: expect.stringContaining("--freeze embeddings, --freeze 2 for all layers"),
  });
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
