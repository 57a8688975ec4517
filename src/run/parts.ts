import { TextgraftError } from "../base/errors.js";
import { countOf, mapped } from "../base/iterables.js";
import { sum } from "../base/numbers.js";
import type { Random } from "../base/random.js";
import { atOnce, breathing, type Steps, within } from "../base/steps.js";
import type { OpenSpill } from "../data/byte-store.js";
import { countLabels, requireKnownLabels, requireTwoLabels } from "../data/check.js";
import { columnFacts } from "../data/columns.js";
import { type Dataset, datasetOf, type Example, sortedLabels } from "../data/example.js";
import { type Examples, textsOf } from "../data/examples.js";
import { findLeaks } from "../data/leaks.js";
import { findNearDuplicates } from "../data/near-duplicates.js";
import { defaultShares, type PartPositions, type Split, splitAt } from "../data/split.js";
import { partNames, type Shares } from "../data/split-quotas.js";
import { type Conflicts, summarizing } from "../data/summary.js";
import type { Problem } from "../model/loss.js";
import { reporting } from "./event-stream.js";
import type { DataFacts, TrainEvent } from "./events.js";
import type { Splitting } from "./options.js";
import { type Splitter, splitterOf } from "./splitting.js";

/** Labelled rows, and rows that the user set aside. */
export interface Sources {
  data: Dataset;
  validation?: Dataset;
  test?: Dataset;
}

/** Every row in one part, and what there is to tell of it. */
export interface Parts {
  split: Split;
  facts: DataFacts;
  /** Texts that have different labels in different rows. */
  conflicts: Conflicts;
  /** For each row of the data a number: rows of one number stay together. Undefined where each is on its own. */
  groups?: Uint32Array | undefined;
  /** For each row of the data the number of its group of near duplicates. */
  duplicates: Uint32Array;
  /** Where the rows of each part stand in the data; undefined where some are from other files. */
  positions?: PartPositions | undefined;
}

/**
 * Puts every row into train, validation or test: split off as `split` says (see `splitterOf`), or as the user's own
 * files say, whose rows stay where they are. With `cv` folds none is test: all are tested by cross-validation.
 */
export const partsOf = (sources: Sources, options: PartOptions): Parts => atOnce(findParts(sources, options));

export interface PartOptions {
  problem: Problem;
  split: Splitting;
  /** Default: 0. */
  cv?: number;
  random: Random;
  /** Where large data is put meanwhile; without it all is in memory. */
  openSpill?: OpenSpill;
}

/** The same, telling how far it is, and at last what was found; between steps `stopIfCancelled` may throw. */
export async function* tellingParts(
  sources: Sources,
  options: PartOptions,
  stopIfCancelled: () => void,
): AsyncGenerator<TrainEvent, Parts> {
  const total = sources.data.examples.length;
  const finding = reporting((report) =>
    breathing(findParts(sources, options), (share) => {
      stopIfCancelled();
      report(Math.floor(share * total), total);
    }),
  );
  let progress = await finding.next();
  for (; !progress.done; progress = await finding.next()) yield { kind: "compared", ...progress.value };
  yield { kind: "data", facts: progress.value.facts };
  return progress.value;
}

/** The same in steps. */
export function* findParts(
  { data, validation, test }: Sources,
  { problem, split: how, cv = 0, random, openSpill }: PartOptions,
): Steps<Parts> {
  for (const own of [validation, test]) if (own) requireKnownLabels(own, data.labels);
  const duplicates = yield* within(findNearDuplicates(textsOf(data.examples), openSpill), 0, 0.7);
  const splitter = splitterOf(data, duplicates.groups, { split: how, random });
  const testShare = cv === 0 ? defaultShares.test : 0;
  const { split, positions } = splitAround(data, { validation, test }, { splitter, testShare });
  const { duplicateRows, nearDuplicateRows, conflicts } = yield* within(
    summarizing(data, duplicates),
    0.7,
    0.9,
  );
  const leaking =
    splitter.duplicatesTogether && !test
      ? { exact: 0, near: 0 }
      : yield* within(findLeaks(split.train, split.test, openSpill), 0.9, 1);
  const badRows = sum([data, validation, test].map((source) => source?.reading?.bad.count ?? 0));
  const facts: DataFacts = {
    source: data.source,
    ...(data.reading && { format: data.reading.format }),
    ...(badRows > 0 && { badRows }),
    ...(data.columns ? columnFacts(data.columns) : givenColumns(data)),
    problem,
    labels: data.labels,
    unlabelled: unlabelledRows(split),
    parts: countsOf(split, data.labels),
    exactDuplicates: duplicateRows,
    nearDuplicates: nearDuplicateRows - duplicateRows,
    leaks: leaking,
    ...splitter.facts(),
  };
  return { split, facts, conflicts, groups: splitter.groups, duplicates: duplicates.groups, positions };
}

