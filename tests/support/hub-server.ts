import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** A request that one of the two servers has seen. */
export interface Seen {
  /** The Hub itself, or the storage to which it redirects for large files. */
  server: "hub" | "storage";
  method: string;
  path: string;
  range: string | undefined;
  authorization: string | undefined;
}

/** What goes wrong with the next request that a fault fits; then it is used up. */
export interface Fault {
  /** Part of the path. */
  path: string;
  method?: "GET" | "HEAD";
  /** Answer with this status instead. */
  status?: number;
  /** Of the answer with that status, or instead of the usual ones. */
  headers?: Record<string, string>;
  /** Send so many bytes of the body, then break off. */
  cutAfter?: number;
  /** Send so many bytes of the body, then nothing more. */
  stallAfter?: number;
  /** Flip a bit of the body. */
  corrupt?: boolean;
  /** Ignore what range is asked for. */
  wholeFile?: boolean;
}

interface Repository {
  refs: Map<string, string>;
  commits: Map<string, Map<string, Buffer>>;
  access: "public" | "gated" | "private";
  discussions: object[];
}

/** Tokens of a user with access to everything, and of one without. */
export const MEMBER = "hf_member";
export const STRANGER = "hf_stranger";

/**
 * A local server that speaks as much of the Hub's API as a download needs, with the statuses and headers that huggingface.co
 * sends: listings, redirects for renamed models, for small files to itself and for large ones to a storage elsewhere,
 * ranges, and X-Error-Code.
 */
export class HubServer {
  readonly seen: Seen[] = [];
  readonly faults: Fault[] = [];
  /** TCP connections to either server. */
  connections = 0;
  /** Bytes of bodies that the storage has sent. */
  storageBytes = 0;
  /** Old names of models. */
  readonly renamed = new Map<string, string>();
  private readonly repositories = new Map<string, Repository>();

  private constructor(
    private readonly hub: Server,
    private readonly storage: Server,
  ) {}

  static async open(): Promise<HubServer> {
    const [hub, storage] = [createServer(), createServer()];
    const server = new HubServer(hub, storage);
    for (const [one, host] of [
      [hub, "127.0.0.1"],
      [storage, "localhost"],
    ] as const) {
      one.on("connection", () => server.connections++);
      one.listen(0, host);
      await once(one, "listening");
    }
    hub.on("request", (request, response) => server.answerHub(request, response));
    storage.on("request", (request, response) => server.answerStorage(request, response));
    return server;
  }

  async close(): Promise<void> {
    for (const one of [this.hub, this.storage]) {
      one.close();
      one.closeAllConnections();
    }
  }

  get endpoint(): string {
    return `http://127.0.0.1:${portOf(this.hub)}`;
  }

  /** Another host and port, as the Hub's storage is. */
  get storageAddress(): string {
    return `http://localhost:${portOf(this.storage)}`;
  }

  /** Makes a commit of all files in a folder, or of given ones, and moves a branch to it. Returns the commit's hash. */
  async commit(
    repo: string,
    files: string | Record<string, string | Buffer>,
    { branch = "main", access = "public" as Repository["access"] } = {},
  ): Promise<string> {
    const content =
      typeof files === "string"
        ? new Map(
            await Promise.all(
              (await readdir(files)).map(async (name) => [name, await readFile(join(files, name))] as const),
            ),
          )
        : new Map(Object.entries(files).map(([name, data]) => [name, Buffer.from(data as string)]));
    const found = this.repositories.get(repo);
    const repository = found ?? { refs: new Map(), commits: new Map(), access, discussions: [] };
    const commit = createHash("sha1").update(`${repo}${branch}${repository.commits.size}`).digest("hex");
    repository.access = access;
    repository.commits.set(commit, content);
    repository.refs.set(branch, commit);
    this.repositories.set(repo, repository);
    return commit;
  }

