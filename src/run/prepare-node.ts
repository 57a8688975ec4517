import { TextgraftError } from "../base/errors.js";
import type { ExampleOptions } from "../data/read-examples.js";
import { rejectedCsv } from "../data/rejected-csv.js";
import type { Problem } from "../model/loss.js";
import { checkHead } from "../model/stock-form.js";
import { requirePairs } from "../tokens/pairs.js";
import { telling } from "./event-stream.js";
import type { ModelEvent } from "./events.js";
import { resolveOptions, type TrainOptions } from "./options.js";
import { datasetFrom, type LabelledRow, type Sources } from "./parts.js";
import { checkFreeze, checkLoss, lengthLimitOf } from "./plan.js";
import { openPretrained, type Pretrained } from "./pretrained-node.js";
import { readLabelled } from "./reading-node.js";
import { writeFileAtomic } from "./write-folder-node.js";

/**
 * Options by their names in the table, and the rows: a file or folder as `openRows` reads them, or examples with a `label`,
 * with `multiLabel` with `labels`.
 */
export interface TrainInput extends Partial<TrainOptions> {
  data: string | readonly LabelledRow[];
}

/** What is there before anything is split or trained. */
export interface Prepared {
  readonly options: TrainOptions;
  readonly problem: Problem;
  readonly pretrained: Pretrained;
  readonly sources: Sources;
  readonly cancelled: () => boolean;
  /** Throws `cancelled`: nothing has been written yet. */
  readonly stopIfCancelled: () => void;
}

export interface PrepareOptions {
  signal: AbortSignal;
  /** Refuses options before anything is read. */
  check?: (options: TrainOptions) => Promise<void>;
  /** Whether bad rows that stop the run are listed in a file beside the output folder. */
  mayWrite?: boolean;
}

/** Checks the options, then reads the model and the rows: what is wrong with them is told before the long work. */
export async function* prepare(
  { data, ...given }: TrainInput,
  { signal, check, mayWrite = false }: PrepareOptions,
): AsyncGenerator<ModelEvent, Prepared> {
  const options = resolveOptions(given);
  checkLoss(options);
  await check?.(options);
  const { revision } = options;
  const pretrained = yield* telling<ModelEvent, Pretrained>((tell) =>
    openPretrained(options.model, { revision, signal, tell }),
  );
  checkFreeze(options.freeze, pretrained.config);
  checkHead(pretrained.config, options.head, options.headWidth === "auto" ? undefined : options.headWidth);
  lengthLimitOf(options, pretrained.config.positions, pretrained); // told before the long work
  if (options.text2 !== "") requirePairs(options.long);
  const sources = await readSources(data, options, mayWrite ? listBeside(options.output) : undefined);
  if (sources.data.examples.at(0)?.pair !== undefined) requirePairs(options.long);
  const cancelled = () => signal.aborted;
  return {
    options,
    problem: options.multiLabel ? "multi_label" : "single_label",
    pretrained,
    sources,
    cancelled,
    stopIfCancelled: () => {
      if (!cancelled()) return;
      const message = "Stopped before the first step; nothing was written.";
      throw new TextgraftError("cancelled", { message });
    },
  };
}

async function readSources(
  data: TrainInput["data"],
  options: TrainOptions,
  listBad: ExampleOptions["listBad"],
): Promise<Sources> {
  const all =
    typeof data === "string" ? await readLabelled(data, options, { listBad }) : datasetFrom(data, options);
  const known = { known: all.labels, listBad };
  return {
    data: all,
    ...(options.validation && { validation: await readLabelled(options.validation, options, known) }),
    ...(options.test && { test: await readLabelled(options.test, options, known) }),
  };
}

const listBeside =
  (output: string): ExampleOptions["listBad"] =>
  async (bad) => {
    const file = `${output}-rejected.csv`;
    await writeFileAtomic(file, rejectedCsv([bad]));
    return file;
  };
