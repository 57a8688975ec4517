import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { TextgraftError } from "../base/errors.js";
import type { DType, Tensor } from "../base/tensor.js";
import type { GpuOutputs, GpuTensor, OpenGpuSession } from "./gpu-session.js";

/** Opens sessions of onnxruntime-node's WebGPU provider. A graph with a node that would run on the CPU is refused. */
export const openGpuSessionNode: OpenGpuSession = async (graph, toHost = []) => {
  const ort = await import("onnxruntime-node");
  const onGpu = Object.keys(graph.outputs).filter((name) => !toHost.includes(name));
  const options: InferenceSession.SessionOptions = {
    executionProviders: ["webgpu"],
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    preferredOutputLocation: Object.fromEntries(onGpu.map((name) => [name, "gpu-buffer" as const])),
    extra: { session: { disable_cpu_ep_fallback: "1" } },
  };
  const session = await ort.InferenceSession.create(graph.bytes, options).catch((cause: unknown) => {
    throw gpuFailure(cause);
  });
  const inputs = new Set(session.inputNames);
  const wrapped = (tensor: Tensor | GpuTensor): OrtTensor =>
    "dispose" in tensor
      ? (tensor as OrtTensor)
      : new ort.Tensor(tensor.dtype, tensor.data as Float32Array, tensor.shape);

  return {
    inputs,
    async run(feeds) {
      const taken = Object.entries(feeds).filter(([name]) => inputs.has(name));
      const found = await session.run(
        Object.fromEntries(taken.map(([name, tensor]) => [name, wrapped(tensor)])),
      );
      const outputs: GpuOutputs = { host: {}, gpu: {} };
      for (const [name, tensor] of Object.entries(found)) {
        if (tensor.location === "gpu-buffer") outputs.gpu[name] = tensor;
        else outputs.host[name] = unwrapped(tensor);
      }
      return outputs;
    },
    dispose: () => session.release(),
  };
};

function unwrapped({ type, dims, data }: OrtTensor): Tensor {
  return { dtype: type as DType, shape: dims, data } as Tensor;
}

/** Why a session could not be opened: there is no GPU, or the graph is a bug of ours. */
export function gpuFailure(cause: unknown): TextgraftError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const [noGpu] = /Failed to get a WebGPU .*/.exec(message) ?? [];
  if (noGpu === undefined) {
    return new TextgraftError("internal", { message: `ONNX Runtime refused a graph: ${message}`, cause });
  }
  return new TextgraftError("option-invalid", {
    message: `--device is webgpu, but no GPU was found (${noGpu}).`,
    fix: "Use --device cpu, or install your GPU's driver with Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS).",
    cause,
  });
}