  /** The Hub's converter to safetensors opens a pull request. */
  offerConversion(repo: string, num: number): void {
    this.repositories
      .get(repo)!
      .discussions.push(
        { num: num - 1, isPullRequest: true, status: "open", author: { name: "somebody" } },
        { num, isPullRequest: true, status: "open", author: { name: "SFconvertbot" } },
      );
  }

  /** Requests of bodies of a file. */
  downloads(name: string): Seen[] {
    return this.seen.filter(({ method, path }) => method === "GET" && path.includes(name));
  }

  private answerHub(request: IncomingMessage, response: ServerResponse): unknown {
    const url = new URL(request.url!, this.endpoint);
    const path = decodeURIComponent(url.pathname);
    const fault = this.note("hub", request, path);
    if (fault?.status !== undefined) return response.writeHead(fault.status, fault.headers).end();
    const [, repo, question, rest] =
      /^\/api\/models\/(.+?)\/(revision|refs|discussions)(?:\/(.+))?$/.exec(path) ??
      /^\/(?:api\/resolve-cache\/models\/)?(.+?)\/(resolve|[0-9a-f]{40}(?=\/))\/(.+)$/.exec(path) ??
      [];
    const newName = this.renamed.get(repo ?? "");
    if (newName !== undefined) {
      return response.writeHead(307, { location: request.url!.replace(repo!, newName) }).end();
    }
    const repository = this.repositories.get(repo ?? "");
    const token = request.headers.authorization?.replace("Bearer ", "");
    if (token !== undefined && token !== MEMBER && token !== STRANGER)
      return refuse(response, 401, undefined, "Invalid credentials in Authorization header");
    const hidden = repository?.access === "private" && token !== MEMBER;
    if (repository === undefined || hidden) {
      return token === undefined
        ? refuse(response, 401, "RepoNotFound", "Invalid username or password.")
        : refuse(response, 404, "RepoNotFound", "Repository not found");
    }
    switch (question) {
      case "revision":
        return this.answerListing(response, repo!, repository, rest!);
      case "refs": {
        const branches = [...repository.refs].map(([name, targetCommit]) => ({ name, targetCommit }));
        return json(response, { branches, tags: [], converts: [] });
      }
      case "discussions":
        return json(response, { discussions: repository.discussions });
      default: {
        if (repository.access === "gated" && token !== MEMBER) {
          const message = `Access to model ${repo} is restricted.`;
          return refuse(response, token === undefined ? 401 : 403, "GatedRepo", message);
        }
        const [, revision, name] =
          question === "resolve" ? /^([^/]+)\/(.+)$/.exec(rest!)! : [undefined, question!, rest!];
        return this.answerFile(request, response, {
          repo: repo!,
          repository,
          revision: revision!,
          name: name!,
          fault,
        });
      }
    }
  }

  private answerListing(
    response: ServerResponse,
    repo: string,
    { refs, commits }: Repository,
    revision: string,
  ): unknown {
    const sha = refs.get(revision) ?? revision;
    const files = commits.get(sha);
    if (files === undefined) return refuse(response, 404, "RevisionNotFound", `Invalid rev id: ${revision}`);
    const siblings = [...files.keys()].map((rfilename) => ({ rfilename }));
    const config = JSON.parse(String(files.get("config.json") ?? "{}"));
    json(response, { id: repo, sha, siblings, config: { architectures: config.architectures } });
  }

