import { TextgraftError } from "../base/errors.js";
import type { Random } from "../base/random.js";
import { requireTwoLabels } from "../data/check.js";
import type { Dataset } from "../data/example.js";
import type { Examples } from "../data/examples.js";
import { joinedGroups, largestGroup, numbered } from "../data/groups.js";
import { type PartPositions, positionsByPart, stratifiedPositions } from "../data/split.js";
import { type Part, partNames, type Shares } from "../data/split-quotas.js";
import { splitByTime } from "../data/split-time.js";
import { rowList } from "../data/table.js";
import type { Splitting } from "./options.js";

/** How rows are split, told beside the sizes of the parts. */
export interface SplitFacts {
  /** Rows of one group of the user's are in one part. */
  grouping?: {
    /** Groups, and rows of the largest. */
    groups: number;
    largest: number;
    /** Near duplicates in different groups are on different sides: else they would have tied nearly all groups together. */
    duplicatesApart: boolean;
  };
  /** The newest rows are test: times of the oldest and newest row of each part, in ms since 1970. */
  times?: Record<Part, { from: number; to: number } | undefined>;
}

/** Splits the rows of one dataset. */
export interface Splitter {
  /** Where the rows of each part stand. */
  positions(shares: Shares): PartPositions;
  /** For each row a number: rows of one number are on one side. Undefined where each row is on its own. */
  readonly groups: Uint32Array | undefined;
  /** Whether near duplicates are on one side, too. */
  readonly duplicatesTogether: boolean;
  /** What has become of the last split. */
  facts(): SplitFacts;
}

/**
 * How a dataset is split: `plain`, row by row; `grouped`, near duplicates and rows of one `group` on one side; `time`, the
 * newest rows into test and those before into validation.
 *
 * @param duplicates For each row the number of its group of near duplicates.
 */
export function splitterOf(
  data: Dataset,
  duplicates: Uint32Array,
  { split, random }: { split: Splitting; random: Random },
): Splitter {
  if (split === "time") return timeSplitter(data);
  const { groups, grouping } = split === "plain" ? { groups: undefined } : groupsOf(data, duplicates);
  return {
    positions: (shares) => stratifiedPositions(data, shares, { random, groups }),
    groups,
    duplicatesTogether: groups !== undefined && grouping?.duplicatesApart !== true,
    facts: () => (grouping === undefined ? {} : { grouping }),
  };
}

/** The groups of near duplicates, joined with those of the user's where there are any. */
function groupsOf(
  { source, examples }: Dataset,
  duplicates: Uint32Array,
): { groups: Uint32Array; grouping?: NonNullable<SplitFacts["grouping"]> } {
  const own = ownGroups(examples);
  if (own === undefined) return { groups: duplicates };
  const most = largestJoined * examples.length;
  const joined = joinedGroups(own, duplicates);
  const together = largestGroup(joined) <= most;
  const groups = together ? joined : own;
  const largest = largestGroup(own);
  const count = new Set(own).size;
  if (count < partNames.length || largest > examples.length / 2) {
    throw new TextgraftError("data-invalid", {
      message: `${source} has ${count === 1 ? "one group" : `${count} groups`}, the largest with ${largest} of the ${examples.length} rows; the parts of a split need groups of their own.`,
      fix: "Name another column with --group, or leave it out.",
    });
  }
  return { groups, grouping: { groups: count, largest, duplicatesApart: !together } };
}

/**
 * Short texts such as "thank you" tie groups to each other, which may tie nearly all together. Where more than this share
 * of the rows would be one lump, the user's groups count, and near duplicates across them are told as leaks.
 */
const largestJoined = 0.3;

/** A number for each row by its `group`, rows without one on their own; undefined where no row has one. */
function ownGroups(examples: Examples): Uint32Array | undefined {
  let some = false;
  let row = 0;
  const names = examples.map(({ group }) => {
    row++;
    if (group !== undefined) some = true;
    return group === undefined ? row : group;
  });
  return some ? numbered(names) : undefined;
}

function timeSplitter(data: Dataset): Splitter {
  requireTwoLabels(data);
  const times = data.examples.map(({ time }) => time ?? Number.NaN);
  const missing = data.examples.map(({ row }) => row).filter((_, i) => Number.isNaN(times[i]));
  if (missing.length > 0) {
    throw new TextgraftError("data-invalid", {
      message: `${data.source}: a split by time needs a time for each row; without one ${missing.length === 1 ? "is" : "are"} ${rowList(missing)}.`,
      fix: "Name the column with --time, fill it in, or remove these rows.",
    });
  }
  let spans: SplitFacts["times"];
  return {
    positions: (shares) => {
      const split = splitByTime(times, shares);
      spans = split.spans;
      return positionsByPart(split.parts.map((part) => partNames.indexOf(part)));
    },
    groups: undefined,
    duplicatesTogether: false,
    facts: () => (spans === undefined ? {} : { times: spans }),
  };
}
