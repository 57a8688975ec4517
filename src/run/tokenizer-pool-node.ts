import { Worker } from "node:worker_threads";
import { workerFailure } from "./engine-worker-node.js";
import { received } from "./protocol.js";
import type { TokenizerReply, TokenizerWork } from "./tokenizer-worker-node.js";

/** Threads that tokenize; started with the first texts. */
export interface TokenizerPool {
  /** Packed encodings of some texts. Lists that are given one after the other are worked on at the same time. */
  encode(texts: readonly string[]): Promise<Uint32Array[]>;
  close(): Promise<void>;
}

/** Opens a pool of so many threads. */
export function tokenizerPool(work: TokenizerWork, threads: number): TokenizerPool {
  const workers: PoolWorker[] = [];
  return {
    encode(texts) {
      const idle = workers.find(({ waiting }) => waiting.length === 0);
      if (!idle && workers.length < threads) workers.push(startWorker(work));
      const worker = idle ?? workers.reduce((a, b) => (b.waiting.length < a.waiting.length ? b : a));
      return worker.encode(texts);
    },
    close: async () => {
      await Promise.all(workers.map(({ close }) => close()));
    },
  };
}

interface PoolWorker {
  readonly waiting: readonly unknown[];
  encode(texts: readonly string[]): Promise<Uint32Array[]>;
  close(): Promise<unknown>;
}

function startWorker(workerData: TokenizerWork): PoolWorker {
  const worker = new Worker(new URL("./tokenizer-worker-node.js", import.meta.url), {
    execArgv: [],
    workerData,
  });
  const waiting: { resolve: (encodings: Uint32Array[]) => void; reject: (error: unknown) => void }[] = [];
  let failure: unknown;
  worker.on("message", (reply: TokenizerReply) => {
    const { resolve, reject } = waiting.shift()!;
    if ("error" in reply) return reject(received(reply.error));
    const { words, ends } = reply;
    resolve(Array.from(ends, (end, i) => words.subarray(i === 0 ? 0 : ends[i - 1]!, end)));
  });
  const fail = (error: unknown) => {
    failure ??= error;
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  worker.on("error", (error) => fail(workerFailure(error)));
  worker.on("exit", (code) => fail(workerFailure(new Error(`it ended with code ${code}`))));
  return {
    waiting,
    encode: (texts) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        waiting.push({ resolve, reject });
        worker.postMessage(texts);
      }),
    close: () => worker.terminate(),
  };
}
