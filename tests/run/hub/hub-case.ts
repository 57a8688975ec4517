import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach } from "vitest";
import type { ModelEvent } from "../../../src/run/events.js";
import { type HubFolder, resolveHubModel } from "../../../src/run/hub/resolve-node.js";
import { type HubSettings, hubSettings } from "../../../src/run/hub/settings-node.js";
import { HubServer } from "../../support/hub-server.js";

/** A server and an empty cache for each test of a file. */
export interface HubCase {
  server: HubServer;
  cache: string;
  /** What was told since the test began. */
  told: ModelEvent[];
  settings(given?: Partial<HubSettings>): Promise<HubSettings>;
  resolve(repo: string, revision?: string, given?: Partial<HubSettings>): Promise<HubFolder>;
  notices(): string[];
}

export function hubCase(): HubCase {
  const made: string[] = [];
  const it = {
    told: [] as ModelEvent[],
    async settings(given: Partial<HubSettings> = {}) {
      const env = { HF_ENDPOINT: it.server.endpoint, HF_HOME: it.cache, HF_HUB_CACHE: it.cache };
      return { ...(await hubSettings(env)), pause: 1, ...given };
    },
    async resolve(repo: string, revision?: string, given?: Partial<HubSettings>) {
      const tell = (event: ModelEvent) => void it.told.push(event);
      return resolveHubModel(repo, { revision, tell, settings: await it.settings(given) });
    },
    notices: () => it.told.flatMap((event) => (event.kind === "notice" ? [event.text] : [])),
  } as HubCase;
  beforeEach(async () => {
    it.cache = await mkdtemp(join(tmpdir(), "textgraft-hub-"));
    made.push(it.cache);
    it.server = await HubServer.open();
    it.told.length = 0;
  });
  afterEach(() => it.server.close());
  afterAll(async () => {
    for (const folder of made) await rm(folder, { recursive: true, force: true });
  });
  return it;
}

/** A model of little bytes that nothing but its files' names make one. */
export const someFiles = (weights: Buffer = someBytes(200_000)): Record<string, string | Buffer> => ({
  ".gitattributes": "*.safetensors filter=lfs\n",
  "README.md": "# A model\n",
  "config.json": '{"architectures": ["BertModel"], "model_type": "bert"}\n',
  "tokenizer.json": '{"model": {}}\n',
  "tokenizer_config.json": '{"do_lower_case": true}\n',
  "vocab.txt": "[PAD]\n",
  "model.safetensors": weights,
  "pytorch_model.bin": Buffer.from("a pickle"),
  "tf_model.h5": "weights for others",
});

/** Bytes without a pattern that repeats soon. */
export function someBytes(count: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(count);
  for (let i = 0, x = seed; i < count; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    bytes[i] = x >>> 16;
  }
  return bytes;
}
