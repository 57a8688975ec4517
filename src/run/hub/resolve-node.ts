import { join } from "node:path";
import { TextgraftError } from "../../base/errors.js";
import type { ModelEvent } from "../events.js";
import { INDEX, readObject } from "../model-folder-node.js";
import { isCommit, type RepoCache, repoCache } from "./cache-paths-node.js";
import { fetchFiles } from "./fetch-files-node.js";
import { type Listing, listModel } from "./hub-api.js";
import { absentFiles, type CachedModel, cachedModel, neededFiles, shardsOf } from "./model-files-node.js";
import { convertedRevision, HubRefusal } from "./refusals.js";
import { type HubAccess, HubUnavailable, persist } from "./request.js";
import { type HubSettings, hubSettings } from "./settings-node.js";

export interface HubRequest {
  /** Branch, tag, `refs/pr/N` or commit; default `main`. */
  readonly revision?: string | undefined;
  /** Aborting it ends with the error `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** Hears how far downloads are, what is tried again, and of a copy that couldn't be compared with the Hub. */
  readonly tell?: ((event: ModelEvent) => void) | undefined;
  /** Sees config.json before anything large is downloaded; what it throws is thrown. */
  readonly accept?: ((config: Readonly<Record<string, unknown>>) => unknown) | undefined;
  /** Default: by the environment's variables. */
  readonly settings?: HubSettings | undefined;
}

/** A folder with the files of one commit. */
export interface HubFolder {
  readonly path: string;
  readonly commit: string;
}

/**
 * Gets the files of a model that Textgraft reads (settings, tokenizer, weights in safetensors), as far as the cache
 * doesn't hold them; it is the cache of all of Hugging Face's libraries. Where the Hub doesn't answer, or not to
 * us, a complete copy in the cache serves, and `tell` says so. Errors: `hub-refused`, `download-failed`, `file-missing` (not
 * in the cache, and offline), `file-unwritable`, `weights-invalid` (only a pickle), `model-invalid`, `config-invalid`,
 * `option-invalid`, `cancelled`.
 */
export async function resolveHubModel(repo: string, request: HubRequest = {}): Promise<HubFolder> {
  const { revision = "main", signal, tell = () => {} } = request;
  checkRevision(revision);
  const settings = request.settings ?? (await hubSettings());
  const notice = (text: string) => tell({ kind: "notice", text });
  const access: HubAccess = { settings, signal, notice };
  const cache = repoCache(settings, repo);
  const copy = await cachedModel(cache, revision);
  const complete = copy?.lacks.length === 0 ? copy : undefined;
  if (settings.offline) return folderOf(cache, complete ?? notCached({ repo, revision, settings, copy }));
  if (complete?.settled && isCommit(revision)) return folderOf(cache, complete);
  try {
    const question = () => listModel(access, { repo, revision }, settings.metadataTimeout);
    const listing = await persist(access, question, complete ? { attempts: 1 } : {}).catch((error) => {
      if (complete === undefined || !mayServe(error)) throw error;
      notice(copyNotice(repo, revision, complete, error));
    });
    if (listing === undefined) return folderOf(cache, complete!);
    const needed = await neededOf(listing, { repo, access, settings });
    const fetching = { access, settings, cache, repo, revision, commit: listing.commit, tell };
    const { path } = folderOf(cache, listing);
    // These first, silently: what is told of the rest is then all there is.
    const small = needed.filter((name) => name === "config.json" || name === INDEX);
    await fetchFiles({ ...fetching, tell: () => {} }, small);
    request.accept?.(await readObject(join(path, "config.json"), "config-invalid"));
    await fetchFiles(fetching, [...needed, ...(await shardsOf(path, needed))]);
    await cache.remember(listing.commit, { revision, absent: absentFiles(listing) });
    return folderOf(cache, listing);
  } catch (error) {
    throw explained(error, { repo, settings });
  }
}

