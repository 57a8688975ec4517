import { TextgraftError } from "../base/errors.js";
import { float32, type Tensor } from "../base/tensor.js";
import { GraphBuilder } from "../graph/builder.js";
import { compile } from "../graph/onnx.js";
import type { Precision } from "../graph/precision.js";
import type { OpenGpuSession } from "./gpu-session.js";
import type { Device } from "./session.js";

export const precisions: readonly Precision[] = ["float32", "float16"];

/** Throws `option-invalid` for a precision that a device never has. */
export function requirePrecision(precision: Precision, device: Device): void {
  if (precision === "float32" || device === "webgpu") return;
  throw new TextgraftError("option-invalid", {
    message: `--precision is float16, but --device is ${device}: the processor has nothing to compute float16 with, and would only be slower.`,
    fix: "Leave --precision out, or use --device webgpu.",
  });
}

/**
 * Runs a graph of one addition in float16. Throws `option-invalid` where the GPU or its driver doesn't offer WebGPU's
 * `shader-f16`, and where an overflow doesn't show as infinity, which WGSL leaves open: loss scaling depends on it.
 */
export async function requireFloat16(open: OpenGpuSession): Promise<void> {
  const g = new GraphBuilder();
  const x = g.cast(g.input("x", "float32", [2]), "float16");
  const graph = compile({ twice: g.cast(g.add(x, x), "float32") }, { target: "webgpu" });
  const run = async (): Promise<Tensor> => {
    const session = await open(graph, ["twice"]);
    const { host } = await session.run({ x: float32([2], [1, LARGEST]) }).finally(() => session.dispose());
    return host.twice!;
  };
  const found = await run().catch((cause: unknown) => {
    throw float16Failure(cause);
  });
  const [two, overflow] = found.data;
  if (two === 2 && overflow === Number.POSITIVE_INFINITY) return;
  throw unusable(`it gives ${two} for 1 + 1 and ${overflow} for ${LARGEST} + ${LARGEST}`);
}

/** The largest number of float16. */
const LARGEST = 65504;

/** Why a graph with float16 didn't run: the device has none, there is no device, or it is a bug of ours. */
function float16Failure(cause: unknown): TextgraftError {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (/requires f16|shader-f16/.test(message)) return unusable("it lacks WebGPU's shader-f16", cause);
  if (cause instanceof TextgraftError) return cause;
  return new TextgraftError("internal", { message: `ONNX Runtime failed: ${message}`, cause });
}

const unusable = (why: string, cause?: unknown): TextgraftError =>
  new TextgraftError("option-invalid", {
    message: `--precision is float16, but this GPU or its driver can't compute in it: ${why}.`,
    fix: "Use --precision float32, which is the default, or install a newer driver for your GPU.",
    cause,
  });
