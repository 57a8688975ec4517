import type { GpuSession, OpenGpuSession } from "../../src/run/gpu-session.js";
import { openGpuSessionNode } from "../../src/run/gpu-session-node.js";
import type { Device } from "../../src/run/session.js";
import { hasSoftwareGpu } from "./software-gpu.js";

/** A device to test on, and how much wider than on the processor the limits of float32 differences are. */
export interface TestedDevice {
  readonly device: Device;
  readonly factor: number;
}

/**
 * Limits for WebGPU follow from those for the processor. To first order a result's error is a sum over all operations:
 * an operation's own rounding times what the rest of the model makes of it. The model is the same, and sums are as long;
 * so the bound grows by at most the largest ratio of an operation's own error, on the GPU and on the processor.
 *
 * In units in the last place, from https://www.w3.org/TR/WGSL/#floating-point-accuracy, against 0.5 for arithmetic and
 * 1 for functions on the processor:
 *
 *     + - ·           rounded, or exact within a fused product: 0.5 / 0.5 = 1
 *     /               2.5 / 0.5 = 5
 *     1/√x            2 for inverseSqrt, against √ and /: 2 / 1 = 2; LayerNormalization takes it of E[x²] - E[x]², which
 *                     doubles rounding where a row's mean is as large as its deviation: 4
 *     eˣ              3 + 2|x|; softmax has x ≤ 0, so of the largest term the error is (3 + 2|x|)·eˣ ≤ 3: 3 / 1 = 3
 *     tanh            ONNX Runtime's (1 - e)/(1 + e) with e = exp(-2|x|): half of e's error, at most 1.5, two roundings
 *                     of 0.5 and a division of 2.5: 5 / 1 = 5
 *     erf             ONNX Runtime's formula 7.1.26 of Abramowitz and Stegun: 1.5e-7 absolute, 1.3 near 1, and an exp and a
 *                     division of what is at most 1: (1.3 + 3 + 2.5) / 1 < 7
 *     m/(√v + ε)      AdamW: √ as 1/inverseSqrt, 4.5, and / 2.5, against 0.5 each: 7 / 1 = 7
 */
const WGSL = 7;

export const testedDevices: readonly TestedDevice[] = [
  { device: "cpu", factor: 1 },
  ...(hasSoftwareGpu ? [{ device: "webgpu", factor: WGSL } as const] : []),
];

/**
 * Opens sessions on the software GPU. One session stays open as long as the process lives: ONNX Runtime drops its
 * compiled programs with the last one, and the driver takes seconds to compile them.
 */
export const openSoftwareGpu: OpenGpuSession = async (graph, toHost) => {
  first ??= openGpuSessionNode(graph, toHost);
  await first;
  return openGpuSessionNode(graph, toHost);
};

let first: Promise<GpuSession> | undefined;
