import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { TextgraftError } from "../base/errors.js";
import { random } from "../base/random.js";
import { type EventStream, eventStream } from "./event-stream.js";
import type { EpochFacts, TrainEvent } from "./events.js";
import { reportFiles } from "./folder-files.js";
import { type Best, resolveOptions, type TrainOptions } from "./options.js";
import { isHopeless, keyOf, objectiveOf, type Space, type Trial, trialsOf } from "./sweep.js";
import { type TrainReports, train } from "./train-node.js";

/** Data and options that all trials share, and what is tried. `output` is the sweep's folder. */
export interface SweepInput extends Partial<TrainOptions> {
  data: string;
  sweep: Space;
}

/** One setting that was tried. */
export interface TrialRecord {
  /** Counted from 1, in the order of the sweep. */
  number: number;
  options: Trial;
  /** Trained to its end, stopped by the median rule, or failed (a loss that is no number, too little memory). */
  status: "done" | "stopped" | "failed";
  /** By epoch, on validation rows; higher is better. */
  objectives: readonly number[];
  /** The best of these; null where there is none. */
  best: number | null;
  /** On test rows, which decide nothing; absent unless it was done. */
  test?: { accuracy: number; macroF1: number };
  /** The model folder, in the sweep's; absent unless it was done. */
  folder?: string;
  /** Why it failed. */
  error?: string;
  seconds: number;
}

export type SweepEvent =
  | { kind: "sweep"; trials: number; known: number; objective: Best }
  | { kind: "trial"; number: number; trials: number; options: Trial }
  | { kind: "training"; event: TrainEvent }
  | { kind: "notice"; text: string }
  | { kind: "ended"; record: TrialRecord };

export interface SweepResult {
  folder: string;
  objective: Best;
  /** Settings to try, in all. */
  trials: number;
  /** Those that were tried, in the order of the sweep. */
  records: readonly TrialRecord[];
  /** The best of those that were done. */
  best: TrialRecord | undefined;
}

export interface Sweep extends EventStream<SweepEvent, SweepResult> {
  /** Stops at once; the trial under way is dropped, and the next call goes on with it. */
  cancel(): void;
}

/** Files in the sweep's folder that are made of what was tried so far, by name; they are made anew after each trial. */
export type SweepFiles = Readonly<Record<string, (result: SweepResult) => string | Promise<string>>>;

/** What is written for people. */
export interface SweepReports {
  ofTrials?: TrainReports;
  ofSweep?: SweepFiles;
}

const JOURNAL = "sweep.jsonl";

/**
 * Trains with each of some settings, and says which is best on the validation rows. Settings that are worse than half
 * of the others are stopped early (`isHopeless`). Each trial that ends is written down in `sweep.jsonl` at once:
 * the same call again goes on where it was stopped. Only the best model keeps its weights.
 * @throws TextgraftError output-exists where the folder has a sweep of other data or options
 */
export function sweep(input: SweepInput, reports: SweepReports = {}): Sweep {
  const stop = new AbortController();
  return Object.assign(eventStream(trials(input, reports, stop.signal)), { cancel: () => stop.abort() });
}

async function* trials(
  { data, sweep: space, output = "textgraft-sweep", ...given }: SweepInput,
  { ofTrials = {}, ofSweep = {} }: SweepReports,
  signal: AbortSignal,
): AsyncGenerator<SweepEvent, SweepResult> {
  const { best: objective, seed } = resolveOptions(given);
  const planned = trialsOf(space, random(seed));
  for (const trial of planned) resolveOptions({ ...given, ...trial }); // told before the long work
  const known = await openJournal(output, await fingerprint(data, given));
  yield { kind: "sweep", trials: planned.length, known: known.size, objective };
  const records: TrialRecord[] = [];
  const result = (): SweepResult => ({
    folder: output,
    objective,
    trials: planned.length,
    records,
    best: bestOf(records),
  });
  for (const [index, options] of planned.entries()) {
    const number = index + 1;
    const found = known.get(keyOf(options));
    if (found !== undefined) {
      records.push({ ...found, number });
      continue;
    }
    if (signal.aborted) throw stopped();
    yield { kind: "trial", number, trials: planned.length, options };
    const folder = freeFolder(number, [...known.values(), ...records]);
    const ended = records.filter(({ status }) => status === "done").map(({ objectives }) => objectives);
    const run = { data, ...given, ...options, output: join(output, folder), overwrite: true };
    const record = {
      number,
      options,
      ...(yield* trial(run, { folder, objective, ended, reports: ofTrials, signal })),
    };
    await appendFile(join(output, JOURNAL), `${JSON.stringify(record)}\n`);
    records.push(record);
    await dropWeights(output, records);
    if (number < planned.length) yield* writeFiles(ofSweep, result());
    yield { kind: "ended", record };
  }
  yield* writeFiles(ofSweep, result());
  return result();
}

