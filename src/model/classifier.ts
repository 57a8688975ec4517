import { type DType, float32 } from "../base/tensor.js";
import { GraphBuilder } from "../graph/builder.js";
import type { Dim, Shape } from "../graph/dims.js";
import { gradients, type Segment } from "../graph/gradients.js";
import type { Value } from "../graph/graph.js";
import type { Precision } from "../graph/precision.js";
import type { EncoderConfig } from "./config.js";
import type { Stage, StageContext, TokenInputs } from "./encoder.js";
import { familyOf } from "./families.js";
import { type Head, type HeadKind, hiddenHead, mlpHead } from "./head.js";
import {
  attentionBias,
  type Dropout,
  type DropoutSite,
  fedDropout,
  type MaskType,
  noDropout,
} from "./layers.js";
import { type Line, lineBetween, logOdds } from "./log-odds.js";
import { type Problem, weightedLoss } from "./loss.js";
import { type ParameterSpec, parameterScope } from "./parameters.js";

/** What has to be known to rebuild a classifier's graphs; plain data, so that it can be sent to a worker. */
export interface ClassifierSpec {
  config: EncoderConfig;
  head: HeadKind;
  /** Units of the head's hidden layer, where that can be chosen. Default: the hidden size, and 512 for mlp. */
  headWidth?: number;
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
  /** The table of words, whose gradient comes row by row. */
  readonly wordTable: ParameterSpec;
}

export function createClassifier(spec: ClassifierSpec): Classifier {
  const { config } = spec;
  const family = familyOf(config);
  const head = headOf(spec);
  const pooler = head.reads === "pooled" && family.pooler ? [family.pooler(config)] : [];
  const stages = [...family.encoder(config, head.reads === "all" ? "all" : "first"), ...pooler];
  const parameters = [...stages.flatMap((stage) => stage.parameters), ...head.parameters];
  const wordTable = parameters.find(({ name }) => name === family.wordTable)!;
  return { spec, stages, head, parameters, wordTable };
}

function headOf({ config, head, headWidth, labels }: ClassifierSpec): Head {
  if (head === "stock") return familyOf(config).head(config, labels.length);
  if (head === "mlp") return mlpHead(config, labels.length, headWidth);
  return hiddenHead(config, labels.length, head, headWidth);
}

/** Weight and bias of the head's last layer, which have a row for each label. */
export const outputLayer = ({ head }: Classifier): readonly ParameterSpec[] => head.parameters.slice(-2);

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
  const { g, encode } = start(model, { source, precision });
  return { g, outputs: { features: g.cast(encode(from, to), "float32") } };
}

/** Evaluation mode from the features of stage `from` (0: from tokens) to `logits`. */
export function logitsGraph(
  model: Classifier,
  from: number,
  source: ParameterSource = ownInputs,
  precision: Precision = "float32",
): ModelGraph {
  const { g, classify } = start(model, { source, precision });
  return { g, outputs: { logits: g.cast(classify(from), "float32") } };
}

/**
 * Evaluation mode at points of the straight line from a baseline's words to a text's: `share` [batch, 1, 1] of the way,
 * from `baseline_ids` to `input_ids` [batch, sequence]. Positions and types stay those of the text. Gives `logits` and
 * `slopes` [batch, sequence]: the gradient of the log-odds of the label in `target` [batch, labels] with respect to each
 * token's word vector, times the way that this vector goes. Their mean over the line is what integrated gradients
 * attributes to each token. https://arxiv.org/abs/1703.01365
 */
export function slopesGraph(
  model: Classifier,
  source: ParameterSource = ownInputs,
  precision: Precision = "float32",
): ModelGraph {
  let line: Line | undefined;
  const words: Words = (g, table, inputIds) => {
    line = lineBetween(g, {
      from: g.gather(table, g.input("baseline_ids", inputIds.dtype, inputIds.shape)),
      to: g.gather(table, inputIds),
      share: g.input("share", "float32", [inputIds.shape[0]!, 1, 1]),
    });
    return line.point;
  };
  const { g, classify } = start(model, { source, precision, words });
  const logits = g.cast(classify(0), "float32");
  const target = g.input("target", "float32", logits.shape);
  const odds = g.within("log-odds", () => logOdds(g, model.spec.problem, logits, target));
  const [gradient] = gradients(g, odds, [line!.point]);
  const [batch, sequence] = gradient!.shape as [Dim, Dim];
  const slopes = g.reshape(g.reduceSum(g.mul(g.cast(gradient!, "float32"), line!.way), [2]), [
    batch,
    sequence,
  ]);
  return { g, outputs: { logits, slopes } };
}

/** The whole model with its weights inside and int64 tokens, for others: from tokens to `logits`. */
export function exportGraph(model: Classifier, weights: ReadonlyMap<string, Float32Array>): ModelGraph {
  // Others look for these names of its axes.
  const axes = ["batch_size", "sequence_length"];
  const { g, classify } = start(model, { source: constants(weights), ids: "int64", axes });
  return { g, outputs: { logits: classify(0) } };
}

export interface TrainGraphOptions {
  /** Default: each parameter is an input of its own. */
  readonly source?: ParameterSource;
  /** Default: true. */
  readonly dropout?: boolean;
  /** How masks of dropout are fed. Default: float32. */
  readonly masks?: MaskType;
  /** Keep only what stages give each other, and compute the rest again for the backward pass. Default: false. */
  readonly checkpointing?: boolean;
  /** Default: float32. In float16 the gradients are those of the loss times the input `loss.scale`. */
  readonly precision?: Precision;
  /** Of the focal loss. Default: 0, cross-entropy. */
  readonly focalGamma?: number | undefined;
}