const folderOf = (cache: RepoCache, { commit }: { commit: string }): HubFolder => ({
  path: cache.snapshot(commit),
  commit,
});

/** The files to fetch; a pickle's refusal names the converter's pull request, where there is one. */
async function neededOf(
  listing: Listing,
  { repo, access, settings }: { repo: string; access: HubAccess; settings: HubSettings },
): Promise<string[]> {
  try {
    return neededFiles(listing, repo);
  } catch (error) {
    if (!(error instanceof TextgraftError) || error.code !== "weights-invalid") throw error;
    const converted = await convertedRevision(access, repo, settings.metadataTimeout).catch(() => undefined);
    if (converted === undefined) throw error;
    const { code, message, fix } = error;
    const offer = `The Hub's converter offers them as safetensors, too: --revision ${converted}.`;
    throw new TextgraftError(code, { message, fix: `${offer} Or: ${fix}` });
  }
}

/** Whether a copy in the cache may serve instead: as in huggingface_hub, always but where the revision is gone. */
const mayServe = (error: unknown): error is Error =>
  error instanceof HubUnavailable ||
  (error instanceof HubRefusal && error.refused !== "revision") ||
  (error instanceof TextgraftError && error.code === "download-failed"); // not a Hub that answers

const copyNotice = (repo: string, revision: string, { commit }: CachedModel, { message }: Error): string =>
  `${repo} can't be compared with the Hub's: ${message.replace(/\.$/, "")}. Using the copy in the cache (${revision}, commit ${commit.slice(0, 7)}).`;

/** A revision becomes a path in the cache. https://git-scm.com/docs/git-check-ref-format */
function checkRevision(revision: string): void {
  if (/^[\w.-]+(\/[\w.-]+)*$/.test(revision) && !/(^|\/)\.|\.\./.test(revision)) return;
  throw new TextgraftError("option-invalid", {
    message: `--revision is "${revision}"; it must be a branch, a tag or a commit.`,
    fix: "For example --revision main.",
  });
}

function notCached({
  repo,
  revision,
  settings,
  copy,
}: {
  repo: string;
  revision: string;
  settings: HubSettings;
  copy: CachedModel | undefined;
}): never {
  const found = copy === undefined ? "isn't there" : `lacks ${copy.lacks.join(", ")} there`;
  throw new TextgraftError("file-missing", {
    message: `HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, so ${repo} can only come from the cache ${settings.cache}, and ${revision} ${found}.`,
    fix: "Run once without that variable, or name another folder by HF_HUB_CACHE.",
  });
}

/** Networks and file systems in our words. */
function explained(error: unknown, { repo, settings }: { repo: string; settings: HubSettings }): unknown {
  if (error instanceof HubUnavailable) {
    const { HTTPS_PROXY, https_proxy, NODE_USE_ENV_PROXY } = process.env;
    const proxied = (HTTPS_PROXY ?? https_proxy) && !NODE_USE_ENV_PROXY;
    const hint = proxied
      ? "Node goes by HTTPS_PROXY only with NODE_USE_ENV_PROXY=1, from versions 22.21 and 24 on."
      : "Check the network.";
    return new TextgraftError("download-failed", {
      message: `${repo} can't be downloaded: ${error.message}.`,
      fix: `What has arrived is kept: the same command goes on from there. ${hint}`,
      cause: error,
    });
  }
  const { code = "", syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined || !Object.hasOwn(unwritable, code)) return error;
  return new TextgraftError("file-unwritable", {
    message: `${repo} can't be written to the cache ${settings.cache}: ${unwritable[code as keyof typeof unwritable]} (${code}).`,
    fix: "Set HF_HUB_CACHE to a folder where you may write and that has space. What has arrived is kept.",
    cause: error,
  });
}

const unwritable = {
  EACCES: "you have no permission",
  EPERM: "the system doesn't allow it",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "your share of the disk is used up",
  ENOTDIR: "a part of the path is a file",
} as const;
