import { parentPort } from "node:worker_threads";
import { openLocalEngine } from "./engine-local.js";
import { openFeatures } from "./feature-cache-node.js";
import { serveEngine } from "./protocol.js";
import { openSessionNode } from "./session-node.js";

// The thread that owns sessions and weights: ONNX Runtime blocks the thread that runs it.
const port = parentPort!;
serveEngine(
  {
    send: (message, transfer) => port.postMessage(message, [...transfer]),
    receive: (listener) => port.on("message", listener),
  },
  (spec) => {
    const { cacheAs: model, classifier, frozenStages } = spec;
    const { layers, hiddenSize } = classifier.config;
    const facts = model === undefined ? undefined : { model, frozenStages, layers, hiddenSize };
    return openLocalEngine(spec, {
      openSession: openSessionNode,
      openFeatures: (frozen) => openFeatures(frozen, facts),
    });
  },
);
