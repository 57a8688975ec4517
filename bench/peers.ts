import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TextgraftError } from "#textgraft/base/errors.js";
import type { SideSpec } from "./side.js";

export const TEXTGRAFT = "textgraft";

/** Peers by name, as results show them. */
export const PEER_NAMES: Readonly<Record<string, string>> = {
  torch: "PyTorch",
  hf: "Hugging Face",
  transformersjs: "transformers.js",
};

const built = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** The project's folder, seen from build/bench. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

export const textgraftSide: SideSpec = {
  name: TEXTGRAFT,
  command: process.execPath,
  arguments: [built("textgraft-side.js")],
};

/**
 * PyTorch, and Hugging Face's classes where transformers is installed. Without `--python` and TEXTGRAFT_PEER_PYTHON
 * none is fine; throws `option-invalid` where a Python that was named has no torch.
 */
export function pythonPeers(named: string | undefined, threads: number): SideSpec[] {
  const wanted = named || process.env.TEXTGRAFT_PEER_PYTHON;
  const python = wanted ?? "python3";
  if (!imports(python, "torch")) {
    if (!wanted) return [];
    throw new TextgraftError("option-invalid", {
      message: `${python} can't import torch.`,
      fix: "Name a Python with PyTorch by --python or TEXTGRAFT_PEER_PYTHON, or neither to measure Textgraft alone.",
    });
  }
  const peer = (name: string): SideSpec => ({
    name,
    command: python,
    arguments: [join(root, "bench", "peer_torch.py"), "--impl", name, "--threads", String(threads)],
    environment: { OMP_NUM_THREADS: String(threads) },
  });
  return imports(python, "transformers") ? [peer("torch"), peer("hf")] : [peer("torch")];
}

/** transformers.js on the exported model, where it is installed here or in the folder TEXTGRAFT_TRANSFORMERS_JS. */
export function transformersJsPeers(): SideSpec[] {
  try {
    requireTransformersJs().resolve("@huggingface/transformers");
  } catch {
    return [];
  }
  const script = built("peer-transformersjs.js");
  return [{ name: "transformersjs", command: process.execPath, arguments: [script] }];
}

export const requireTransformersJs = (): NodeJS.Require =>
  createRequire(join(process.env.TEXTGRAFT_TRANSFORMERS_JS ?? root, "package.json"));

const imports = (python: string, module: string): boolean =>
  spawnSync(python, ["-c", `import ${module}`], { stdio: "ignore" }).status === 0;
