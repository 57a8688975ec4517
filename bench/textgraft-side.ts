// Textgraft's side of every comparison: a process that is driven line by line (see serve-lines.ts).
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { env } from "onnxruntime-node";
import { random } from "#textgraft/base/random.js";
import { VERSION } from "#textgraft/run/version.js";
import { encodeAll } from "#textgraft/tokens/encode-all.js";
import { createTokenizer } from "#textgraft/tokens/tokenizer.js";
import type { Job, TokenizeJob } from "./job.js";
import { fastestProduct } from "./products.js";
import { serveLines, type Work } from "./serve-lines.js";
import { modelWork } from "./textgraft-work.js";

await serveLines({
  versions: {
    node: process.version,
    textgraft: VERSION,
    onnxruntime: env.versions.node ?? "unknown",
  },
  prepare,
});

async function prepare(job: Job, threads: number): Promise<Work> {
  switch (job.kind) {
    case "train":
    case "predict":
      return modelWork(job, threads, random(1));
    case "tokenize":
      return tokenizeWork(job);
    case "product":
      return { products: async (sizes) => ({ flopsPerSecond: await fastestProduct(sizes, threads) }) };
    default:
      return job satisfies never;
  }
}

async function tokenizeWork({ tokenizer: folder, texts }: TokenizeJob): Promise<Work> {
  const read = (name: string) => readFile(join(folder, name), "utf8");
  const tokenizer = createTokenizer({
    tokenizerJson: await read("tokenizer.json"),
    tokenizerConfigJson: await read("tokenizer_config.json"),
  });
  return {
    async round({ epochs }) {
      const start = performance.now();
      for (let epoch = 0; epoch < epochs; epoch++) await encodeAll(tokenizer, texts, 512);
      return { seconds: (performance.now() - start) / 1000 };
    },
  };
}
