import { parentPort } from "node:worker_threads";
import { openGpuEngine } from "./engine-gpu.js";
import { openLocalEngine } from "./engine-local.js";
import type { OpenFeatures } from "./feature-cache.js";
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
    const { cacheAs: model, classifier, frozenStages } = spec;
    const { layers, hiddenSize } = classifier.config;
    const facts = model === undefined ? undefined : { model, frozenStages, layers, hiddenSize };
    const openStore: OpenFeatures = (frozen) => openFeatures(frozen, facts);
    return spec.device === "webgpu"
      ? openGpuEngine(spec, { openSession: openGpuSessionNode, openFeatures: openStore })
      : openLocalEngine(spec, { openSession: openSessionNode, openFeatures: openStore });
  },
);
