import { TextgraftError } from "../base/errors.js";
import { type Dataset, readDataset } from "../data/example.js";
import { openTable } from "../data/file-node.js";
import { openSpill } from "../data/spill-node.js";
import type { Problem } from "../model/loss.js";
import { checkHead } from "../model/stock-form.js";
import { telling } from "./event-stream.js";
import type { ModelEvent } from "./events.js";
import { resolveOptions, type TrainOptions } from "./options.js";
import { datasetFrom, type LabelledRow, type Sources } from "./parts.js";
import { checkFreeze, lengthLimitOf } from "./plan.js";
import { openPretrained, type Pretrained } from "./pretrained-node.js";

/**
 * Options by their names in the table, and the rows: a CSV, TSV or JSONL file, or examples with a `label`, with `multiLabel`
 * with `labels`.
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

/** Checks the options, then reads the model and the rows: what is wrong with them is told before the long work. */
export async function* prepare(
  { data, ...given }: TrainInput,
  { signal, check }: { signal: AbortSignal; check?: (options: TrainOptions) => Promise<void> },
): AsyncGenerator<ModelEvent, Prepared> {
  const options = resolveOptions(given);
  await check?.(options);
  const { revision } = options;
  const pretrained = yield* telling<ModelEvent, Pretrained>((tell) =>
    openPretrained(options.model, { revision, signal, tell }),
  );
  checkFreeze(options.freeze, pretrained.config);
  checkHead(pretrained.config, options.head, options.headWidth === "auto" ? undefined : options.headWidth);
  lengthLimitOf(options, pretrained.config.positions, pretrained); // told before the long work
  const cancelled = () => signal.aborted;
  return {
    options,
    problem: options.multiLabel ? "multi_label" : "single_label",
    pretrained,
    sources: await readSources(data, options),
    cancelled,
    stopIfCancelled: () => {
      if (!cancelled()) return;
      const message = "Stopped before the first step; nothing was written.";
      throw new TextgraftError("cancelled", { message });
    },
  };
}

async function readSources(data: TrainInput["data"], options: TrainOptions): Promise<Sources> {
  const columns = { text: options.text || undefined, label: options.label || undefined };
  const read = async (file: string): Promise<Dataset> =>
    readDataset(await openTable(file), columns, { ...options, openSpill });
  return {
    data: typeof data === "string" ? await read(data) : datasetFrom(data, options),
    ...(options.validation && { validation: await read(options.validation) }),
    ...(options.test && { test: await read(options.test) }),
  };
}