  private answerFile(
    request: IncomingMessage,
    response: ServerResponse,
    {
      repo,
      repository,
      revision,
      name,
      fault,
    }: { repo: string; repository: Repository; revision: string; name: string; fault: Fault | undefined },
  ): unknown {
    const commit = repository.refs.get(revision) ?? revision;
    const content = repository.commits.get(commit)?.get(name);
    if (content === undefined) return refuse(response, 404, "EntryNotFound", "Entry not found", commit);
    const lfs = /\.(safetensors|bin)$/.test(name);
    const etag = lfs ? sha256(content) : gitHash(content);
    const headers = {
      "x-repo-commit": commit,
      "x-linked-size": String(content.length),
      "x-linked-etag": `"${etag}"`,
      "accept-ranges": "bytes",
      ...fault?.headers,
    };
    if (lfs) {
      const location = `${this.storageAddress}/${repo}/${etag}?file=${name}&commit=${commit}&signature=x`;
      response.writeHead(302, { ...headers, location }).end(`Found. Redirecting to ${location}`);
    } else if (request.url!.startsWith("/api/resolve-cache/")) {
      this.sendFile(request, response, content, { ...headers, etag: `"${etag}"` }, fault);
    } else {
      const location = `/api/resolve-cache/models/${repo}/${commit}/${name}?etag=%22${etag}%22`;
      response.writeHead(307, { ...headers, location }).end(`Temporary Redirect. Redirecting to ${location}`);
    }
  }

  private answerStorage(request: IncomingMessage, response: ServerResponse): unknown {
    const url = new URL(request.url!, this.storageAddress);
    const fault = this.note("storage", request, request.url!);
    if (fault?.status !== undefined) return response.writeHead(fault.status, fault.headers).end();
    // As S3 does: the signature in the address is the one way to ask.
    if (request.headers.authorization !== undefined) return response.writeHead(400).end();
    const [, repo] = /^\/(.+)\/[0-9a-f]{64}$/.exec(url.pathname)!;
    const files = this.repositories.get(repo!)!.commits.get(url.searchParams.get("commit")!)!;
    const content = files.get(url.searchParams.get("file")!)!;
    const etag = `"${createHash("md5").update(content).digest("hex")}"`;
    this.sendFile(request, response, content, { etag, "accept-ranges": "bytes" }, fault);
  }

  private sendFile(
    request: IncomingMessage,
    response: ServerResponse,
    content: Buffer,
    headers: Record<string, string>,
    fault: Fault | undefined,
  ): unknown {
    const asked = fault?.wholeFile ? undefined : /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    const start = asked ? Number(asked[1]) : 0;
    if (start > 0 && start >= content.length)
      return response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
    const body = Buffer.from(content.subarray(start));
    if (fault?.corrupt) body[body.length >> 1]! ^= 1;
    const range = asked && { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` };
    response.writeHead(asked ? 206 : 200, { ...headers, ...range, "content-length": String(body.length) });
    if (request.method === "HEAD") return response.end();
    const stop = fault?.cutAfter ?? fault?.stallAfter;
    const sent = body.subarray(0, stop);
    if (!headers["x-linked-etag"]) this.storageBytes += sent.length;
    if (stop === undefined) response.end(body);
    else
      response.write(sent, () => fault?.cutAfter !== undefined && setTimeout(() => response.destroy(), 20));
  }

  /** Writes a request down, and finds what is to go wrong with it. */
  private note(server: Seen["server"], request: IncomingMessage, path: string): Fault | undefined {
    const { method = "", headers } = request;
    this.seen.push({ server, method, path, range: headers.range, authorization: headers.authorization });
    const found = this.faults.findIndex(
      (fault) =>
        path.includes(fault.path) && (fault.method ?? method) === method && fits(fault, server, path),
    );
    return found < 0 ? undefined : this.faults.splice(found, 1)[0];
  }
}

/** What is wrong with bodies waits for the request that has one. */
function fits({ status, headers }: Fault, server: Seen["server"], path: string): boolean {
  return (status ?? headers) !== undefined || server === "storage" || path.startsWith("/api/resolve-cache/");
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function json(response: ServerResponse, value: object): unknown {
  return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
}

function refuse(
  response: ServerResponse,
  status: number,
  code: string | undefined,
  message: string,
  commit?: string,
): unknown {
  const headers = {
    ...(code && { "x-error-code": code }),
    "x-error-message": message,
    ...(commit && { "x-repo-commit": commit }),
  };
  return response.writeHead(status, headers).end(JSON.stringify({ error: message }));
}

export const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

/** The name that Git gives a file's content. */
export const gitHash = (content: Buffer): string =>
  createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
