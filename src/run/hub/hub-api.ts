import { TextgraftError } from "../../base/errors.js";
import { refusal } from "./refusals.js";
import { type Answer, type HubAccess, send } from "./request.js";

/** A repository at a revision: a branch, a tag, `refs/pr/N`, or a commit. */
export interface HubModel {
  readonly repo: string;
  readonly revision: string;
}

/** What a repository holds at a commit. */
export interface Listing {
  /** 40 hexadecimal digits. */
  readonly commit: string;
  /** Paths, unsorted. */
  readonly files: readonly string[];
  /** The class that the weights are of, where the Hub knows it. */
  readonly architecture: string | undefined;
}

/** What the Hub says of one file. */
export interface FileFacts {
  readonly name: string;
  /** Names the content: its SHA-256 if it lies in Git LFS, else the SHA-1 of Git's blob. */
  readonly etag: string;
  /** In bytes; undefined where the server doesn't say. */
  readonly size: number | undefined;
}

/**
 * Asks what a repository holds. https://huggingface.co/docs/hub/api
 * Errors: `HubUnavailable`; `hub-refused`, with `code` RevisionNotFound where only the revision is missing.
 */
export async function listModel(access: HubAccess, model: HubModel, timeout: number): Promise<Listing> {
  const url = `${access.settings.endpoint}/api/models/${model.repo}/revision/${encodeURIComponent(model.revision)}`;
  const answer = await send(access, url, { timeout });
  if (answer.status < 400 && answer.status !== 200) {
    answer.drop();
    throw foreign(access, `it answers ${answer.status} to a question about ${model.repo}`);
  }
  if (answer.status !== 200) throw await refusal(access, answer, { ...model, timeout });
  const { sha, siblings, config } = await jsonOf(answer, access);
  const files = Array.isArray(siblings)
    ? siblings.map((file: { rfilename?: unknown }) => file.rfilename)
    : [];
  if (
    typeof sha !== "string" ||
    !/^[0-9a-f]{40}$/.test(sha) ||
    !files.every((name) => typeof name === "string")
  )
    throw foreign(access, `the answer for ${model.repo} has no commit or no list of files`);
  const architecture = (config as { architectures?: unknown[] } | undefined)?.architectures?.[0];
  return { commit: sha, files, architecture: typeof architecture === "string" ? architecture : undefined };
}

/** Asks for hash and size of one file at a commit. Errors: `HubUnavailable`, `hub-refused`. */
export async function fileFacts(
  access: HubAccess,
  { repo, commit, name }: { repo: string; commit: string; name: string },
  timeout: number,
): Promise<FileFacts> {
  // A redirect to storage elsewhere says it all itself; what a mirror only passes on doesn't.
  const leave = (headers: Headers) => etagOf(headers) === undefined;
  const answer = await send(access, fileUrl(access, repo, commit, name), { method: "HEAD", timeout, leave });
  answer.drop();
  if (answer.status >= 400)
    throw await refusal(access, answer, { repo, revision: commit, file: name, timeout });
  const { headers } = answer;
  const etag = etagOf(headers);
  // Files outside of Git LFS come as they are.
  const size = headers.get("x-linked-size") ?? (answer.status === 200 ? headers.get("content-length") : null);
  if (etag === undefined) throw foreign(access, `${name} of ${repo} has no ETag`);
  return { name, etag, size: size !== null && /^\d+$/.test(size) ? Number(size) : undefined };
}

/** The address of a file. */
export const fileUrl = ({ settings }: HubAccess, repo: string, commit: string, name: string): string =>
  `${settings.endpoint}/${repo}/resolve/${commit}/${encodeURIComponent(name)}`;

/** The hash in an answer of the Hub, as it names blobs; undefined where there is none, or none fit to name a file. */
export function etagOf(headers: Headers): string | undefined {
  const [, etag] =
    /^(?:W\/)?"?([\w-]{8,128})"?$/.exec(headers.get("x-linked-etag") ?? headers.get("etag") ?? "") ?? [];
  return etag;
}

async function jsonOf(answer: Answer, access: HubAccess): Promise<Record<string, unknown>> {
  const text = await answer.text();
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw foreign(access, "its answer is not JSON");
  }
}

const foreign = ({ settings }: HubAccess, found: string) =>
  new TextgraftError("download-failed", {
    message: `${settings.endpoint} doesn't answer as the Hugging Face Hub does: ${found}.`,
    fix: "Check HF_ENDPOINT, and whether a proxy or a login page answers instead.",
  });
