import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { TextgraftError } from "../base/errors.js";
import type { Tensor } from "../base/tensor.js";
import { type CompiledGraph, compile } from "../graph/onnx.js";
import { createClassifier, exportGraph } from "../model/classifier.js";
import type { Tokenizer } from "../tokens/tokenizer.js";
import { type ClassifierFacts, classifierFacts } from "./classifier-facts.js";
import { writeConfig } from "./config-json-node.js";
import { probabilitiesOf } from "./evaluate.js";
import { load } from "./load-node.js";
import { openPretrained, readParameter } from "./pretrained-node.js";
import { openSessionNode } from "./session-node.js";
import { writeFileAtomic } from "./write-folder-node.js";

/** What was written, and how much a probability differs from the model's own at the most. */
export interface Exported {
  file: string;
  bytes: number;
  largestDifference: number;
}

/** Protobuf, and with it an ONNX file with its weights inside, ends at 2 GiB. */
const MAX_BYTES = 2 ** 31 - 2 ** 20;

/** Texts of several lengths on which the file is compared with the model. */
const PROBES = [
  "A",
  "This is a first text.",
  "Free entry! Text WIN to 80085 now and win 1,000 pounds cash.",
  "See you at 5?",
];
const TOLERANCE = 1e-4;

/**
 * Writes `onnx/model.onnx` (float32, any batch and length) into a model folder, as transformers.js expects it,
 * after comparing its answers with the model's.
 */
export async function exportOnnx(folder: string): Promise<Exported> {
  const { graph, tokenizer, config, path, ...facts } = await exported(folder);
  if (graph.bytes.length > MAX_BYTES) {
    throw new TextgraftError("model-invalid", {
      message: `The model is too large for one ONNX file: ${graph.bytes.length} bytes of at most ${MAX_BYTES}.`,
    });
  }
  const largestDifference = await compare(folder, graph, tokenizer, facts);
  const file = join(path, "onnx", "model.onnx");
  await mkdir(join(path, "onnx"), { recursive: true });
  await writeFileAtomic(file, graph.bytes);
  // There is no quantized file that transformers.js would look for in browsers.
  await writeConfig(path, { ...config, "transformers.js_config": { dtype: "fp32" } });
  return { file, bytes: graph.bytes.length, largestDifference };
}

async function exported(name: string) {
  const pretrained = await openPretrained(resolve(name));
  const { folder, config, tokenizer } = pretrained;
  const facts = classifierFacts(pretrained);
  const classifier = createClassifier({ ...facts, config });
  const weights = new Map<string, Float32Array>();
  for (const parameter of classifier.parameters) {
    const values = await readParameter(pretrained, parameter);
    if (values !== undefined) weights.set(parameter.name, values); // `load` has told what is missing
  }
  const graph = compile(exportGraph(classifier, weights).outputs, { target: "portable" });
  return { graph, tokenizer, config: folder.config, path: folder.path, ...facts };
}

async function compare(
  folder: string,
  graph: CompiledGraph,
  tokenizer: Tokenizer,
  { labels, problem, maxLength }: ClassifierFacts,
): Promise<number> {
  const session = await openSessionNode(graph, { device: "cpu" });
  const model = await load(folder);
  try {
    let largest = 0;
    for (const text of PROBES) {
      if (tokenizer.encode(text).inputIds.length > maxLength) continue; // --long may read another part of it
      const { logits } = await session.run(feedsOf(tokenizer, text, maxLength));
      const found = probabilitiesOf(logits!.data as Float32Array, problem);
      const { scores } = await model.predict(model.pairs ? { text, pair: text } : text);
      for (const [id, label] of labels.entries())
        largest = Math.max(largest, Math.abs(found[id]! - scores[label]!));
    }
    if (largest <= TOLERANCE) return largest;
    throw new TextgraftError("internal", {
      message: `The ONNX file gives other answers: off by ${largest}.`,
    });
  } finally {
    await session.dispose();
    await model.close();
  }
}

function feedsOf(tokenizer: Tokenizer, text: string, maxLength: number): Record<string, Tensor> {
  const { inputIds, tokenTypeIds } = tokenizer.encode(text, maxLength);
  const row = (values: Int32Array): Tensor => ({
    dtype: "int64",
    shape: [1, values.length],
    data: BigInt64Array.from(values, BigInt),
  });
  return {
    input_ids: row(inputIds),
    attention_mask: row(new Int32Array(inputIds.length).fill(1)),
    token_type_ids: row(tokenTypeIds),
  };
}
