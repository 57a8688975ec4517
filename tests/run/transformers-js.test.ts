import { readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { env, pipeline } from "@huggingface/transformers";
import { exportOnnx, load } from "textgraft";
import { expect, test } from "vitest";
import type { TrainOptions } from "../../src/run/options.js";
import { published, writePublished } from "../support/published.js";
import { inventedRows, inventedSets } from "../support/tiny-model.js";
import { readJson, tinyOptions, tinyWorkplace, trained } from "./train-tiny.js";

// transformers.js loads what `textgraft export` has written, as it would load a model of its own, and answers the same.
env.allowRemoteModels = false;
env.allowLocalModels = true;

/** Scores are sums of float32 products in another order, in a graph that ONNX Runtime has fused. */
const TOLERANCE = 1e-5;

interface Scored {
  label: string;
  score: number;
}

const { folder } = await tinyWorkplace();
const plain = inventedRows(20).map(({ text }) => text.split(" ").slice(0, 7).join(" "));
/** In thirty writing systems, with emoji and control characters: transformers.js gives some of them other ids (docs/tokenizers.md). */
const difficult = JSON.parse(
  readFileSync(join(import.meta.dirname, "../reference/tokenizers/texts.json"), "utf8"),
) as string[];

/** All families; several labels, and heads with a new hidden layer, with some. */
const cases: [string, Partial<TrainOptions>][] = [
  ...Object.keys(published).map((name): [string, Partial<TrainOptions>] => [name, {}]),
  ...["bert", "xlm-roberta", "deberta-v2"].map((name): [string, Partial<TrainOptions>] => [
    name,
    { multiLabel: true },
  ]),
  ["bert", { head: "tanh", headWidth: 12 }],
  ["bert", { head: "gelu", headWidth: 12, multiLabel: true }],
  ["bert", { head: "relu", headWidth: 12 }],
];

test.each(cases)("a %s classifier, %o, answers in transformers.js as here", async (name, options) => {
  const model = await mkdtemp(join(folder, `${name}-`));
  await writePublished(model, name, "bare");
  const output = `${model}-trained`;
  const data = options.multiLabel ? inventedSets(60) : inventedRows(60);
  await trained({ ...tinyOptions, ...options, model, output, data, maxLength: 64, learningRate: 1e-2 });
  await exportOnnx(output);
  const { "transformers.js_config": settings } = await readJson(output, "config.json");
  expect(settings).toEqual({ dtype: "fp32" });

  const classifier = await load(output);
  // No `dtype`: it has to come from config.json.
  const classify = await pipeline("text-classification", output, { local_files_only: true });
  const idsThere = (text: string) =>
    classify.tokenizer(text, { truncation: true, return_tensor: false }).input_ids as number[];
  const idsHere = (text: string) => [...classifier.tokenizer.encode(text, classifier.maxLength).inputIds];
  for (const text of plain) expect(idsThere(text)).toEqual(idsHere(text));
  const same = difficult.filter((text) => idsThere(text).join() === idsHere(text).join());
  expect(same.length).toBeGreaterThan(difficult.length / 2);
  const texts = [...plain, ...same];
  const predictions = await classifier.predict(texts);
  const found = (await classify(texts, { top_k: null } as object)) as unknown as Scored[][];
  expect(found).toHaveLength(texts.length);
  for (const [i, { scores }] of predictions.entries()) {
    expect(found[i]!.map(({ label }) => label).sort()).toEqual([...classifier.labels].sort());
    for (const { label, score } of found[i]!)
      expect(Math.abs(score - scores[label]!), `${label} of ${texts[i]}`).toBeLessThan(TOLERANCE);
  }
  // One text at a time, without padding; the best label alone.
  for (const { text, label, score } of predictions.slice(0, 5)) {
    const [best] = (await classify(text)) as Scored[];
    expect(best!.label).toBe(label);
    expect(Math.abs(best!.score - score)).toBeLessThan(TOLERANCE);
  }
  // Texts differ by far more than the tolerance: else wrong answers would pass, too.
  for (const label of classifier.labels) {
    const all = predictions.map(({ scores }) => scores[label]!);
    expect(Math.max(...all) - Math.min(...all)).toBeGreaterThan(100 * TOLERANCE);
  }
  await classify.dispose();
  await classifier.close();
});
