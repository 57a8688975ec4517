import { parentPort } from "node:worker_threads";
import { openGpuEngine } from "./engine-gpu.js";
import { openLocalEngine } from "./engine-local.js";
import { openFeatures } from "./feature-cache-node.js";
import { openGpuSessionNode } from "./gpu-session-node.js";
import { serveEngine } from "./protocol.js";
import { openSessionNode } from "./session-node.js";

// The thread that owns sessions and weights: ONNX Runtime blocks the thread that runs it.
const port = parentPort!;
serveEngine(
  {
    send: (message, transfer) => port.postMessage(message, [...transfer]),
    receive: (listener) => port.on("message", listener),
  },
  async (spec) => {
    const features = openFeatures();
    return spec.device === "webgpu"
      ? openGpuEngine(spec, { openSession: openGpuSessionNode, features })
      : openLocalEngine(spec, { openSession: openSessionNode, features });
  },
);
