import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What `tsc --init` sets, and stricter: declarations are checked, and nothing of Node's types is at hand. */
const compilerOptions = {
  module: "nodenext",
  target: "esnext",
  types: [],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
};

test("the program of the README compiles in a new TypeScript project", async () => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const [, program] = /```ts\n([\s\S]*?)```/.exec(readme)!;
  await mkdir(join(root, "build"), { recursive: true });
  const folder = await mkdtemp(join(root, "build", "readme-")); // inside the package, whose name it imports
  try {
    await writeFile(join(folder, "program.ts"), program!);
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["program.ts"] }),
    );
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const compile = promisify(execFile)(process.execPath, [tsc, "-p", folder]);
    const found = await compile.catch((error: { stdout: string }) => error);
    expect(found.stdout).toBe("");
  } finally {
    await rm(folder, { recursive: true });
  }
});
