import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { TextgraftError } from "../base/errors.js";
import type { OpenEngine } from "./engine.js";
import { connectEngine } from "./protocol.js";

/** An engine in a worker thread of its own, so that the calling thread stays free. `close` ends the thread. */
export const openWorkerEngine: OpenEngine = async (spec) => {
  requireThreads(spec.threads);
  const worker = new Worker(new URL("./worker-node.js", import.meta.url), { execArgv: [] });
  let closing: Promise<void> | undefined;
  const failed = new Promise<never>((_, reject) => {
    worker.on("error", reject);
    worker.on("exit", (code) => {
      const message = closing ? "The model was closed." : `The worker thread ended with code ${code}.`;
      reject(new TextgraftError("internal", { message }));
    });
  });
  // The process stays alive while something is asked, and may end while the engine is idle.
  let open = 0;
  const port = {
    send(message: unknown, transfer: readonly ArrayBuffer[]) {
      if (open++ === 0) worker.ref();
      worker.postMessage(message, [...transfer]);
    },
    receive(listener: (message: unknown) => void) {
      worker.on("message", (message) => {
        if (--open === 0) worker.unref();
        listener(message);
      });
    },
  };
  const end = async (): Promise<void> => {
    await worker.terminate();
  };
  try {
    const engine = await connectEngine(port, spec, failed);
    return { ...engine, close: () => (closing ??= engine.close().finally(end)) };
  } catch (error) {
    await end();
    throw error;
  }
};

/** More threads than processors spin against each other. */
function requireThreads(threads = 1): void {
  const most = availableParallelism();
  if (threads <= most) return;
  throw new TextgraftError("option-invalid", {
    message: `--threads is ${threads}, but only ${most} can run at once here.`,
    fix: `Use ${most} or fewer, or leave it out.`,
  });
}
