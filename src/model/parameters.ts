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

/** A dense layer's weight [outputs, inputs] and bias, drawn from N(0, deviation²) as BERT's are. */
export function denseParameters(
  name: string,
  inputs: number,
  outputs: number,
  deviation: number,
): ParameterSpec[] {
  return [
    {
      name: `${name}.weight`,
      shape: [outputs, inputs],
      initializer: { kind: "normal", deviation },
      exempt: false,
      dense: true,
    },
    { name: `${name}.bias`, shape: [outputs], initializer: { kind: "constant", value: 0 }, exempt: true },
  ];
}

/** The two vectors of a layer normalisation. */
export function normParameters(name: string, width: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [width], initializer: { kind: "constant", value: 1 }, exempt: true },
    { name: `${name}.bias`, shape: [width], initializer: { kind: "constant", value: 0 }, exempt: true },
  ];
}

/** Parameters of a graph, looked up by the checkpoint's names: `params.in("query").weight`. */
export interface ParameterScope {
  in(name: string): ParameterScope;
  readonly weight: Value;
  readonly bias: Value;
}

/** Looks a parameter up in a graph when a layer first asks for it; `found` collects the values by name. */
export function parameterScope(
  specs: readonly ParameterSpec[],
  found: Map<string, Value>,
  make: (name: string, shape: readonly number[]) => Value,
): ParameterScope {
  const shapes = new Map(specs.map(({ name, shape }) => [name, shape]));
  const lookUp = (name: string): Value => {
    const known = found.get(name);
    if (known) return known;
    const shape = shapes.get(name);
    if (!shape) throw new TextgraftError("internal", { message: `The model has no parameter ${name}.` });
    const value = make(name, shape);
    found.set(name, value);
    return value;
  };
  const scope = (prefix: string): ParameterScope => ({
    in: (name) => scope(`${prefix}${name}.`),
    get weight() {
      return lookUp(`${prefix}weight`);
    },
    get bias() {
      return lookUp(`${prefix}bias`);
    },
  });
  return scope("");
}
