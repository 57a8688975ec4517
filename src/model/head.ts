import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";
import type { EncoderConfig } from "./config.js";
import type { DenseLayer, StageContext } from "./encoder.js";
import { type Activation, activate, type DropoutPlace, linear } from "./layers.js";
import { denseParameters, type ParameterScope, type ParameterSpec } from "./parameters.js";

/** Activations of a head with one hidden layer that some class of transformers has. */
export const hiddenActivations = ["tanh", "gelu", "relu"] as const;
export type HiddenActivation = (typeof hiddenActivations)[number];

/** The head of the model's own class in transformers, one with a hidden layer of any width, or the tutorial's. */
export const headKinds = ["stock", ...hiddenActivations, "mlp"] as const;
export type HeadKind = (typeof headKinds)[number];

/**
 * What stands on the encoder: features → logits [batch, labels]. It reads all positions [batch, sequence, hidden], the
 * first one [batch, hidden], or what the encoder's pooler makes of that; without a pooler the same as the first.
 */
export interface Head {
  readonly reads: "all" | "first" | "pooled";
  /** Its dense layers, where it is nothing else: the last one by name, and one before that. */
  readonly dense?: { readonly hidden?: DenseLayer; readonly output: string };
  readonly parameters: readonly ParameterSpec[];
  /** Names of those that an encoder's checkpoint may bring, whatever its labels. Default: none. */
  readonly pretrained?: readonly string[];
  readonly build: (g: GraphBuilder, params: ParameterScope, features: Value, context: StageContext) => Value;
}

/** Units of the mlp head's inner layer, as in the tutorial. */
export const MLP_WIDTH = 512;

/** Dropout, then one dense layer `classifier`, over what the pooler gives. */
export function linearHead(config: EncoderConfig, labels: number): Head {
  return {
    reads: "pooled",
    dense: { output: "classifier" },
    parameters: denseParameters("classifier", config.hiddenSize, labels, config.initializerRange),
    build: (g, params, pooled, { dropout }) =>
      linear(g, params.in("classifier"), dropout(g, pooled, headPlace(pooled, config.classifierDropout))),
  };
}

/** Names and settings of a head with an inner layer. */
export interface DenseHeadSpec {
  /** The inner layer, as wide as the encoder. */
  readonly dense: string;
  readonly activation: Activation;
  /** The last layer. */
  readonly output: string;
  /** Dropout before the inner layer, besides that before the last. Default: none. */
  readonly inputDropout?: number;
}

/** Two dense layers over the first position: dropout, dense, activation, dropout, output. */
export function denseHead(
  { hiddenSize, initializerRange, classifierDropout }: EncoderConfig,
  labels: number,
  { dense, activation, output, inputDropout = 0 }: DenseHeadSpec,
): Head {
  return {
    reads: "first",
    dense: { hidden: { name: dense, activation }, output },
    parameters: [
      ...denseParameters(dense, hiddenSize, hiddenSize, initializerRange),
      ...denseParameters(output, hiddenSize, labels, initializerRange),
    ],
    build: (g, params, first, { dropout }) => {
      const read = dropout(g, first, headPlace(first, inputDropout, "head.input"));
      const inner = activate(g, linear(g, params.in(dense), read), activation);
      return linear(g, params.in(output), dropout(g, inner, headPlace(inner, classifierDropout)));
    },
  };
}

/** RoBERTa's head, which others took over with an activation of their own: dropout before both of its layers. */
export const classificationHead =
  (activation: Activation) =>
  (config: EncoderConfig, labels: number): Head =>
    denseHead(config, labels, {
      dense: "classifier.dense",
      activation,
      output: "classifier.out_proj",
      inputDropout: config.classifierDropout,
    });

/** Names of the two layers of `hiddenHead`, until it is saved as a stock class has them. */
export const HIDDEN_HEAD = { dense: "head.dense", output: "head.output" };

/** A dense layer of `width` units over the first position, activation, dropout, and the last dense layer. */
export function hiddenHead(
  config: EncoderConfig,
  labels: number,
  activation: HiddenActivation,
  width = config.hiddenSize,
): Head {
  const { hiddenSize, initializerRange, classifierDropout } = config;
  const { dense, output } = HIDDEN_HEAD;
  return {
    reads: "first",
    parameters: [
      ...denseParameters(dense, hiddenSize, width, initializerRange),
      ...denseParameters(output, width, labels, initializerRange),
    ],
    build: (g, params, first, { dropout }) => {
      const inner = activate(g, linear(g, params.in(dense), first), activation);
      return linear(g, params.in(output), dropout(g, inner, headPlace(inner, classifierDropout)));
    },
  };
}

/** The tutorial's head: Linear(hidden, width), ReLU, dropout, Linear(width, labels), started as PyTorch starts them. */
export function mlpHead(config: EncoderConfig, labels: number, width = MLP_WIDTH): Head {
  return {
    reads: "pooled",
    parameters: [...torchLinear("fc1", config.hiddenSize, width), ...torchLinear("fc2", width, labels)],
    build: (g, params, pooled, { dropout }) => {
      const inner = g.relu(linear(g, params.in("fc1"), pooled));
      return linear(g, params.in("fc2"), dropout(g, inner, headPlace(inner, config.classifierDropout)));
    },
  };
}

/** PyTorch's default for nn.Linear: weight and bias uniform within ±1/√inputs. */
function torchLinear(name: string, inputs: number, outputs: number): ParameterSpec[] {
  const initializer = { kind: "uniform", limit: 1 / Math.sqrt(inputs) } as const;
  return [
    { name: `${name}.weight`, shape: [outputs, inputs], initializer, exempt: false, dense: true },
    { name: `${name}.bias`, shape: [outputs], initializer, exempt: true },
  ];
}

/** By default before the last dense layer; x is [batch, width]. */
export const headPlace = (x: Value, probability: number, name = "head"): DropoutPlace => ({
  name,
  probability,
  stride: x.shape[1] as number,
});