/** The first from `number` on that no other trial has: a sweep may go on with more settings in between. */
function freeFolder(number: number, tried: readonly TrialRecord[]): string {
  const folder = `run-${String(number).padStart(3, "0")}`;
  return tried.some((record) => record.folder === folder) ? freeFolder(number + 1, tried) : folder;
}

async function* writeFiles(files: SweepFiles, result: SweepResult): AsyncGenerator<SweepEvent, void> {
  const notices: string[] = [];
  for (const { name, content } of await reportFiles(files, [result], (text) => notices.push(text)))
    await writeFile(join(result.folder, name), content);
  for (const text of notices) yield { kind: "notice", text };
}

interface TrialSettings {
  folder: string;
  objective: Best;
  /** Objectives of the trials that are done. */
  ended: readonly (readonly number[])[];
  reports: TrainReports;
  signal: AbortSignal;
}

async function* trial(
  input: Parameters<typeof train>[0],
  { folder, objective, ended, reports, signal }: TrialSettings,
): AsyncGenerator<SweepEvent, Omit<TrialRecord, "number" | "options">> {
  const start = Date.now();
  const objectives: number[] = [];
  const run = train(input, reports);
  const cancel = () => run.cancel({ discard: true });
  signal.addEventListener("abort", cancel);
  const told = (status: TrialRecord["status"]) => ({
    status,
    objectives,
    best: objectives.length === 0 ? null : Math.max(...objectives),
    seconds: (Date.now() - start) / 1000,
  });
  let hopeless = false;
  try {
    for await (const event of run) {
      yield { kind: "training", event };
      if (event.kind !== "epoch") continue;
      objectives.push(objectiveOf(event.facts, objective));
      hopeless = isLastEpoch(event.facts, input) ? false : isHopeless(objectives, ended);
      if (hopeless) cancel();
    }
    const { test } = await run.result;
    const { accuracy, macro } = test.metrics;
    return { ...told("done"), test: { accuracy, macroF1: macro.f1 }, folder };
  } catch (error) {
    if (signal.aborted) throw stopped();
    if (hopeless) return told("stopped");
    if (error instanceof TextgraftError && FAILURES.has(error.code))
      return { ...told("failed"), error: error.message };
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/** What only some settings run into; all else would stop every trial. */
const FAILURES = new Set(["training-diverged", "memory-short"]);

const isLastEpoch = ({ epoch }: EpochFacts, { epochs }: Partial<TrainOptions>): boolean => epoch === epochs;

const stopped = () =>
  new TextgraftError("cancelled", {
    message: "Stopped. What was tried is kept: the same command goes on with the next setting.",
  });

export const bestOf = (records: readonly TrialRecord[]): TrialRecord | undefined =>
  records
    .filter(({ status, best }) => status === "done" && best !== null)
    .reduce<TrialRecord | undefined>(
      (best, record) => (best === undefined || record.best! > best.best! ? record : best),
      undefined,
    );

/** Takes the weights out of the folders of all but the best; their reports stay. */
async function dropWeights(output: string, records: readonly TrialRecord[]): Promise<void> {
  const best = bestOf(records);
  for (const { folder } of records) {
    if (folder === undefined || folder === best?.folder) continue;
    for (const file of ["model.safetensors", "model.safetensors.index.json"])
      await rm(join(output, folder, file), { force: true });
  }
}

/** The trials that an earlier call ended, by their keys; begins the journal where there is none. */
async function openJournal(output: string, of: string): Promise<Map<string, TrialRecord>> {
  const path = join(output, JOURNAL);
  await mkdir(output, { recursive: true });
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const lines = text.split("\n").slice(0, -1); // what follows the last line break was cut off by a crash
  const [first, ...records] = lines.map((line) => JSON.parse(line) as unknown);
  if (first === undefined) {
    await writeFile(path, `${JSON.stringify({ sweep: of })}\n`);
    return new Map();
  }
  if ((first as { sweep?: unknown }).sweep !== of) {
    throw new TextgraftError("output-exists", {
      message: `${output} has a sweep of other data or with other options.`,
      fix: "Give --output another folder, or remove this one.",
    });
  }
  await writeFile(path, lines.map((line) => `${line}\n`).join(""));
  return new Map((records as TrialRecord[]).map((record) => [keyOf(record.options), record]));
}

/** Of all that trials share: the rows and the options. */
async function fingerprint(data: string, given: Partial<TrainOptions>): Promise<string> {
  const hash = createHash("sha256");
  const { overwrite: _overwrite, ...options } = given;
  hash.update(JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1))));
  for (const file of [data, given.validation, given.test]) {
    if (file) await pipeline(createReadStream(file), hash, { end: false }).catch(() => {}); // train tells what is wrong
  }
  return hash.digest("hex");
}
