import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { TextgraftError } from "#textgraft/base/errors.js";
import type { Answers, Failure, Request } from "./job.js";

/** How a side is started. */
export interface SideSpec {
  /** `textgraft`, or a peer's name as results show it. */
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** One of the processes that are compared. It waits until it is asked, so that only one computes at a time. */
export interface Side {
  readonly name: string;
  ask<R extends Request>(request: R): Promise<Answers[R["do"]]>;
  /** Ends the process, whatever it is doing. */
  stop(): void;
}

/** Starts a side's process. What goes wrong in it comes as the error of the request that it belongs to. */
export function startSide({ name, command, arguments: args, environment = {} }: SideSpec): Side {
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  const ended = endOf(child, name);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  child.stdin!.on("error", () => {}); // the end of the process says more
  return {
    name,
    async ask(request) {
      child.stdin!.write(`${JSON.stringify(request)}\n`);
      const line = await Promise.race([lines.next(), ended]);
      if (line.done) return ended;
      const answer = JSON.parse(line.value) as Answers[(typeof request)["do"]] | Failure;
      if ("error" in answer) throw failed(name, answer.error);
      return answer;
    },
    stop: () => child.kill(),
  };
}

/** Rejects when the process ends. */
function endOf(child: ChildProcess, name: string): Promise<never> {
  const ended = new Promise<never>((_, reject) => {
    child.on("error", (error) => reject(failed(name, String(error))));
    child.on("close", (code, signal) => {
      const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
      reject(failed(name, `its process ${how} before it answered.`));
    });
  });
  ended.catch(() => {}); // nobody may be waiting
  return ended;
}

const failed = (name: string, what: string): TextgraftError =>
  new TextgraftError("internal", { message: `${name} failed: ${what}` });
