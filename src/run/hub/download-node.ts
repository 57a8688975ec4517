import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { TextgraftError } from "../../base/errors.js";
import { etagOf, type FileFacts } from "./hub-api.js";
import { refusal } from "./refusals.js";
import { type Answer, type HubAccess, HubUnavailable, persist, send } from "./request.js";

/** One file of a repository, and where it goes. */
export interface Download {
  readonly facts: FileFacts;
  readonly repo: string;
  readonly commit: string;
  readonly url: string;
  /** Where it lies until it is complete and checked; what is there already isn't fetched again. */
  readonly incomplete: string;
  readonly blob: string;
  /** Milliseconds without a byte after which the server counts as unreachable. */
  readonly timeout: number;
  /** Told how many bytes there are now, of what was there before, too. */
  readonly onBytes: (received: number) => void;
}

/** The file isn't any more what the Hub said of it a moment ago. */
export class FileChanged extends Error {}

/**
 * Downloads a file, goes on where it broke off (this time or in an earlier run), checks it, and moves it into place. If
 * its hash is wrong it is downloaded once more from the start. Errors: `HubUnavailable` after several attempts;
 * `download-failed` for a wrong hash, `file-unwritable` for a full disk, `hub-refused`, `FileChanged`.
 *
 * Ranges are asked for without If-Range: the ETag that it would name is the Hub's, and the one that would compare it
 * is the server to which the Hub redirects. A blob is named by its hash, so what changed has another name, and
 * whatever was put together wrongly doesn't pass.
 */
export async function downloadBlob(access: HubAccess, download: Download): Promise<void> {
  const { facts, blob, incomplete } = download;
  await mkdir(dirname(blob), { recursive: true });
  for (let attempt = 1; ; attempt++) {
    let furthest = 0;
    const onBytes = (received: number) => {
      furthest = Math.max(furthest, received);
      download.onBytes(received);
    };
    await persist(access, () => fetchRest(access, { ...download, onBytes }), { progress: () => furthest });
    const found = await hashOf(incomplete, facts.etag);
    if (found === facts.etag) return rename(incomplete, blob);
    await rm(incomplete, { force: true });
    if (attempt === 2) throw wrongHash(download, found);
  }
}

/** One request for all that is missing. */
async function fetchRest(access: HubAccess, download: Download): Promise<void> {
  const { facts, incomplete, url, timeout, onBytes } = download;
  const there = await sizeOf(incomplete);
  const start = facts.size !== undefined && there > facts.size ? 0 : there; // longer than the file: of something else
  onBytes(start);
  if (start > 0 && start === facts.size) return;
  if (facts.size !== undefined) await checkSpace(incomplete, facts.size - start, facts.name);
  const headers = start === 0 ? {} : { range: `bytes=${start}-` };
  const answer = await send(access, url, { headers, timeout, leave: () => true });
  try {
    const from = await startOf(access, answer, { ...download, start });
    const file = await open(incomplete, from === 0 ? "w" : "a");
    try {
      await writeBody(file, answer, { ...download, from });
    } finally {
      await file.close();
    }
  } finally {
    answer.drop();
  }
}

/** The position in the file at which an answer's body begins. */
async function startOf(
  access: HubAccess,
  answer: Answer,
  { facts, repo, commit, incomplete, start, timeout }: Download & { start: number },
): Promise<number> {
  const { endpointHeaders } = answer;
  const now = endpointHeaders.has("x-linked-etag") ? etagOf(endpointHeaders) : facts.etag;
  if (now !== facts.etag) throw new FileChanged();
  switch (answer.status) {
    case 200:
      return 0; // this server can't continue
    case 206: {
      const [, from] = /^bytes (\d+)-/.exec(answer.headers.get("content-range") ?? "") ?? [];
      if (Number(from) === start) return start;
      break;
    }
    case 416:
      break;
    default:
      // The storage behind the Hub refuses with 403 when the address it was given has run out.
      if (endpointHeaders.has("location"))
        throw new HubUnavailable(`the server of ${facts.name} answers ${answer.status}`);
      throw await refusal(access, answer, { repo, revision: commit, file: facts.name, timeout });
  }
  await rm(incomplete, { force: true });
  throw new HubUnavailable(`the server doesn't continue ${facts.name} at byte ${start}`);
}

async function writeBody(
  file: FileHandle,
  answer: Answer,
  { facts, from, onBytes }: Download & { from: number },
): Promise<void> {
  let received = from;
  onBytes(received);
  for await (const chunk of answer.chunks()) {
    await file.writeFile(chunk);
    received += chunk.length;
    onBytes(received);
  }
  await file.sync();
  if (facts.size === undefined || received === facts.size) return;
  if (received > facts.size) await file.truncate(0);
  throw new HubUnavailable(`${facts.name} ended after ${received} of ${facts.size} bytes`);
}

/** The hash of a file, of the kind that the ETag has; the ETag itself where it is none that can be computed. */
async function hashOf(file: string, etag: string): Promise<string> {
  const hash = await hashFor(file, etag);
  if (hash === undefined) return etag;
  for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function hashFor(file: string, etag: string): Promise<Hash | undefined> {
  if (/^[0-9a-f]{64}$/.test(etag)) return createHash("sha256");
  // https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
  if (/^[0-9a-f]{40}$/.test(etag)) return createHash("sha1").update(`blob ${await sizeOf(file)}\0`);
  return undefined;
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );

async function checkSpace(file: string, bytes: number, name: string): Promise<void> {
  const disk = await statfs(dirname(file)).catch(() => undefined);
  if (disk === undefined || disk.bavail * disk.bsize >= bytes) return;
  throw new TextgraftError("file-unwritable", {
    message: `${name} needs ${megabytes(bytes)} more, and the disk of ${dirname(file)} has ${megabytes(disk.bavail * disk.bsize)} free.`,
    fix: "Free some space, or set HF_HUB_CACHE to a folder on another disk.",
  });
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const wrongHash = ({ facts, repo, url }: Download, found: string) =>
  new TextgraftError("download-failed", {
    message: `${facts.name} of ${repo} came with a wrong checksum twice: ${found} instead of ${facts.etag}. It was deleted.`,
    fix: `Something between here and ${new URL(url).host} changes it, such as a proxy: try another network, or later.`,
  });
