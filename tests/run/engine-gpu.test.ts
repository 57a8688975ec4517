import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type CompiledGraph, compile } from "../../src/graph/onnx.js";
import { createClassifier } from "../../src/model/classifier.js";
import type { Engine } from "../../src/run/engine.js";
import { openGpuEngine } from "../../src/run/engine-gpu.js";
import { memoryFeatures } from "../../src/run/feature-cache.js";
import { gpuFailure, openGpuSessionNode } from "../../src/run/gpu-session-node.js";
import { openSoftwareGpu, testedDevices } from "../support/devices.js";
import { largestDifference } from "../support/families.js";
import { openRoundingSession } from "../support/float16-session.js";
import { hasSoftwareGpu, unlessSkipped } from "../support/software-gpu.js";
import {
  openTiny,
  readAll,
  type TinyEngine,
  tinyBatch,
  tinyRows,
  tinySpec,
  tinyTraining,
  tinyWeights,
} from "../support/tiny-model.js";

const factor = testedDevices.at(-1)!.factor;
const rows = tinyRows(16, { longest: 14 });

/** Steps of two micro-batches each, then logits of other rows: everything that comes of it. */
async function train(engine: Engine) {
  const results: number[] = [];
  for (let step = 1; step <= 3; step++) {
    const batches = [rows.slice(0, 8), rows.slice(8)].map((part) => tinyBatch(part, { length: 16 }));
    const { loss, gradientNorm } = await engine.train({ batches, denominator: 16, step, learningRate: 1e-3 });
    results.push(loss, gradientNorm);
  }
  const logits = await engine.logits(tinyBatch(tinyRows(5, { seed: 1 })));
  return { results, logits };
}

describe.skipIf(!hasSoftwareGpu)(`the GPU${unlessSkipped}`, () => {
  test.each<[string, TinyEngine]>([
    ["all trained", {}],
    ["half frozen", { frozenStages: 2 }],
    ["a head alone", { frozenStages: 4, classifier: { head: "mlp" } }],
  ])("trains as the processor does, with dropout: %s", async (_name, setting) => {
    const both = [];
    for (const device of ["cpu", "webgpu"] as const) {
      const training = { accumulation: 2, weightDecay: 0.01, maxGradientNorm: 1 };
      const engine = await openTiny({ ...setting, device, training });
      both.push({ ...(await train(engine)), weights: await readAll(engine, setting.classifier) });
      await engine.close();
    }
    const [wanted, found] = both as [(typeof both)[0], (typeof both)[0]];
    for (const [i, value] of wanted.results.entries())
      expect(Math.abs(found.results[i]! / value - 1), `loss or norm ${i}`).toBeLessThan(factor * 1e-6);
    expect(largestDifference(found.logits, wanted.logits)).toBeLessThan(factor * 1e-5);
    for (const [name, values] of wanted.weights)
      expect(largestDifference(found.weights.get(name)!, values), name).toBeLessThan(factor * 1e-6);
  });

  test.each([0, 2])(
    "predicts batches of many shapes with few graphs; %d stages frozen",
    async (frozenStages) => {
      const texts = tinyRows(7, { longest: 9 });
      const processor = await openTiny({ frozenStages });
      let opened = 0;
      const gpu = await openTiny({
        device: "webgpu",
        frozenStages,
        openGpuSession: (graph, toHost) => {
          if ("logits" in graph.outputs || "features" in graph.outputs) opened++;
          return openSoftwareGpu(graph, toHost);
        },
      });
      for (const [rows, length] of [
        [7, 9],
        [5, 16],
        [6, 11],
        [8, 12],
      ] as const) {
        const batch = tinyBatch(texts.slice(0, rows), { length, size: rows });
        const found = await gpu.logits(batch);
        expect(largestDifference(found, await processor.logits(batch))).toBeLessThan(factor * 1e-6);
      }
      expect(opened).toBe(frozenStages === 0 ? 1 : 2);
      await gpu.close();
      await processor.close();
    },
  );

  test("refuses a graph of which a node would run on the processor", async () => {
    await expect(openGpuSessionNode(onProcessor())).rejects.toThrow("fallback to CPU EP");
  });
});

