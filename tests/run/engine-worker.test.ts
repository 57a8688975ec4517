import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { workerFailure } from "../../src/run/engine-worker-node.js";

/** What a worker that runs the code dies of. */
async function death(code: string): Promise<unknown> {
  const worker = new Worker(code, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 16 } });
  const [error] = (await once(worker, "error").catch((thrown: unknown) => [thrown])) as unknown[];
  return error;
}

test("a worker thread that runs out of memory is told with what to do", async () => {
  const cause = await death("const all = []; for (;;) all.push(new Array(1000).fill(0.5));");
  expect(cause).toMatchObject({ code: "ERR_WORKER_OUT_OF_MEMORY" });
  const failure = workerFailure(cause);
  expect(failure).toMatchObject({ name: "TextgraftError", code: "internal", cause });
  expect(failure.message).toContain("ran out of memory");
  expect(failure.fix).toContain("--batch-size");
});

test.each([
  ["throw new RangeError('too far')", "The worker thread failed: too far"],
  ["throw 'words'", "The worker thread failed: words"],
  ["throw null", "The worker thread failed: null"],
])("a worker thread that dies of %s is told as a bug", async (code, message) => {
  expect(workerFailure(await death(code))).toMatchObject({ code: "internal", message, fix: undefined });
});
