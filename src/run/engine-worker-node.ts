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
    worker.on("error", (error) => reject(workerFailure(error)));
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

/** What the thread died of. What was asked of it fails by messages; only what nothing caught comes here. */
export function workerFailure(cause: unknown): TextgraftError {
  const { code, message } =
    cause instanceof Error ? (cause as NodeJS.ErrnoException) : { code: undefined, message: String(cause) };
  if (code !== "ERR_WORKER_OUT_OF_MEMORY") {
    return new TextgraftError("internal", { message: `The worker thread failed: ${message}`, cause });
  }
  return new TextgraftError("internal", {
    message: "The worker thread that runs the model ran out of memory.",
    fix: "Use a smaller --batch-size or --max-length, a smaller model, or free memory.",
    cause,
  });
}

/** Many more threads than processors spin against each other until nothing moves. */
function requireThreads(threads = 1): void {
  const processors = availableParallelism();
  if (threads <= 2 * processors) return;
  throw new TextgraftError("option-invalid", {
    message: `--threads is ${threads}, but this machine runs only ${processors} at once.`,
    fix: `Use ${processors}, or leave it out.`,
  });
}
