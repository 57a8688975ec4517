import { TextgraftError } from "../base/errors.js";
import type { Random } from "../base/random.js";
import { sizeOf } from "../base/tensor.js";
import type { Value } from "../graph/graph.js";

/** How a parameter starts where no checkpoint has it. */
export type Initializer =
  | { kind: "normal"; deviation: number }
  | { kind: "uniform"; limit: number }
  | { kind: "constant"; value: number };

/** One named parameter, under the name and in the shape that checkpoints give it. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  /** True for biases and the weights of norms, which AdamW doesn't decay by default. */
  readonly exempt: boolean;
  /** The weight of a dense layer, [outputs, inputs]: some devices multiply faster by its transpose. */
  readonly dense?: true;
  /** The axis that lies between the two dense layers of a feed-forward part: zeros behind its end change no result. */
  readonly inner?: 0 | 1;
}

/** The first values of a parameter, a function of the seed and the parameter's name. */
export function initialValues({ name, shape, initializer }: ParameterSpec, random: Random): Float32Array {
  const draw = random.fork("initial", name);
  const values = new Float32Array(sizeOf(shape));
  switch (initializer.kind) {
    case "normal":
      return values.map(() => draw.normal() * initializer.deviation);
    case "uniform":
      return values.map(() => (2 * draw.uniform() - 1) * initializer.limit);
    case "constant":
      return values.fill(initializer.value);
    default:
      return initializer satisfies never;
  }
}

/** A dense layer's weight [outputs, inputs], drawn from N(0, deviation²) as BERT's are, and its bias, if it has one. */
export function denseParameters(
  name: string,
  inputs: number,
  outputs: number,
  deviation: number,
  { bias = true } = {},
): ParameterSpec[] {
  return [
    {
      name: `${name}.weight`,
      shape: [outputs, inputs],
      initializer: { kind: "normal", deviation },
      exempt: false,
      dense: true,
    },
    ...(bias ? [constantVector(`${name}.bias`, outputs, 0)] : []),
  ];
}

/** The weight of a layer normalisation, and its bias, if it has one. */
export function normParameters(name: string, width: number, { bias = true } = {}): ParameterSpec[] {
  return [
    constantVector(`${name}.weight`, width, 1),
    ...(bias ? [constantVector(`${name}.bias`, width, 0)] : []),
  ];
}

const constantVector = (name: string, size: number, value: number): ParameterSpec => ({
  name,
  shape: [size],
  initializer: { kind: "constant", value },
  exempt: true,
});

/** Parameters of a graph, looked up by the checkpoint's names: `params.in("query").weight`. */
export interface ParameterScope {
  in(name: string): ParameterScope;
  readonly weight: Value;
  /** Undefined where the model has none of this name. */
  readonly bias: Value | undefined;
}

/** Looks a parameter up in a graph when a layer first asks for it; `found` collects the values by name. */
export function parameterScope(
  specs: readonly ParameterSpec[],
  found: Map<string, Value>,
  make: (name: string, shape: readonly number[]) => Value,
): ParameterScope {
  const shapes = new Map(specs.map(({ name, shape }) => [name, shape]));
  const lookUp = (name: string): Value | undefined => {
    const known = found.get(name);
    if (known) return known;
    const shape = shapes.get(name);
    if (!shape) return undefined;
    const value = make(name, shape);
    found.set(name, value);
    return value;
  };
  const scope = (prefix: string): ParameterScope => ({
    in: (name) => scope(`${prefix}${name}.`),
    get weight() {
      const weight = lookUp(`${prefix}weight`);
      if (weight) return weight;
      throw new TextgraftError("internal", { message: `The model has no parameter ${prefix}weight.` });
    },
    get bias() {
      return lookUp(`${prefix}bias`);
    },
  });
  return scope("");
}