test("without a GPU the error says so, and what to do", () => {
  const said =
    "/onnxruntime_src/…/webgpu_context.cc:136 … Failed to get a WebGPU adapter: No supported adapters\n";
  expect(gpuFailure(new Error(said))).toMatchObject({
    code: "option-invalid",
    message:
      "--device is webgpu, but no GPU was found (Failed to get a WebGPU adapter: No supported adapters).",
    fix: expect.stringContaining("--device cpu"),
  });
  expect(gpuFailure(new Error("Node () failed"))).toMatchObject({ code: "internal" });
});

describe.skipIf(!hasSoftwareGpu)(`by the log${unlessSkipped}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "textgraft-gpu-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The operators of some graphs by where ONNX Runtime says that it runs them. */
  function placements(graphs: readonly CompiledGraph[]): Map<string, Set<string>> {
    const files = graphs.map(({ bytes }, i) => {
      const file = join(folder, `${i}.onnx`);
      writeFileSync(file, bytes);
      return file;
    });
    const code = `
      const { InferenceSession } = require("onnxruntime-node");
      (async () => {
        for (const file of process.argv.slice(1)) {
          const options = { executionProviders: ["webgpu"], logSeverityLevel: 0 };
          await (await InferenceSession.create(file, options)).release();
        }
      })();`;
    const limits = { maxBuffer: 2 ** 28 };
    const { stderr, status } = spawnSync(process.execPath, ["-e", code, ...files], limits);
    expect(status).toBe(0);

    const found = new Map<string, Set<string>>();
    let provider = "";
    for (const line of stderr.toString().split("\n")) {
      const [, message] = / VerifyEachNodeIsAssignedToAnEp\] (.*)/.exec(line) ?? [];
      if (message === undefined) continue;
      provider = / placed on \[(\w+)\]/.exec(message)?.[1] ?? provider;
      if (!found.has(provider)) found.set(provider, new Set());
      const [, operator] = /^ {2}(\w+) \(/.exec(message) ?? [];
      if (operator) found.get(provider)!.add(operator);
    }
    found.delete("");
    return found;
  }

  test("every node of training, update, evaluation and features runs on the GPU, and none copies to the host", async () => {
    const graphs: CompiledGraph[] = [];
    for (const [problem, head, frozenStages, precision] of [
      ["single_label", "stock", 2, "float32"],
      ["multi_label", "stock", 0, "float32"],
      ["single_label", "stock", 2, "float16"],
      ["multi_label", "mlp", 0, "float16"],
    ] as const) {
      const classifier = { ...tinySpec, problem, head };
      // The driver can't run float16, but says what would run it.
      const open = precision === "float16" ? openRoundingSession : openSoftwareGpu;
      const training = { ...tinyTraining, accumulation: 2 };
      const engine = await openGpuEngine(
        { classifier, device: "webgpu", precision, frozenStages, training },
        {
          openSession: (graph, toHost) => {
            graphs.push(graph);
            return open(graph, toHost);
          },
          openFeatures: () => memoryFeatures(2 ** 24),
        },
      );
      for (const [name, values] of tinyWeights(createClassifier(classifier)))
        await engine.write(name, values);
      const batch = tinyBatch(rows.slice(0, 8), { length: 16 });
      const weights = problem === "multi_label" ? new Float32Array(24).fill(1) : batch.weights;
      await engine.train({ batches: [{ ...batch, weights }], denominator: 8, step: 1, learningRate: 1e-3 });
      await engine.logits(batch);
      await engine.close();
    }
    const made = graphs.flatMap(({ outputs }) => Object.keys(outputs));
    expect(made).toEqual(expect.arrayContaining(["loss", "logits", "features", "weights.new", "squares"]));
    const found = placements(graphs);
    expect([...found.keys()]).toEqual(["WebGpuExecutionProvider"]);
    expect([...found.get("WebGpuExecutionProvider")!].filter((name) => name.startsWith("Memcpy"))).toEqual(
      [],
    );
  });

  test("a node that falls back would be seen", () => {
    expect([...placements([onProcessor()]).keys()].sort()).toEqual([
      "CPUExecutionProvider",
      "WebGpuExecutionProvider",
    ]);
  });
});

/** A graph that ONNX Runtime can't run on the GPU alone. */
function onProcessor(): CompiledGraph {
  const g = new GraphBuilder();
  const y = g.exp(g.logSoftmax(g.input("x", "float32", [2, 3])));
  return compile({ y }, { target: "portable" });
}
