import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { readFile, rm, rmdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isCancelled } from "../base/errors.js";
import type { TrainEvent, TrainResult } from "./events.js";
import type { FolderFile } from "./folder-files.js";
import { endEntries, entryOf, type LogEntry, startEntry } from "./log-entries.js";
import type { TrainOptions } from "./options.js";
import { firstRecord, scalarsRecord } from "./tensorboard.js";

/** The log of a training: it can be read while it grows, and ends up in the model folder. */
export interface RunLog {
  /** Passes a training's events on and writes what is worth keeping. */
  following<R>(events: AsyncGenerator<TrainEvent, R>): AsyncGenerator<TrainEvent, R>;
  /** Writes the end, and gives all for the model folder. */
  finish(result: TrainResult): Promise<FolderFile[]>;
  /** When the model folder has it: takes the growing files away. */
  remove(): Promise<void>;
}

/** Where the log of a training grows: beside the folder that it will be in. */
export const growingLog = (output: string): string => `${resolve(output)}.running`;

/**
 * Writes `log.jsonl`, a line of JSON for each event, and with `logs` tensorboard an event file in `runs`. Files appear at the
 * first step; what an earlier training left there is replaced. Each line is written at once: after a crash all is there.
 * Where writing fails, a notice says so, and the training goes on without a log.
 */
export function openRunLog(options: TrainOptions): RunLog {
  const folder = growingLog(options.output);
  const events = `runs/events.out.tfevents.${Math.floor(Date.now() / 1000)}.textgraft.${process.pid}.0`;
  const names = ["log.jsonl", ...(options.logs === "tensorboard" ? [events] : [])];
  let waiting: { time: number; entry: LogEntry }[] = [];
  let files: number[] | undefined;
  let failed = false;
  let lastStep = 0;
  let before = 0; // steps of the earlier ones of several trainings

  const open = (): void => {
    rmSync(join(folder, "runs"), { recursive: true, force: true });
    files = names.map((name) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      return openSync(join(folder, name), "w");
    });
    if (files[1] !== undefined) writeSync(files[1], firstRecord(Date.now()));
    for (const { time, entry } of waiting) put(time, entry);
    waiting = [];
  };
  const put = (time: number, entry: LogEntry): void => {
    const [jsonl, tensorboard] = files!;
    writeSync(jsonl!, `${JSON.stringify({ time: new Date(time).toISOString(), ...entry })}\n`);
    const scalars = tensorboard === undefined ? undefined : scalarsOf(entry);
    if (scalars) writeSync(tensorboard!, scalarsRecord(time, entry.step as number, scalars));
  };
  /** What went wrong, if it did just now. */
  const write = (entry: LogEntry): string | undefined => {
    if (failed) return undefined;
    const time = Date.now();
    try {
      if (files) put(time, entry);
      else waiting.push({ time, entry });
      if (!files && entry.event === "step") open();
    } catch (error) {
      failed = true;
      return `The log in ${folder} can't be written (${(error as NodeJS.ErrnoException).code ?? error}): the training goes on without it.`;
    }
    return undefined;
  };
  const close = (): void => {
    for (const file of files ?? []) closeSync(file);
    files = undefined;
  };
  const remove = async (): Promise<void> => {
    if (!files || failed) return;
    close();
    for (const name of ["log.jsonl", "runs"]) await rm(join(folder, name), { recursive: true, force: true });
    await rmdir(folder).catch(() => undefined); // other files in it are somebody's
  };
  write(startEntry(options));

  return {
    async *following(training) {
      try {
        for (;;) {
          const { value, done } = await training.next();
          if (done) return value;
          if (value.kind === "training") before = lastStep;
          if (value.kind === "step") lastStep = before + value.step;
          const entry = entryOf(value, lastStep, before);
          const problem = entry && write(entry);
          yield value;
          if (problem !== undefined) yield { kind: "notice", text: problem };
        }
      } catch (error) {
        if (isCancelled(error)) await remove();
        else if (files) yield { kind: "notice", text: `The log of this training is in ${folder}.` };
        throw error;
      } finally {
        close();
      }
    },
    async finish(result) {
      for (const entry of endEntries(result, lastStep)) write(entry);
      if (!files || failed) return [];
      return Promise.all(names.map(async (name) => ({ name, content: await readFile(join(folder, name)) })));
    },
    remove,
  };
}

/** The tags of transformers' Trainer, where it has them. */
function scalarsOf(entry: LogEntry): Record<string, number> | undefined {
  const number = (name: string): number => entry[name] as number;
  switch (entry.event) {
    case "step":
      return {
        "train/loss": number("loss"),
        "train/learning_rate": number("learningRate"),
        "train/grad_norm": number("gradientNorm"),
        "train/epoch": number("epoch"),
      };
    case "epoch":
      return { "eval/loss": number("validationLoss"), ...judged("eval", entry) };
    case "test":
      return { "test/loss": number("loss"), ...judged("test", entry) };
    default:
      return undefined;
  }
}

function judged(part: "eval" | "test", entry: LogEntry): Record<string, number> {
  const scores: [string, unknown][] = [
    ["accuracy", entry.accuracy],
    ["f1", entry.macroF1],
    ["precision", entry.macroPrecision],
    ["recall", entry.macroRecall],
    ["roc_auc", entry.rocAuc],
  ];
  const known = scores.filter((score): score is [string, number] => Number.isFinite(score[1]));
  return Object.fromEntries(known.map(([name, value]) => [`${part}/${name}`, value]));
}
