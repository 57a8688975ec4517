import { describe, expect, test } from "vitest";
import type { Tensor } from "../../src/base/tensor.js";
import { gradients } from "../../src/graph/gradients.js";
import type { Value } from "../../src/graph/graph.js";
import { compile } from "../../src/graph/onnx.js";
import { expectClose } from "../support/close.js";
import { openSoftwareGpu, testedDevices } from "../support/devices.js";
import { evaluate } from "../support/evaluate.js";
import { elements } from "../support/session.js";
import { hasSoftwareGpu, unlessSkipped } from "../support/software-gpu.js";
import { cases, sample } from "./cases.js";

const limit = testedDevices.at(-1)!.factor * 1e-6;

// WebGPU has no 64-bit integers; graphs that run there read tokens as int32.
const onGpu = cases.filter(({ inputs }) => inputs.every(({ dtype }) => dtype !== "int64"));

describe.skipIf(!hasSoftwareGpu)(
  `the GPU runs all of a graph, and agrees with float64${unlessSkipped}`,
  () => {
    test.each(onGpu.map((entry) => [entry.op, entry.name, entry] as const))(
      "in %s, %s, and its gradient",
      async (_op, _name, entry) => {
        const { g, y, loss, targets, feeds } = sample(entry);
        const outputs: Record<string, Value> = { y };
        for (const [i, gradient] of gradients(g, loss, targets).entries())
          if (gradient) outputs[`dx${i}`] = gradient;
        const compiled = compile(outputs, { target: "webgpu" });
        const session = await openSoftwareGpu(compiled, Object.keys(outputs));
        const tensors = Object.entries(compiled.inputs).map(([name, { dtype }]) => {
          const { shape, data } = feeds[name]!;
          return [name, { dtype, shape, data: elements[dtype](data) } as Tensor] as const;
        });
        const { host } = await session.run(Object.fromEntries(tensors));
        await session.dispose();

        const expected = evaluate(Object.values(outputs), feeds);
        for (const [i, name] of Object.keys(outputs).entries()) {
          const { shape, data } = host[name]!;
          expect(shape, name).toEqual(outputs[name]!.shape);
          const found = Array.from(data as ArrayLike<number | bigint>, Number);
          expectClose(found, expected[i]!, limit, { label: name });
        }
      },
    );
  },
);
