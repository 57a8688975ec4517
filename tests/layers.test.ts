import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { posix } from "node:path";
import { expect, test } from "vitest";

/** What each layer may import besides itself; `src/index.ts` may import all of them. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  data: ["base"],
  tokens: ["base", "data"],
  graph: ["base"],
  model: ["base", "graph"],
  run: ["base", "data", "tokens", "graph", "model"],
  report: ["base", "data", "tokens", "graph", "model", "run"],
  app: ["base", "data", "tokens", "graph", "model", "run", "report"],
};

const sources = new URL("../src/", import.meta.url);

test("imports go from right to left, and node modules stay at the edge", () => {
  const files = readdirSync(sources, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".ts"));
  expect(files).toContain("graph/graph.ts");
  expect(files.flatMap((file) => violations(file, readFileSync(new URL(file, sources), "utf8")))).toEqual([]);
});

test.each([
  ["data/read.ts", 'import { TextgraftError } from "../base/errors.js";', 0],
  ["data/read.ts", 'import { tokenize } from "../tokens/tokenizer.js";', 1],
  ["graph/onnx.ts", 'import type { Op } from "./graph.js";', 0],
  ["graph/onnx.ts", 'import type {\n  Example,\n  Split,\n} from "../data/dataset.js";', 1],
  ["model/encoder.ts", 'export * from "../tokens/batch.js";', 1],
  ["run/kernels/kernels.ts", 'import { plain } from "../../model/adamw.js";', 0],
  ["run/train.ts", 'const page = await import("../report/html.js");', 1],
  ["run/train.ts", 'import "../index.js";', 1],
  ["run/train.ts", 'import { readFile } from "node:fs/promises";', 1],
  ["run/train.ts", 'import { readFile } from "fs/promises";', 1],
  ["run/save-node.ts", 'import { readFile } from "node:fs/promises";', 0],
  ["app/cli.ts", 'import { readFile } from "node:fs/promises";\nimport { train } from "../run/train.js";', 0],
  ["index.ts", 'export { train } from "./run/train.js";\nexport { load } from "./app/load.js";', 0],
  ["index.ts", 'import { parse } from "csv-parse";\nimport "node:fs";', 1],
  ["data/read.ts", '/** For example `import { train } from "../run/train.js"`. */', 0],
  ["stray.ts", 'import "./base/errors.js";', 1],
])("in %s, %s is against the rules %d times", (file, text, count) => {
  expect(violations(file, text)).toHaveLength(count);
});

/** What a file, named from src/, imports against the rules. */
function violations(file: string, text: string): string[] {
  const layer = layerOf(file);
  return imports(text).flatMap((name) => {
    if (name.startsWith(".")) {
      const target = layerOf(posix.join(posix.dirname(file), name));
      const allowed = layer === "index.js" || layer === target || MAY_IMPORT[layer]?.includes(target);
      return allowed ? [] : [`${file}: ${layer} may not import ${name}`];
    }
    const edge = layer === "app" || file.endsWith("-node.ts");
    return isNodeModule(name) && !edge ? [`${file}: ${name} belongs in app/ or a file *-node.ts`] : [];
  });
}

/** The first folder, or the file's own name where it lies in none. */
const layerOf = (path: string): string => path.split("/")[0]!.replace(/\.ts$/, ".js");

const isNodeModule = (name: string): boolean => name.startsWith("node:") || builtinModules.includes(name);

/** The modules that a file's statements and `import(…)` calls name. */
function imports(text: string): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const named = /^\s*(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"']+)["']/gm;
  const bare = /^\s*import\s*["']([^"']+)["']/gm;
  const dynamic = /\bimport\(\s*["'`]([^"'`]+)["'`]/g;
  return [named, bare, dynamic].flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1]!));
}
