import { random } from "#textgraft/base/random.js";
import { type Classifier, type ClassifierSpec, createClassifier } from "#textgraft/model/classifier.js";
import type { BertConfig } from "#textgraft/model/families/bert.js";
import type { ParameterSpec } from "#textgraft/model/parameters.js";
import type { Engine, EngineSpec } from "#textgraft/run/engine.js";
import { openLocalEngine } from "#textgraft/run/engine-local.js";
import { memoryFeatures } from "#textgraft/run/feature-cache.js";
import { openSessionNode } from "#textgraft/run/session-node.js";
import type { ModelJob, Shape } from "./job.js";

/** As bert-base-uncased's, but for the shape. */
export function configOf({ layers, hiddenSize, heads, vocabSize }: Shape): BertConfig {
  return {
    modelType: "bert",
    vocabSize,
    hiddenSize,
    layers,
    heads,
    intermediateSize: 4 * hiddenSize,
    activation: "gelu",
    positions: 512,
    positionRows: 512,
    padId: 0,
    tokenTypes: 2,
    layerNormEpsilon: 1e-12,
    hiddenDropout: 0.1,
    attentionDropout: 0.1,
    classifierDropout: 0.1,
    initializerRange: 0.02,
  };
}

export const classifierSpec = ({ shape, head }: Pick<ModelJob, "shape" | "head">): ClassifierSpec => ({
  config: configOf(shape),
  head,
  labels: ["0", "1"],
  problem: "single_label",
});

/** An engine in this thread with random weights, as `textgraft train` and `predict` open it. */
export async function openRandomEngine(
  { kind, frozenStages, batchSize, maxLength, ...job }: ModelJob,
  threads: number,
): Promise<{ engine: Engine; model: Classifier }> {
  const classifier = classifierSpec(job);
  const training: EngineSpec["training"] = {
    batchSize,
    accumulation: 1,
    maxLength,
    seed: 1,
    dropout: true,
    checkpointing: false,
    weightDecay: 0.01,
    decayAll: false,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    maxGradientNorm: 1,
  };
  const spec: EngineSpec = {
    classifier,
    device: "cpu",
    threads,
    frozenStages,
    ...(kind === "train" ? { training } : {}),
  };
  const engine = openLocalEngine(spec, {
    openSession: openSessionNode,
    openFeatures: () => memoryFeatures(FEATURE_BYTES),
  });
  const model = createClassifier(classifier);
  for (const parameter of model.parameters) await engine.write(parameter.name, roughValues(parameter));
  return { engine, model };
}

/** As the application keeps at the most before it goes to a file. */
const FEATURE_BYTES = 2 ** 30;

/** Values of about the right size. Times don't depend on them, and a hundred million draws would take a minute. */
export function roughValues({ shape, initializer }: ParameterSpec): Float32Array {
  const values = new Float32Array(shape.reduce((size, dim) => size * dim, 1));
  if (initializer.kind === "constant") return values.fill(initializer.value);
  const scale = initializer.kind === "normal" ? initializer.deviation : initializer.limit / 2;
  for (let i = 0; i < values.length; i++) values[i] = scale * draws[i % draws.length]!;
  return values;
}

const draws = (() => {
  const stream = random(1);
  return Float32Array.from({ length: 65_537 }, () => stream.normal());
})();
