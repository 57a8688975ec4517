import { type DType, float32 } from "../base/tensor.js";
import { GraphBuilder } from "../graph/builder.js";
import type { Shape } from "../graph/dims.js";
import { gradients } from "../graph/gradients.js";
import type { Value } from "../graph/graph.js";
import type { Precision } from "../graph/precision.js";
import type { BertConfig } from "./config.js";
import { bertStages, type Stage, type StageContext } from "./encoder.js";
import { type Head, type HeadKind, linearHead, mlpHead } from "./head.js";
import { attentionBias, type Dropout, type DropoutSite, fedDropout, noDropout } from "./layers.js";
import { type Problem, weightedLoss } from "./loss.js";
import { type ParameterSpec, parameterScope } from "./parameters.js";

/** What has to be known to rebuild a classifier's graphs; plain data, so that it can be sent to a worker. */
export interface ClassifierSpec {
  config: BertConfig;
  head: HeadKind;
  labels: readonly string[];
  problem: Problem;
}

/** A classifier: encoder stages that can be cut anywhere, and a head. */
export interface Classifier {
  readonly spec: ClassifierSpec;
  readonly stages: readonly Stage[];
  readonly head: Head;
  /** All parameters in the model's order. */
  readonly parameters: readonly ParameterSpec[];
}

export function createClassifier(spec: ClassifierSpec): Classifier {
  const { config, labels } = spec;
  const head = spec.head === "linear" ? linearHead(config, labels.length) : mlpHead(config, labels.length);
  const stages = bertStages(config, { reads: head.reads, pooler: true });
  return {
    spec,
    stages,
    head,
    parameters: [...stages.flatMap((stage) => stage.parameters), ...head.parameters],
  };
}

/** Parameters of the first `frozen` stages, which don't train. */
export const frozenParameters = ({ stages }: Classifier, frozen: number): readonly ParameterSpec[] =>
  stages.slice(0, frozen).flatMap((stage) => stage.parameters);

/** Shape of the features that the first `count` stages give for one text: per token, or one vector. */
export const featuresPerToken = ({ stages }: Classifier, count: number): boolean =>
  stages[count - 1]!.perToken;

/** A graph to be compiled: its outputs by name, and what else its caller must feed. */
export interface ModelGraph {
  readonly g: GraphBuilder;
  readonly outputs: Record<string, Value>;
}

/** A graph that ends at the gradients of the parameters that train. */
export interface TrainGraph extends ModelGraph {
  readonly sites: readonly DropoutSite[];
  readonly gradients: readonly GradientOutput[];
}

/**
 * Where a parameter's gradient comes out: the whole of it, or, for the table of words, one row for each token that
 * the caller adds up in order.
 */
export interface GradientOutput {
  readonly parameter: string;
  readonly output: string;
  readonly kind: "whole" | "rows";
}

/** Evaluation mode, stages `from` up to `to`: gives `features`. */
export function featureGraph(
  model: Classifier,
  from: number,
  to: number,
  source: ParameterSource = ownInputs,
  precision: Precision = "float32",
): ModelGraph {
  const { g, encode } = start(model, "int32", source, precision);
  return { g, outputs: { features: g.cast(encode(from, to, noDropout), "float32") } };
}

/** Evaluation mode from the features of stage `from` (0: from tokens) to `logits`. */
export function logitsGraph(
  model: Classifier,
  from: number,
  source: ParameterSource = ownInputs,
  precision: Precision = "float32",
): ModelGraph {
  return classifying(model, start(model, "int32", source, precision), from);
}

/** The whole model with its weights inside and int64 tokens, for others: from tokens to `logits`. */
export function exportGraph(model: Classifier, weights: ReadonlyMap<string, Float32Array>): ModelGraph {
  // Others look for these names of its axes.
  const axes = ["batch_size", "sequence_length"];
  return classifying(model, start(model, "int64", inputsOrConstants(weights), "float32", axes), 0);
}

function classifying({ stages }: Classifier, { g, encode, classify }: Start, from: number): ModelGraph {
  const logits = classify(encode(from, stages.length, noDropout), noDropout);
  return { g, outputs: { logits: g.cast(logits, "float32") } };
}

/**
 * Training mode from stage `from`; all that lies below is frozen. Gives `loss` and the gradients. In float16 these are
 * the gradients of the loss times the input `loss.scale`.
 */
