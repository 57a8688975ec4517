import { rm, stat } from "node:fs/promises";
import type { ModelEvent } from "../events.js";
import type { RepoCache } from "./cache-paths-node.js";
import { downloadBlob, FileChanged } from "./download-node.js";
import { type FileFacts, fileFacts, fileUrl } from "./hub-api.js";
import { withLock } from "./lock-node.js";
import { type HubAccess, HubUnavailable, persist } from "./request.js";
import type { HubSettings } from "./settings-node.js";

/** The commit whose files are fetched, and how. */
export interface Fetching {
  readonly access: HubAccess;
  readonly settings: HubSettings;
  readonly cache: RepoCache;
  readonly repo: string;
  readonly revision: string;
  readonly commit: string;
  readonly tell: (event: ModelEvent) => void;
}

/** Puts files of a commit into the cache, those that aren't there. Errors: those of `fileFacts` and `downloadBlob`. */
export async function fetchFiles(fetching: Fetching, names: readonly string[]): Promise<void> {
  const { access, settings, cache, commit, repo } = fetching;
  const facts: FileFacts[] = [];
  let total = 0;
  for (const name of names) {
    if ((await cache.find(commit, name)) === "here") continue;
    const file = await factsOf(fetching, name);
    facts.push(file);
    if (!(await isWhole(cache.blob(file.etag), file))) total += file.size ?? 0;
  }
  const progress = downloadProgress(fetching, total);
  for (const first of facts) {
    for (let latest = first, attempt = 1; ; attempt++) {
      try {
        await fetchFile(latest);
        break;
      } catch (error) {
        if (!(error instanceof FileChanged)) throw error;
        if (attempt === 2) throw new HubUnavailable(`${first.name} changes there again and again`);
        latest = await factsOf(fetching, first.name);
      }
    }
  }

  async function fetchFile(file: FileFacts): Promise<void> {
    const { etag, name } = file;
    const blob = cache.blob(etag);
    await withLock(
      cache.lock(etag),
      async () => {
        if ((await cache.find(commit, name)) === "here") return; // another process was faster
        const whole = await isWhole(blob, file); // another commit may have the same content
        if (!whole) {
          await rm(blob, { force: true });
          await downloadBlob(access, {
            facts: file,
            repo,
            commit,
            url: fileUrl(access, repo, commit, name),
            incomplete: cache.incomplete(etag),
            blob,
            timeout: settings.downloadTimeout,
            onBytes: (received) => progress(file, received),
          });
        }
        await cache.link(commit, name, { etag, fresh: !whole });
      },
      access,
    );
  }
}

/** Whether a blob is there, and not cut short. */
const isWhole = (blob: string, { size }: FileFacts): Promise<boolean> =>
  stat(blob).then(
    (there) => size === undefined || there.size === size,
    () => false,
  );

const factsOf = ({ access, settings, repo, commit }: Fetching, name: string): Promise<FileFacts> =>
  persist(access, () => fileFacts(access, { repo, commit, name }, settings.metadataTimeout));

const INTERVAL = 100; // milliseconds between reports

/** Adds up what arrives of several files, and tells it now and then. */
function downloadProgress(
  { settings, repo, revision, commit, tell }: Fetching,
  total: number,
): (file: FileFacts, received: number) => void {
  if (!settings.progress) return () => {};
  const received = new Map<string, number>();
  const start = Date.now();
  let fetched = 0;
  let last = 0;
  return ({ name }, bytes) => {
    const before = received.get(name);
    if (before !== undefined && bytes > before) fetched += bytes - before; // what an earlier run left isn't speed
    received.set(name, bytes);
    const sum = [...received.values()].reduce((a, b) => a + b, 0);
    if (before !== undefined && sum !== total && Date.now() - last < INTERVAL) return;
    last = Date.now();
    const bytesPerSecond = fetched / Math.max(0.001, (last - start) / 1000);
    tell({
      kind: "download",
      model: repo,
      revision,
      commit,
      file: name,
      received: sum,
      total,
      bytesPerSecond,
    });
  };
}
