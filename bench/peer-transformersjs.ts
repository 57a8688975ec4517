// transformers.js as a peer of prediction: the exported model, on random batches padded to their longest text.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TextgraftError } from "#textgraft/base/errors.js";
import { random, shuffled } from "#textgraft/base/random.js";
import { collate } from "#textgraft/tokens/batch.js";
import type { Job } from "./job.js";
import { requireTransformersJs } from "./peers.js";
import { randomEncodings } from "./random-encodings.js";
import { serveLines, type Work } from "./serve-lines.js";

type Feeds = Record<string, unknown>;
interface TransformersJs {
  env: { version: string; allowRemoteModels: boolean };
  Tensor: new (type: string, data: BigInt64Array, dims: number[]) => unknown;
  AutoModelForSequenceClassification: {
    from_pretrained(folder: string, options: object): Promise<(feeds: Feeds) => Promise<unknown>>;
  };
}
const library = requireTransformersJs()("@huggingface/transformers") as TransformersJs;
library.env.allowRemoteModels = false;

await serveLines({ versions: { transformersJs: library.env.version }, prepare });

async function prepare(job: Job, threads: number): Promise<Work> {
  if (job.kind !== "predict")
    throw new TextgraftError("internal", { message: `transformers.js can't ${job.kind}.` });
  const { shape, batchSize } = job;
  const folder = mkdtempSync(join(tmpdir(), "textgraft-bench-"));
  const script = fileURLToPath(new URL("export-random.js", import.meta.url));
  const args = [script, folder, JSON.stringify(shape)];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new TextgraftError("internal", { message: `The export failed: ${stderr}` });
  const model = await library.AutoModelForSequenceClassification.from_pretrained(folder, {
    dtype: "fp32",
    device: "cpu",
    session_options: { intraOpNumThreads: threads },
  });
  rmSync(folder, { recursive: true, force: true });
  const draw = random(1);

  const feedsOf = (lengths: readonly number[], round: number): Feeds[] => {
    const encodings = randomEncodings(lengths, shape.vocabSize, draw.fork("ids", round));
    const rows = shuffled(
      lengths.map((_, row) => row),
      draw.fork("shuffle", round),
    );
    const starts = Array.from({ length: Math.ceil(rows.length / batchSize) }, (_, i) => i * batchSize);
    return starts.map((start) => {
      const part = rows.slice(start, start + batchSize);
      const length = Math.max(...part.map((row) => lengths[row]!));
      const tokens = collate(encodings, part, { batchSize: part.length, length, padId: 0 });
      const tensor = (values: Int32Array) =>
        new library.Tensor("int64", BigInt64Array.from(values, BigInt), [part.length, length]);
      return {
        input_ids: tensor(tokens.inputIds),
        attention_mask: tensor(tokens.attentionMask),
        token_type_ids: tensor(tokens.tokenTypeIds),
      };
    });
  };
  let rounds = 0;
  return {
    async round({ lengths, epochs }) {
      const batches = Array.from({ length: epochs }, () => feedsOf(lengths, rounds++)).flat();
      const start = performance.now();
      for (const feeds of batches) await model(feeds);
      return { seconds: (performance.now() - start) / 1000 };
    },
  };
}