/** Training mode from stage `from`; all that lies below is frozen. Gives `loss` and the gradients. */
export function trainGraph(
  model: Classifier,
  from: number,
  {
    source = ownInputs,
    dropout = true,
    masks = "float32",
    checkpointing = false,
    precision = "float32",
    focalGamma,
  }: TrainGraphOptions = {},
): TrainGraph {
  const sites: DropoutSite[] = [];
  const { g, inputs, classify, segments } = start(model, {
    source,
    precision,
    dropout: dropout ? fedDropout(sites, masks) : noDropout,
  });
  const logits = classify(from);
  const [batch, labels] = logits.shape as [string, number];
  const lossInputs = {
    labels: g.input("labels", "float32", [batch, labels]),
    weights: g.input("weights", "float32", model.spec.problem === "multi_label" ? [batch, labels] : [batch]),
    denominator: g.input("denominator", "float32", []),
  };
  const loss = weightedLoss(g, model.spec.problem, logits, lossInputs, focalGamma);

  const frozen = new Set(frozenParameters(model, from).map(({ name }) => name));
  const trained = [...inputs].filter(([name]) => !frozen.has(name));
  const found = gradients(
    g,
    precision === "float16" ? g.mul(loss, g.input(LOSS_SCALE, "float32", [])) : loss,
    trained.map(([, value]) => asStored(value)),
    checkpointing ? segments : [],
  );
  const outputs: Record<string, Value> = { loss };
  const gradientOutputs = trained.map(([parameter], i): GradientOutput => {
    const output = `gradient.${parameter}`;
    const gradient = found[i]!;
    const byRows = gradient.node.op.name === "ScatterRows" && parameter === model.wordTable.name;
    outputs[output] = byRows ? g.rows(gradient.node.inputs[0]!) : gradient;
    return { parameter, output, kind: byRows ? "rows" : "whole" };
  });
  return { g, outputs, sites, gradients: gradientOutputs };
}

/** What the loss is multiplied by before the backward pass, so that float16 holds its gradients. */
export const LOSS_SCALE = "loss.scale";

/** Where the graphs of one model take a parameter from: in the checkpoint's shape, or wider (`widened`). */
export type ParameterSource = (g: GraphBuilder) => (name: string, shape: readonly number[]) => Value;

/** Each parameter is an input of its own, under its name. */
const ownInputs: ParameterSource = (g) => (name, shape) => g.input(name, "float32", shape);

/** Each parameter stands in the graph itself. */
const constants =
  (weights: ReadonlyMap<string, Float32Array>): ParameterSource =>
  (g) =>
  (name, shape) =>
    g.constant(float32(shape, weights.get(name)!));

/** A parameter that lies transposed in memory gets its gradient transposed, too. */
const asStored = (parameter: Value): Value =>
  parameter.node.op.name === "Transpose" ? parameter.node.inputs[0]! : parameter;

interface Start {
  readonly source: ParameterSource;
  /** Default: int32. */
  readonly ids?: DType;
  /** Names of the tokens' axes. */
  readonly axes?: Shape;
  /** Default: none, as in evaluation mode. */
  readonly dropout?: Dropout;
  /** Default: float32. */
  readonly precision?: Precision;
  /** Default: the rows of `input_ids`. */
  readonly words?: Words;
}

/** The words of a text, [batch, sequence, width], from their table. */
type Words = (g: GraphBuilder, table: Value, inputIds: Value) => Value;

/** A new graph with the model's inputs and parameters, made as the stages ask for them. */
function start(
  model: Classifier,
  {
    source,
    ids = "int32",
    axes = ["batch", "sequence"],
    dropout = noDropout,
    precision = "float32",
    words = lookedUp,
  }: Start,
) {
  const g = new GraphBuilder(precision);
  const inputs = new Map<string, Value>();
  const params = parameterScope(model.parameters, inputs, source(g));
  const context: StageContext = { tokens: tokenInputs(g, ids, axes, words), dropout, shared: sharedValues() };

  /** Stages from [batch, sequence, hidden] to the same, but for the last: its backward pass comes first. */
  const segments: Segment[] = [];
  const encode = (from: number, to: number): Value => {
    let x: Value | null = from === 0 ? null : featuresInput(g, model, from);
    for (const stage of model.stages.slice(from, to)) {
      const before = x;
      const written = g.nodes.length;
      x = g.within(stage.name, () => stage.build(g, params, before, context));
      if (before && stage.perToken && stage !== model.stages.at(-1))
        segments.push({ input: before, output: x, nodes: g.nodes.slice(written) });
    }
    return x!;
  };
  const classify = (from: number): Value => {
    const features = encode(from, model.stages.length);
    return g.within("head", () => model.head.build(g, params, features, context));
  };
  return { g, inputs, encode, classify, segments };
}

const lookedUp: Words = (g, table, inputIds) => g.gather(table, inputIds);

function tokenInputs(g: GraphBuilder, ids: DType, axes: Shape, words: Words): TokenInputs {
  const shared = sharedValues();
  const input = (name: string) => () => shared(name, () => g.input(name, ids, axes));
  const attentionMask = input("attention_mask");
  const inputIds = input("input_ids");
  return {
    inputIds,
    words: (table) => words(g, table, inputIds()),
    tokenTypeIds: input("token_type_ids"),
    attentionMask,
    attentionBias: () => shared("bias", () => attentionBias(g, attentionMask())),
  };
}

/** Makes each value once. */
function sharedValues(): StageContext["shared"] {
  const made = new Map<string, Value>();
  return (name, make) => {
    const value = made.get(name) ?? make();
    made.set(name, value);
    return value;
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
