import { Writable } from "node:stream";
import { runCommandLine as runBuiltCommandLine } from "#textgraft/app/program.js";
import type { Output } from "../../src/app/app.js";
import { runCommandLine } from "../../src/app/program.js";

export interface Captured {
  stdout: string;
  stderr: string;
  code: number;
}

/** Runs a command line in this process and keeps what it writes. */
export const runInProcess = (...args: string[]): Promise<Captured> => run(runCommandLine, args);

/** The same as it was built, for verbs that need a worker: a thread can't load TypeScript. */
export const runBuilt = (...args: string[]): Promise<Captured> => run(runBuiltCommandLine, args);

/** The same with Ctrl-C as soon as standard error has something that `seen` matches; only listeners hear of it, not the process. */
export function runStopped(seen: RegExp, ...args: string[]): Promise<Captured> {
  const stderr = captured();
  let told = false;
  const write = stderr.stream.write.bind(stderr.stream) as (chunk: unknown) => boolean;
  stderr.stream.write = (chunk: unknown) => {
    const ok = write(chunk);
    if (!told && seen.test(stderr.text())) {
      told = true;
      process.emit("SIGINT", "SIGINT");
    }
    return ok;
  };
  return run(runBuiltCommandLine, args, stderr);
}

async function run(
  commandLine: typeof runCommandLine,
  args: string[],
  stderr = captured(),
): Promise<Captured> {
  const stdout = captured();
  const code = await commandLine(args, { stdout: stdout.stream, stderr: stderr.stream });
  return { stdout: stdout.text(), stderr: stderr.text(), code };
}

/** A stream that keeps what is written to it; `terminal` makes it look like one of that width. */
export function captured(terminal?: { columns: number }): { stream: Output; text: () => string } {
  let text = "";
  const stream: Output = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  if (terminal) Object.assign(stream, { isTTY: true, ...terminal });
  return { stream, text: () => text };
}
