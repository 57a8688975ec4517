import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Run, type TrainEvent, type TrainInput, type TrainResult, train } from "textgraft";
import { afterAll } from "vitest";
import { openWeights } from "../../src/model/safetensors.js";
import { fileSource } from "../../src/run/model-folder-node.js";
import { writeTinyModel } from "../support/tiny-model.js";

/** Options with which a tiny model learns the invented rows in a second. */
export const tinyOptions = { epochs: 3, batchSize: 16, learningRate: 5e-3, maxLength: 32, threads: 1 };

/** A temporary folder for the tests of one file, with a pretrained tiny model in it. */
export async function tinyWorkplace(): Promise<{ folder: string; model: string }> {
  const folder = await mkdtemp(join(tmpdir(), "textgraft-run-"));
  afterAll(() => rm(folder, { recursive: true }));
  return { folder, model: await writeTinyModel(join(folder, "tiny")) };
}

/** Trains to the end. */
export async function trained(input: TrainInput): Promise<{ events: TrainEvent[]; result: TrainResult }> {
  const run = train(input);
  const events = await collect(run);
  return { events, result: await run.result };
}

export async function collect(run: Pick<Run, typeof Symbol.asyncIterator>): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
}

/** Rows as a file. */
export const csvOf = (rows: readonly { text: string; label: string }[]): string =>
  ["review,category", ...rows.map(({ text, label }) => `"${text}",${label}`)].join("\n");

export async function readJson(...path: string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(...path), "utf8")) as Record<string, unknown>;
}

/** The weights of a folder by name. */
export async function weightsOf(folder: string): Promise<Map<string, Float32Array>> {
  const file = await openWeights(await fileSource(join(folder, "model.safetensors")));
  const weights = new Map<string, Float32Array>();
  for (const name of file.names) weights.set(name, await file.read(name));
  return weights;
}
