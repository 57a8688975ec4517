import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { TextgraftError } from "../base/errors.js";
import type { DType, Tensor } from "../base/tensor.js";
import { ignoreStop, STOP, withStop } from "./outputs-in-place-node.js";
import type { OpenSession, Tensors } from "./session.js";

/** Opens a session of onnxruntime-node, which is loaded when it is first needed. */
export const openSessionNode: OpenSession = async (graph, { device, threads, inPlace = false }) => {
  const ort = await import("onnxruntime-node");
  const options: InferenceSession.SessionOptions = {
    executionProviders: [device],
    graphOptimizationLevel: "all",
    // A pattern is one more block of memory for each shape that comes: 1.5 times the memory, no faster.
    enableMemPattern: false,
    extra: {
      // Between runs, the threads leave the processor to AdamW and to others.
      session: { force_spinning_stop: "1" },
      // It would undo what graph/ops-matrix decides about transposed sides.
      optimization: { disable_specified_optimizers: "GemmTransposeFusion" },
    },
    logSeverityLevel: 3,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  };
  const session = await ort.InferenceSession.create(
    inPlace ? withStop(graph.bytes) : graph.bytes,
    options,
  ).catch((cause: unknown) => {
    throw new TextgraftError("internal", {
      message: `ONNX Runtime refused a graph: ${String(cause)}`,
      cause,
    });
  });
  const inputs = new Set(session.inputNames);
  const wrap = (tensors: Tensors): Record<string, OrtTensor> =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, wrapped(ort.Tensor, tensor)]));

  return {
    inputs,
    async run(feeds, into) {
      if ((into !== undefined) !== inPlace) {
        const message = inPlace
          ? "A session in place needs tensors to write to."
          : "This session isn't in place.";
        throw new TextgraftError("internal", { message });
      }
      const taken = wrap(Object.fromEntries(Object.entries(feeds).filter(([name]) => inputs.has(name))));
      if (into) {
        await session.run(taken, { [STOP]: null, ...wrap(into) }).catch(ignoreStop);
        return into;
      }
      const outputs = await session.run(taken);
      return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, unwrapped(output)]));
    },
    dispose: () => session.release(),
  };
};

function wrapped(Ort: typeof OrtTensor, { dtype, data, shape }: Tensor): OrtTensor {
  return new Ort(dtype, data as Float32Array, shape);
}

function unwrapped(tensor: OrtTensor): Tensor {
  return { dtype: tensor.type as DType, shape: tensor.dims, data: tensor.data } as Tensor;
}
