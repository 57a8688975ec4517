import { rm } from "node:fs/promises";
import type { TestProject } from "vitest/node";

/** After all tests: the cache that they share goes. */
export default function setup(project: TestProject): () => Promise<void> {
  const folder = project.config.env.TEXTGRAFT_CACHE as string;
  return () => rm(folder, { recursive: true, force: true });
}
