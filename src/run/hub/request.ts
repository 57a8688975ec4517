import { TextgraftError } from "../../base/errors.js";
import { VERSION } from "../version.js";
import type { HubSettings } from "./settings-node.js";

/** What every request needs. */
export interface HubAccess {
  readonly settings: Pick<HubSettings, "endpoint" | "token" | "pause">;
  /** Aborting it ends requests and pauses with the error `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** Hears a sentence when something has to be tried again. */
  readonly notice?: ((text: string) => void) | undefined;
}

export interface Question {
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds without a byte after which the server counts as unreachable. */
  readonly timeout: number;
  /** Whether a redirect with such headers is followed to another host; those on the endpoint's own always are. */
  readonly leave?: (headers: Headers) => boolean;
}

export interface Answer {
  readonly status: number;
  /** Of the last answer. */
  readonly headers: Headers;
  /** Of the last answer that the endpoint itself gave, before it redirected elsewhere. */
  readonly endpointHeaders: Headers;
  /** The body as it comes, in memory that nobody else changes. */
  chunks(): AsyncGenerator<Uint8Array, void, void>;
  text(): Promise<string>;
  /** Ends the connection where the body isn't wanted. */
  drop(): void;
}

/** The server can't be reached, breaks off or is overloaded: another attempt may help. */
export class HubUnavailable extends Error {
  override readonly name = "HubUnavailable";
  /** Milliseconds that the server asks us to wait. */
  readonly wait: number | undefined;

  constructor(message: string, { cause, wait }: { cause?: unknown; wait?: number | undefined } = {}) {
    super(message, { cause });
    this.wait = wait;
  }
}

const MAX_REDIRECTS = 10;
const MAX_WAIT = 300_000; // milliseconds, whatever a server asks for

/**
 * Sends a request and follows redirects. The token goes to the endpoint's own origin only, wherever it redirects.
 * Throws `HubUnavailable` for a server that isn't there, is too slow, or answers 408, 429 or 5xx, and the error
 * `cancelled`; all other statuses are answers.
 */
export async function send(access: HubAccess, address: string, question: Question): Promise<Answer> {
  const origin = new URL(access.settings.endpoint).origin;
  let url = new URL(address);
  let endpointHeaders = new Headers();
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const own = url.origin === origin;
    const { response, ...body } = await sendOnce(access, url, question, own);
    if (own) endpointHeaders = response.headers;
    const target = targetOf(response, url) ?? url;
    const stays = target.origin !== origin && !question.leave?.(response.headers);
    if (target === url || stays) {
      if (response.status !== 408 && response.status !== 429 && response.status < 500)
        return { status: response.status, headers: response.headers, endpointHeaders, ...body };
      body.drop();
      throw new HubUnavailable(`${url.host} answers ${response.status}`, { wait: waitOf(response.headers) });
    }
    body.drop();
    url = target;
  }
  throw new HubUnavailable(`${url.host} redirects in circles`);
}

/** Where a redirect leads; undefined for what is none, or leads out of the web. */
function targetOf({ status, headers }: Response, from: URL): URL | undefined {
  const location = headers.get("location");
  if (status < 300 || status >= 400 || location === null || !URL.canParse(location, from.href))
    return undefined;
  const target = new URL(location, from);
  return /^https?:$/.test(target.protocol) ? target : undefined;
}

/** One request. Silence of the server for longer than the timeout ends it, at any time. */
async function sendOnce(access: HubAccess, url: URL, question: Question, own: boolean) {
  const { settings, signal } = access;
  const { method = "GET", headers, timeout } = question;
  const silence = new AbortController();
  const stop = () => silence.abort();
  let timer = setTimeout(stop, timeout);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(stop, timeout);
  };
  const explained = (error: unknown, what = "can't be reached"): Error => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    if (signal?.aborted) return cancelled();
    const reason = silence.signal.aborted
      ? `is silent for ${timeout / 1000} s`
      : `${what} (${reasonOf(error)})`;
    return new HubUnavailable(`${url.host} ${reason}`, { cause: error });
  };
  if (signal?.aborted) throw explained(undefined);
  signal?.addEventListener("abort", stop);
  const response = await fetch(url, {
    method,
    redirect: "manual",
    signal: silence.signal,
    headers: {
      "user-agent": `textgraft/${VERSION}`,
      "accept-encoding": "identity", // sizes and ranges are those of the file
      ...(own && settings.token !== undefined && { authorization: `Bearer ${settings.token}` }),
      ...headers,
    },
  }).catch((error) => {
    throw explained(error);
  });
  alive();

  async function* chunks(): AsyncGenerator<Uint8Array, void, void> {
    const reader = response.body?.getReader();
    try {
      for (;;) {
        alive();
        const next = await reader?.read().catch((error) => {
          throw explained(error, "broke off");
        });
        clearTimeout(timer); // whoever writes the bytes to a disk may take his time
        if (next === undefined || next.done) return;
        yield next.value;
      }
    } finally {
      drop();
    }
  }
  const text = async () => {
    const decoder = new TextDecoder();
    let all = "";
    for await (const chunk of chunks()) all += decoder.decode(chunk, { stream: true });
    return all + decoder.decode();
  };
  const drop = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    silence.abort();
  };
  return { response, chunks, text, drop };
}

/** How often something is tried before it counts as failed. */
const ATTEMPTS = 5;

/**
 * Repeats what failed with `HubUnavailable`, after longer and longer pauses. Where `progress` has grown meanwhile, the count
 * starts again. The last failure is thrown.
 */
export async function persist<T>(
  { settings, signal, notice }: HubAccess,
  job: () => Promise<T>,
  { attempts = ATTEMPTS, progress = () => 0 }: { attempts?: number; progress?: () => number } = {},
): Promise<T> {
  for (let failures = 0, reached = progress(); ; ) {
    try {
      return await job();
    } catch (error) {
      if (!(error instanceof HubUnavailable)) throw error;
      failures = progress() > reached ? 1 : failures + 1;
      reached = progress();
      if (failures >= attempts) throw error;
      const wait = Math.min(MAX_WAIT, error.wait ?? settings.pause * 2 ** (failures - 1));
      notice?.(`${error.message}; trying again in ${wait / 1000} s.`);
      await pause(wait, signal);
    }
  }
}

/** Waits. Throws `cancelled` where the signal ends it. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(cancelled());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

const cancelled = () =>
  new TextgraftError("cancelled", {
    message:
      "Stopped while getting the model; what has arrived is kept, and the next run goes on from there.",
  });

/** Retry-After in seconds, or the Hub's `RateLimit: "api";r=0;t=55`. https://huggingface.co/docs/hub/rate-limits */
function waitOf(headers: Headers): number | undefined {
  const seconds = headers.get("retry-after") ?? /r=0;t=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1];
  return seconds && /^\d+$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}

/** fetch hides in its error's causes what the system said. */
function reasonOf(error: unknown): string {
  let last = error;
  while (last instanceof Error && last.cause instanceof Error) last = last.cause;
  if (last instanceof AggregateError) [last] = last.errors;
  const { code, message } = last as NodeJS.ErrnoException;
  return code ?? message;
}
