import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What a command answered; `code` is null where a signal ended it. */
export interface Answer {
  stdout: string;
  stderr: string;
  code: number | null;
}

/** A command that runs. */
export interface Running {
  /** Waits until standard error holds some text. */
  says(mark: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  answer: Promise<Answer>;
}

/** The package as a user gets it: packed, unpacked into an empty folder, with the checkout's node_modules. */
export interface PackedPackage {
  /** A folder for the user's files; commands run in it. */
  folder: string;
  /** The command's file. */
  bin: string;
  /** Runs `textgraft` with arguments, and with `input` on standard input. */
  textgraft(args: readonly string[], input?: string): Promise<Answer>;
  start(args: readonly string[]): Running;
  remove(): Promise<void>;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const exec = promisify(execFile);

export async function packPackage(): Promise<PackedPackage> {
  if (!existsSync(join(root, "dist", "app", "cli.js"))) throw new Error("Run `npm run build` first.");
  const folder = await mkdtemp(join(tmpdir(), "textgraft-packed-"));
  await exec("npm", ["pack", "--ignore-scripts", "--offline", "--pack-destination", folder], { cwd: root });
  const [tarball] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  await exec("tar", ["-xzf", tarball!], { cwd: folder });
  const unpacked = join(folder, "package");
  await symlink(join(root, "node_modules"), join(unpacked, "node_modules"), "dir");
  const { bin } = JSON.parse(await readFile(join(unpacked, "package.json"), "utf8"));
  const file = join(unpacked, typeof bin === "string" ? bin : bin.textgraft);

  const start = (args: readonly string[], input = ""): Running => {
    const child = spawn(process.execPath, [file, ...args], { cwd: folder });
    child.stdin.on("error", () => {}); // not every command reads it
    child.stdin.end(input);
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (chunk) => (said += chunk));
    const stdout = text(child.stdout);
    const answer = new Promise<Answer>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => stdout.then((out) => resolve({ stdout: out, stderr: said, code })));
    });
    const says = async (mark: string): Promise<void> => {
      let ended = false;
      void answer.finally(() => (ended = true));
      while (!said.includes(mark)) {
        if (ended) throw new Error(`It ended without saying "${mark}": ${said}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    return { says, kill: (signal) => child.kill(signal), answer };
  };
  return {
    folder,
    bin: file,
    textgraft: (args, input) => start(args, input).answer,
    start,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
