import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { softwareGpuEnvironment } from "./tests/support/software-gpu.js";

// Test files run in processes of their own, which find the driver only if they start with it.
Object.assign(process.env, softwareGpuEnvironment());

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    env: {
      // Of this run alone: never the user's cache, nor what an earlier run of the tests has left.
      TEXTGRAFT_CACHE: join(tmpdir(), `textgraft-tests-${process.pid}`),
      // A model that isn't found must not be looked for in the network.
      HF_HOME: join(tmpdir(), `textgraft-tests-${process.pid}`, "huggingface"),
      HF_HUB_OFFLINE: "1",
    },
    globalSetup: "tests/support/remove-cache.ts",
  },
});
