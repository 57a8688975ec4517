// Writes a model folder with random weights for transformers.js: node export-random.js FOLDER SHAPE (as JSON).
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "#textgraft/graph/onnx.js";
import { createClassifier, exportGraph } from "#textgraft/model/classifier.js";
import type { Shape } from "./job.js";
import { classifierSpec, roughValues } from "./textgraft-model.js";

const [folder, json] = process.argv.slice(2) as [string, string];
const shape = JSON.parse(json) as Shape;
const model = createClassifier(classifierSpec({ shape, head: "stock" }));
const weights = new Map(model.parameters.map((spec) => [spec.name, roughValues(spec)]));
const { bytes } = compile(exportGraph(model, weights).outputs, { target: "portable" });
mkdirSync(join(folder, "onnx"), { recursive: true });
writeFileSync(join(folder, "onnx", "model.onnx"), bytes);
const config = {
  model_type: "bert",
  architectures: ["BertForSequenceClassification"],
  vocab_size: shape.vocabSize,
  hidden_size: shape.hiddenSize,
  num_hidden_layers: shape.layers,
  num_attention_heads: shape.heads,
  id2label: { 0: "0", 1: "1" },
  label2id: { 0: 0, 1: 1 },
};
writeFileSync(join(folder, "config.json"), JSON.stringify(config));
