import { randomBytes } from "node:crypto";
import { copyFile, mkdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { HubSettings } from "./settings-node.js";

/** The folder of one repository in the cache that all of Hugging Face's libraries share. */
export interface RepoCache {
  /** The folder of a commit's files; perhaps not there yet. */
  snapshot(commit: string): string;
  blob(etag: string): string;
  /** Of what has arrived of a blob. Python's huggingface_hub has other names for its own, so nobody writes into ours. */
  incomplete(etag: string): string;
  /** Textgraft's own, too: Python locks its files by flock, which Node doesn't have, and leaves them there. */
  lock(etag: string): string;
  /** The commit that a branch or tag was at when it was last asked for; a commit is itself. */
  commitOf(revision: string): Promise<string | undefined>;
  /** Whether a file of a commit is there, isn't, or is known not to be in the repository. */
  find(commit: string, name: string): Promise<"here" | "unknown" | "nowhere">;
  /**
   * Puts a blob at its place in a commit's folder: a link, or the file itself where links fail. A fresh blob, which
   * nothing links to yet, is moved then; another is copied.
   */
  link(commit: string, name: string, blob: { etag: string; fresh: boolean }): Promise<void>;
  /** Remembers, where the cache can be written, which files a commit doesn't have, and where a branch or tag is. */
  remember(commit: string, facts: { revision: string; absent: readonly string[] }): Promise<void>;
}

/** Opens a repository in the cache; nothing is written. Layout: https://huggingface.co/docs/huggingface_hub/guides/manage-cache */
export function repoCache({ cache, symlinks }: HubSettings, repo: string): RepoCache {
  const folderName = ["models", ...repo.split("/")].join("--");
  const folder = join(cache, folderName);
  const snapshot = (commit: string) => join(folder, "snapshots", commit);
  const blob = (etag: string) => join(folder, "blobs", etag);
  const absence = (commit: string, name: string) => join(folder, ".no_exist", commit, name);
  const ref = (revision: string) => join(folder, "refs", revision);
  const commitOf = async (revision: string) => {
    if (isCommit(revision)) return revision;
    const commit = (await readFile(ref(revision), "utf8").catch(() => "")).trim();
    return isCommit(commit) ? commit : undefined;
  };
  return {
    snapshot,
    blob,
    incomplete: (etag) => `${blob(etag)}.textgraft.incomplete`,
    lock: (etag) => join(cache, ".locks", folderName, `${etag}.textgraft.lock`),
    commitOf,
    async find(commit, name) {
      if (await isFile(join(snapshot(commit), name))) return "here";
      return (await isFile(absence(commit, name))) ? "nowhere" : "unknown";
    },
    async link(commit, name, { etag, fresh }) {
      const place = join(snapshot(commit), name);
      const source = blob(etag);
      await mkdir(dirname(place), { recursive: true });
      // Made aside and renamed: whoever looks meanwhile sees the file or nothing.
      await aside(place, async (temporary) => {
        const linked =
          symlinks && (await symlink(relative(dirname(place), source), temporary).then(...settled));
        if (!linked) await (fresh ? rename : copyFile)(source, temporary);
      });
    },
    async remember(commit, { revision, absent }) {
      try {
        for (const name of absent) {
          await mkdir(dirname(absence(commit, name)), { recursive: true });
          await writeFile(absence(commit, name), "");
        }
        if ((await commitOf(revision)) === commit) return;
        await mkdir(dirname(ref(revision)), { recursive: true });
        await aside(ref(revision), (temporary) => writeFile(temporary, commit));
      } catch {
        // A cache that is there to be read only serves all the same.
      }
    },
  };
}

/** Whether a revision is the full hash of a commit, which never changes. */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

/** Writes beside a place and then moves it there. */
async function aside(place: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${place}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await write(temporary);
    await rename(temporary, place);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** For `then`: whether it worked. */
const settled = [() => true, () => false] as const;

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