/** Rows of each part, in all and by label. */
export function countsOf(split: Split, labels: readonly string[]): DataFacts["parts"] {
  const part = (examples: Examples) => ({ rows: examples.length, byLabel: countLabels(examples, labels) });
  return { train: part(split.train), validation: part(split.validation), test: part(split.test) };
}

const unlabelledRows = (split: Split): number =>
  sum(partNames.map((part) => countOf(split[part], ({ labels }) => labels.length === 0)));

const givenColumns = ({ examples }: Dataset) => ({
  textColumn: "text",
  ...(examples.at(0)?.pair !== undefined && { pairColumn: "pair" }),
  labelColumn: "label",
  guessed: [],
});

/** Splits off what the user didn't give. */
function splitAround(
  data: Dataset,
  { validation, test }: { validation: Dataset | undefined; test: Dataset | undefined },
  { splitter, testShare }: { splitter: Splitter; testShare: number },
): Pick<Parts, "split" | "positions"> {
  const split = (shares: Shares) => {
    const positions = splitter.positions(shares);
    return { split: splitAt(data.examples, positions), positions };
  };
  if (validation && test) {
    requireTwoLabels(data);
    return { split: { train: data.examples, validation: validation.examples, test: test.examples } };
  }
  const share = defaultShares.validation;
  if (!validation && !test)
    return split({ train: 1 - share - testShare, validation: share, test: testShare });
  const { split: halves } = split({ train: 1 - share, validation: share, test: 0 });
  if (test) return { split: { ...halves, test: test.examples } };
  return { split: { train: halves.train, validation: validation!.examples, test: halves.validation } };
}

/** A row made in a program; `labels` in multi-label problems. */
export type LabelledRow = {
  text: string;
  /** The second text, where all rows are pairs. */
  pair?: string;
  /** What it belongs to: rows of one group stay together. */
  group?: string;
  /** When it was written, in milliseconds since 1970. */
  time?: number;
} & ({ label: string } | { labels: readonly string[] });

/**
 * Rows made in a program, as if they had been read from a file. Throws `data-invalid` where there are none, and for the
 * first without a text or a label, or with `multiLabel` without a list of labels.
 */
export function datasetFrom(
  rows: readonly LabelledRow[],
  { multiLabel = false }: { multiLabel?: boolean } = {},
): Dataset {
  if (!Array.isArray(rows) || rows.length === 0) {
    throw new TextgraftError("data-invalid", {
      message: "There are no rows to train on.",
      fix: `Give the name of a CSV, TSV or JSONL file, or rows such as { text: "…", ${multiLabel ? 'labels: ["…"]' : 'label: "…"'} }.`,
    });
  }
  let row = 0;
  const pairs = (rows as readonly GivenRow[])[0]!.pair !== undefined;
  const example = (given: GivenRow): Example => {
    row++;
    const { group, time } = given;
    return {
      text: filled(given, "text", row),
      ...(pairs && { pair: filled(given, "pair", row) }),
      ...(isFilled(group) && { group }),
      ...(typeof time === "number" && { time }),
      labels: multiLabel ? labelList(given, row) : [filled(given, "label", row).trim()],
      row,
    };
  };
  return datasetOf("the given examples", mapped(rows as readonly GivenRow[], example));
}

/** A row of a caller that may not have been checked by TypeScript. */
type GivenRow = Partial<Record<"text" | "pair" | "label" | "labels" | "group" | "time", unknown>>;

function filled(given: GivenRow, key: "text" | "pair" | "label", row: number): string {
  const value = given[key];
  if (isFilled(value)) return value;
  throw badValue(given, key, row, "a string that isn't empty");
}

function labelList(given: GivenRow, row: number): string[] {
  const { labels } = given;
  if (Array.isArray(labels) && labels.every(isFilled))
    return sortedLabels(labels.map((label) => label.trim()));
  throw badValue(given, "labels", row, "a list of strings that aren't empty (an empty list means no label)");
}

const isFilled = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";

const badValue = (given: GivenRow, key: keyof GivenRow, row: number, wanted: string): TextgraftError =>
  new TextgraftError("data-invalid", {
    message: `The given examples, row ${row}: ${key} is ${JSON.stringify(given[key])}; it must be ${wanted}.`,
    fix: "Correct this row or leave it out.",
  });
