import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { exportOnnx, load } from "textgraft";
import { describe, expect, test } from "vitest";
import { inventedRows } from "../support/tiny-model.js";
import { readJson, tinyOptions, tinyWorkplace, trained } from "./train-tiny.js";

const { folder, model } = await tinyWorkplace();

describe.each(["stock", "mlp"] as const)("an exported model with a %s head", async (head) => {
  const path = join(folder, head);
  await trained({ ...tinyOptions, model, output: path, head, data: inventedRows(90), epochs: 2 });
  const before = await readJson(path, "config.json");
  const { file, bytes, largestDifference } = await exportOnnx(path);

  test("lies where transformers.js looks for it", async () => {
    expect(file).toBe(join(path, "onnx", "model.onnx"));
    expect((await stat(file)).size).toBe(bytes);
    expect(await readdir(join(path, "onnx"))).toEqual(["model.onnx"]);
    expect(largestDifference).toBeLessThan(1e-5);
    expect(await readJson(path, "config.json")).toEqual({
      ...before,
      "transformers.js_config": { dtype: "fp32" },
    });
    expect(await readFile(join(path, "config.json"), "utf8")).toMatch(/^\{\n {2}"[\s\S]*\n\}\n$/);
  });

  test("takes int64 tokens of any batch size and length, and answers as predict does", async () => {
    const session = await InferenceSession.create(file);
    expect([...session.inputNames].sort()).toEqual(["attention_mask", "input_ids", "token_type_ids"]);
    expect(session.outputNames).toEqual(["logits"]);
    for (const input of session.inputMetadata)
      expect(input).toMatchObject({ type: "int64", shape: ["batch_size", "sequence_length"] });

    const classifier = await load(path);
    for (const [rows, padding, seed] of [
      [1, 0, 1],
      [1, 9, 2],
      [3, 0, 3],
      [8, 20, 4],
      [32, 1, 5],
    ] as const) {
      const texts = inventedRows(rows, undefined, seed).map(({ text }) => text);
      const encoded = texts.map((text) => [
        ...classifier.tokenizer.encode(text, classifier.maxLength).inputIds,
      ]);
      const length = Math.max(...encoded.map((ids) => ids.length)) + padding;
      const tensor = (value: (ids: number[], i: number) => number) =>
        new Tensor(
          "int64",
          BigInt64Array.from(
            encoded.flatMap((ids) => Array.from({ length }, (_, i) => BigInt(value(ids, i)))),
          ),
          [rows, length],
        );
      const { logits } = await session.run({
        input_ids: tensor((ids, i) => ids[i] ?? 0),
        attention_mask: tensor((ids, i) => (i < ids.length ? 1 : 0)),
        token_type_ids: tensor(() => 0),
      });
      expect(logits!.dims).toEqual([rows, 3]);
      const values = logits!.data as Float32Array;
      const predictions = await classifier.predict(texts);
      for (const [row, { scores }] of predictions.entries()) {
        const powers = [0, 1, 2].map((id) => Math.exp(values[3 * row + id]!));
        const sum = powers.reduce((a, b) => a + b);
        for (const [id, label] of classifier.labels.entries())
          expect(Math.abs(powers[id]! / sum - scores[label]!)).toBeLessThan(1e-5);
      }
    }
    await session.release();
    await classifier.close();
  });

  test("can be exported again, to the same bytes", async () => {
    const first = await readFile(file);
    await exportOnnx(path);
    expect((await readFile(file)).equals(first)).toBe(true);
  });
});

test("what isn't fine-tuned isn't exported", async () => {
  await expect(exportOnnx(model)).rejects.toMatchObject({
    code: "model-invalid",
    message: expect.stringContaining("no textgraft.json"),
  });
  expect(await readdir(model)).not.toContain("onnx");
  await expect(exportOnnx(join(folder, "none"))).rejects.toMatchObject({ code: "file-missing" });
});
