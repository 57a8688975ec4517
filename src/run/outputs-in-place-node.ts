import { create, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "../graph/onnx_pb.js";

/*
 * onnxruntime-node 1.30 copies every output into a new tensor once a run is over, even one that it has just written
 * into memory of the caller: for the gradients of BERT-base 440 MB a step, 0.2 s and as much memory. It converts
 * outputs in the order of the graph and refuses a sequence, by an error, only then. So a graph whose first output is
 * an empty sequence leaves all others where they were written. Versions that convert without copying, or know
 * sequences, don't raise the error and work just as well.
 */

/** The output that ends the conversion; it is asked for with `null`. */
export const STOP = "%stop";

/**
 * A model with the output `STOP` before its own. Protobuf merges messages that follow each other, and appends to
 * lists: what stands in front comes first. https://protobuf.dev/programming-guides/encoding/#last-one-wins
 */
export function withStop(model: Uint8Array): Uint8Array {
  const node = { name: STOP, opType: "SequenceEmpty", output: [STOP] };
  const front = toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { graph: { node: [node], output: [{ name: STOP }] } }),
  );
  const bytes = new Uint8Array(front.length + model.length);
  bytes.set(front);
  bytes.set(model, front.length);
  return bytes;
}

/** Swallows the error that `STOP` raises after a run that went well. */
export function ignoreStop(error: unknown): void {
  if (!(error instanceof Error) || !error.message.startsWith("Non tensor type")) throw error;
}
