import { expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import {
  denseParameters,
  initialValues,
  normParameters,
  type ParameterSpec,
  parameterScope,
} from "../../src/model/parameters.js";

const parameter = (initializer: ParameterSpec["initializer"], name = "weight"): ParameterSpec => ({
  name,
  shape: [100, 80],
  initializer,
  exempt: false,
});
const moments = (values: Float32Array) => {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
};

test("normal values have the deviation that is asked for", () => {
  const { mean, deviation } = moments(
    initialValues(parameter({ kind: "normal", deviation: 0.02 }), random(1)),
  );
  // Of 8,000 draws the mean lies within 5·σ/√n, the deviation within 5·σ/√(2n).
  expect(Math.abs(mean)).toBeLessThan((5 * 0.02) / Math.sqrt(8000));
  expect(Math.abs(deviation - 0.02)).toBeLessThan((5 * 0.02) / Math.sqrt(16000));
});

test("uniform values fill the interval", () => {
  const values = initialValues(parameter({ kind: "uniform", limit: 0.5 }), random(1));
  const { mean, deviation } = moments(values);
  expect(Math.abs(mean)).toBeLessThan(0.02);
  expect(Math.abs(deviation - 0.5 / Math.sqrt(3))).toBeLessThan(0.01);
  expect(Math.max(...values)).toBeLessThanOrEqual(0.5);
  expect(Math.max(...values)).toBeGreaterThan(0.499);
  expect(Math.min(...values)).toBeLessThan(-0.499);
});

test("constant values are constant", () => {
  expect(new Set(initialValues(parameter({ kind: "constant", value: 1 }), random(1)))).toEqual(new Set([1]));
});

test("values are a function of the seed and the name, whatever was drawn before", () => {
  const normal = { kind: "normal", deviation: 1 } as const;
  const wanted = initialValues(parameter(normal), random(7));
  const stream = random(7);
  initialValues(parameter(normal, "bias"), stream);
  stream.normal();
  expect(initialValues(parameter(normal), stream)).toEqual(wanted);
  expect(initialValues(parameter(normal, "bias"), random(7))).not.toEqual(wanted);
  expect(initialValues(parameter(normal), random(8))).not.toEqual(wanted);
});

test("dense layers and norms have the checkpoint's names and shapes, and biases and norms are exempt from decay", () => {
  const [weight, bias] = denseParameters("pooler.dense", 3, 2, 0.5);
  expect(weight).toMatchObject({ name: "pooler.dense.weight", shape: [2, 3], exempt: false });
  expect(bias).toMatchObject({ name: "pooler.dense.bias", shape: [2], exempt: true });
  expect([...initialValues(bias!, random(0))]).toEqual([0, 0]);
  const norm = normParameters("LayerNorm", 4);
  expect(norm.map(({ name, exempt }) => [name, exempt])).toEqual([
    ["LayerNorm.weight", true],
    ["LayerNorm.bias", true],
  ]);
  expect(norm.map((spec) => [...initialValues(spec, random(0))])).toEqual([
    [1, 1, 1, 1],
    [0, 0, 0, 0],
  ]);
});

test("a scope makes each parameter once, when it is first asked for", () => {
  const made: string[] = [];
  const found = new Map<string, never>();
  const scope = parameterScope(denseParameters("a.b", 1, 1, 1), found, (name, shape) => {
    made.push(`${name} [${shape}]`);
    return {} as never;
  });
  const inner = scope.in("a").in("b");
  expect(made).toEqual([]);
  expect(inner.bias).toBe(scope.in("a.b").bias);
  expect(made).toEqual(["a.b.bias [1]"]);
  expect([...found.keys()]).toEqual(["a.b.bias"]);
  expect(() => scope.in("a").weight).toThrow("The model has no parameter a.weight.");
});

test("biases may be left out, and a scope has none then", () => {
  const specs = [
    ...denseParameters("a", 1, 1, 1, { bias: false }),
    ...normParameters("b", 1, { bias: false }),
  ];
  expect(specs.map(({ name }) => name)).toEqual(["a.weight", "b.weight"]);
  const scope = parameterScope(specs, new Map<string, never>(), () => ({}) as never);
  expect(scope.in("a").bias).toBeUndefined();
});