export function trainGraph(
  model: Classifier,
  from: number,
  source: ParameterSource = ownInputs,
  precision: Precision = "float32",
): TrainGraph {
  const { g, inputs, encode, classify } = start(model, "int32", source, precision);
  const sites: DropoutSite[] = [];
  const dropout = fedDropout(sites);
  const logits = classify(encode(from, model.stages.length, dropout), dropout);
  const [batch, labels] = logits.shape as [string, number];
  const loss = weightedLoss(g, model.spec.problem, logits, {
    labels: g.input("labels", "float32", [batch, labels]),
    weights: g.input("weights", "float32", model.spec.problem === "multi_label" ? [batch, labels] : [batch]),
    denominator: g.input("denominator", "float32", []),
  });

  const trained = [...inputs];
  const found = gradients(
    g,
    precision === "float16" ? g.mul(loss, g.input(LOSS_SCALE, "float32", [])) : loss,
    trained.map(([, value]) => asStored(value)),
  );
  const outputs: Record<string, Value> = { loss };
  const gradientOutputs = trained.map(([parameter], i): GradientOutput => {
    const output = `gradient.${parameter}`;
    const gradient = found[i]!;
    const byRows = gradient.node.op.name === "ScatterRows" && parameter === WORD_TABLE;
    outputs[output] = byRows ? g.rows(gradient.node.inputs[0]!) : gradient;
    return { parameter, output, kind: byRows ? "rows" : "whole" };
  });
  return { g, outputs, sites, gradients: gradientOutputs };
}

/** What the loss is multiplied by before the backward pass, so that float16 holds its gradients. */
export const LOSS_SCALE = "loss.scale";

/** The one table whose gradient comes row by row. */
export const WORD_TABLE = "bert.embeddings.word_embeddings.weight";

/** Where the graphs of one model take a parameter from, in the checkpoint's shape. */
export type ParameterSource = (g: GraphBuilder) => (name: string, shape: readonly number[]) => Value;

/** Each parameter is an input of its own, under its name. */
const ownInputs: ParameterSource = (g) => (name, shape) => g.input(name, "float32", shape);

/** Parameters with these weights stand in the graph itself; all others are inputs. */
export const inputsOrConstants =
  (weights: ReadonlyMap<string, Float32Array>): ParameterSource =>
  (g) =>
  (name, shape) => {
    const values = weights.get(name);
    return values ? g.constant(float32(shape, values)) : g.input(name, "float32", shape);
  };

/** A parameter that lies transposed in memory gets its gradient transposed, too. */
const asStored = (parameter: Value): Value =>
  parameter.node.op.name === "Transpose" ? parameter.node.inputs[0]! : parameter;

type Start = ReturnType<typeof start>;

/** A new graph with the model's inputs and parameters, made as the stages ask for them. */
function start(
  model: Classifier,
  ids: DType,
  source: ParameterSource,
  precision: Precision,
  axes: Shape = ["batch", "sequence"],
) {
  const g = new GraphBuilder(precision);
  const inputs = new Map<string, Value>();
  const params = parameterScope(model.parameters, inputs, source(g));
  const tokens = tokenInputs(g, ids, axes);

  const encode = (from: number, to: number, dropout: Dropout): Value => {
    const context: StageContext = { tokens, dropout };
    let x: Value | null = from === 0 ? null : featuresInput(g, model, from);
    for (const stage of model.stages.slice(from, to)) {
      const before = x;
      x = g.within(stage.name, () => stage.build(g, params, before, context));
    }
    return x!;
  };
  const classify = (pooled: Value, dropout: Dropout): Value =>
    g.within("head", () => model.head.build(g, params, pooled, dropout));
  return { g, inputs, encode, classify };
}

function tokenInputs(g: GraphBuilder, ids: DType, axes: Shape): StageContext["tokens"] {
  const input = (name: string) => g.input(name, ids, axes);
  return {
    inputIds: once(() => input("input_ids")),
    tokenTypeIds: once(() => input("token_type_ids")),
    attentionBias: once(() => attentionBias(g, input("attention_mask"))),
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function featuresInput(g: GraphBuilder, model: Classifier, from: number): Value {
  const { hiddenSize } = model.spec.config;
  return g.input(
    "features",
    "float32",
    featuresPerToken(model, from) ? ["batch", "sequence", hiddenSize] : ["batch", hiddenSize],
  );
}
