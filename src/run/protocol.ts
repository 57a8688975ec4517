import { type ErrorCode, TextgraftError } from "../base/errors.js";
import type { Batch, Engine, EngineSpec, LineBatch, TrainBatch, TrainStep } from "./engine.js";

/** What the calling thread asks of the worker that owns an engine; answered in order. */
export type Request =
  | { kind: "open"; spec: EngineSpec }
  | { kind: "write"; name: string; values: Float32Array }
  | { kind: "read"; name: string }
  | { kind: "train"; step: TrainStep }
  | { kind: "rehearse"; batch: TrainBatch }
  | { kind: "logits"; batch: Batch }
  | { kind: "slopes"; batch: LineBatch }
  | { kind: "keep" }
  | { kind: "restore" }
  | { kind: "featureUse" }
  | { kind: "close" };

export type Reply = { ok: true; value: unknown } | { ok: false; error: SentError };

/** An error as it goes between threads. */
export interface SentError {
  code: ErrorCode;
  message: string;
  fix: string | undefined;
  stack: string | undefined;
}

/** One side of a connection between threads, in Node and in browsers. */
export interface Port {
  send(message: unknown, transfer: readonly ArrayBuffer[]): void;
  receive(listener: (message: unknown) => void): void;
}

/** Answers requests, one after the other, with an engine that `open` makes. */
export function serveEngine(port: Port, open: (spec: EngineSpec) => Engine | Promise<Engine>): void {
  let engine: Engine | undefined;
  const answer = async (request: Request): Promise<unknown> => {
    if (request.kind === "open") engine = await open(request.spec);
    else return perform(engine!, request);
  };
  let last = Promise.resolve();
  port.receive((message) => {
    last = last.then(async () => {
      const reply = await answer(message as Request).then(
        (value): Reply => ({ ok: true, value }),
        (error: unknown): Reply => ({ ok: false, error: sent(error) }),
      );
      port.send(reply, reply.ok ? transferable(reply.value) : []);
    });
  });
}

function perform(engine: Engine, request: Exclude<Request, { kind: "open" }>): Promise<unknown> {
  switch (request.kind) {
    case "write":
      return engine.write(request.name, request.values);
    case "read":
      return engine.read(request.name);
    case "train":
      return engine.train(request.step);
    case "rehearse":
      return engine.rehearse(request.batch);
    case "logits":
      return engine.logits(request.batch);
    case "slopes":
      return engine.slopes(request.batch);
    case "keep":
      return engine.keep();
    case "restore":
      return engine.restore();
    case "featureUse":
      return engine.featureUse();
    case "close":
      return engine.close();
    default:
      return request satisfies never;
  }
}

/**
 * An engine at the other end of a port. What is sent in `write` is handed over, not copied. `failed` rejects where
 * the worker dies; then every open and later request does, too.
 */
export async function connectEngine(port: Port, spec: EngineSpec, failed: Promise<never>): Promise<Engine> {
  const waiting: Waiting[] = [];
  let death: { reason: unknown } | undefined;
  port.receive((message) => {
    const reply = message as Reply;
    const asked = waiting.shift();
    if (reply.ok) asked?.resolve(reply.value);
    else asked?.reject(received(reply.error));
  });
  // Not a race for each request: `failed` would hold on to every answer.
  failed.catch((reason: unknown) => {
    death = { reason };
    for (const { reject } of waiting.splice(0)) reject(reason);
  });
  const ask = <T>(request: Request, transfer: readonly ArrayBuffer[] = []): Promise<T> =>
    new Promise<unknown>((resolve, reject) => {
      if (death) return reject(death.reason);
      port.send(request, transfer);
      waiting.push({ resolve, reject });
    }) as Promise<T>;

  await ask({ kind: "open", spec });
  return {
    write: (name, values) => ask({ kind: "write", name, values }, transferable(values)),
    read: (name) => ask({ kind: "read", name }),
    train: (step) => ask({ kind: "train", step }),
    rehearse: (batch) => ask({ kind: "rehearse", batch }),
    logits: (batch) => ask({ kind: "logits", batch }),
    slopes: (batch) => ask({ kind: "slopes", batch }),
    keep: () => ask({ kind: "keep" }),
    restore: () => ask({ kind: "restore" }),
    featureUse: () => ask({ kind: "featureUse" }),
    close: () => ask({ kind: "close" }),
  };
}

/** Who asked, until the answer comes. */
interface Waiting {
  resolve: (value: unknown) => void;
  reject: (reason: unknown) => void;
}

function transferable(value: unknown): ArrayBuffer[] {
  const whole = value instanceof Float32Array && value.byteLength === value.buffer.byteLength;
  return whole && value.buffer instanceof ArrayBuffer ? [value.buffer] : [];
}

export function sent(error: unknown): SentError {
  if (error instanceof TextgraftError) {
    const { code, message, fix, stack } = error;
    return { code, message, fix, stack };
  }
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  return { code: "internal", message, fix: undefined, stack };
}

export function received({ code, message, fix, stack }: SentError): TextgraftError {
  const error = new TextgraftError(code, fix === undefined ? { message } : { message, fix });
  if (stack !== undefined) error.stack = stack;
  return error;
}
