import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";
import type { BertConfig } from "./config.js";
import type { Reads } from "./encoder.js";
import { type Dropout, type DropoutPlace, linear } from "./layers.js";
import { denseParameters, type ParameterScope, type ParameterSpec } from "./parameters.js";

export type HeadKind = "linear" | "mlp";

/** What stands on the encoder: pooled features [batch, hidden] → logits [batch, labels]. */
export interface Head {
  readonly kind: HeadKind;
  readonly reads: Reads;
  readonly parameters: readonly ParameterSpec[];
  readonly build: (g: GraphBuilder, params: ParameterScope, pooled: Value, dropout: Dropout) => Value;
}

/** Units of the mlp head's inner layer, as in the tutorial. */
export const MLP_WIDTH = 512;

/** The head that stock BERT classifiers have: dropout, then one dense layer. */
export function linearHead(config: BertConfig, labels: number): Head {
  return {
    kind: "linear",
    reads: "first",
    parameters: denseParameters("classifier", config.hiddenSize, labels, config.initializerRange),
    build: (g, params, pooled, dropout) =>
      linear(g, params.in("classifier"), dropout(g, pooled, headPlace(pooled, config.classifierDropout))),
  };
}

/** The tutorial's head: Linear(hidden, width), ReLU, dropout, Linear(width, labels), started as PyTorch starts them. */
export function mlpHead(config: BertConfig, labels: number, width = MLP_WIDTH): Head {
  return {
    kind: "mlp",
    reads: "first",
    parameters: [...torchLinear("fc1", config.hiddenSize, width), ...torchLinear("fc2", width, labels)],
    build: (g, params, pooled, dropout) => {
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

const headPlace = (x: Value, probability: number): DropoutPlace => ({
  name: "head",
  probability,
  stride: x.shape[1] as number,
});
