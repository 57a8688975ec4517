import { sum } from "#textgraft/base/numbers.js";
import { Group } from "./group.js";
import type { Job, RoundAnswer, RoundRequest } from "./job.js";
import { whileBusy } from "./machine.js";
import { TEXTGRAFT } from "./peers.js";
import type { SideSpec } from "./side.js";
import { median } from "./statistics.js";

/** The same work for several sides. */
export interface Comparison {
  readonly workload: string;
  /** Model, shape of the batches. */
  readonly name: string;
  readonly job: Job;
  /** Lengths of the texts of a round, counted from 0; rounds below 0 only warm up. */
  readonly lengths: (round: number) => readonly number[];
  /** Texts of a round that lengths don't tell. */
  readonly texts?: number;
  /** Passes over the texts of a round; default 1. Peers run one and are counted as if they had run all. */
  readonly epochs?: number;
  /** What a reader has to know of it. */
  readonly note?: string;
  /** Sides beside the usual ones. */
  readonly extraSides?: readonly SideSpec[];
  /** Needs so much memory that each peer is compared with Textgraft alone. */
  readonly inPairs?: boolean;
}

export interface CompareOptions {
  /** Textgraft first. */
  readonly sides: readonly SideSpec[];
  readonly rounds: number;
  readonly threads: number;
  readonly log: (line: string) => void;
}

/** What was measured of one side. */
export interface SideFigures {
  /** Texts a second of each round, each pass over a text counted. */
  readonly rounds: readonly number[];
  /** Their median. */
  readonly textsPerSecond: number;
  readonly peakBytes: number;
  /** Median rate of the matrix products over the whole time, where the side counts them. */
  readonly flopsPerSecond?: number;
}

export interface Compared extends Pick<Comparison, "workload" | "name" | "note"> {
  readonly sides: Readonly<Record<string, SideFigures>>;
  /** Textgraft's median speed over each peer's. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Cores that other programs kept busy meanwhile, on average. Above a tenth or so figures aren't worth much. */
  readonly othersCores: number;
  /** Sides that couldn't take part, and why. */
  readonly failures: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
}

/** A round of the fastest side lasts at least so long: shorter ones are repeated. */
const ROUND_SECONDS = 0.3;
/** Rounds that last longer aren't run whole only to warm up. */
const LONG_SECONDS = 5;

/** Runs rounds of all sides by turns, each side in a process of its own. */
export async function compare(comparison: Comparison, options: CompareOptions): Promise<Compared> {
  const [own, ...peers] = [...options.sides, ...(comparison.extraSides ?? [])] as [SideSpec, ...SideSpec[]];
  const groups =
    comparison.inPairs && peers.length > 1 ? peers.map((peer) => [own, peer]) : [[own, ...peers]];
  const compared: Compared[] = [];
  for (const specs of groups) compared.push(await compareTogether(comparison, specs, options));
  const merged = <K extends "sides" | "ratios" | "failures" | "versions">(key: K): Compared[K] =>
    Object.assign({}, ...compared.map((part) => part[key]).reverse()); // Textgraft's figures are those of the first pair
  return {
    ...compared[0]!,
    sides: inOrder(merged("sides"), [own, ...peers]),
    ratios: inOrder(merged("ratios"), peers),
    othersCores: Math.max(...compared.map(({ othersCores }) => othersCores)),
    failures: merged("failures"),
    versions: merged("versions"),
  };
}

async function compareTogether(
  comparison: Comparison,
  specs: readonly SideSpec[],
  { rounds, threads, log }: CompareOptions,
): Promise<Compared> {
  const { workload, name, note, job } = comparison;
  const group = new Group(specs, log);
  try {
    const prepared = await group.each((side) => side.ask({ do: "prepare", job, threads }));
    const measured = await measure(comparison, group, rounds);
    const closed = await group.each((side) => side.ask({ do: "close" }));

    const sides: Record<string, SideFigures> = {};
    for (const [side, { peakBytes }] of Object.entries(closed)) {
      const figures = measured.map((answers) => answers[side]!);
      const textsPerSecond = figures.map(({ texts, seconds }) => texts / seconds);
      const rates = figures.flatMap(({ flops, seconds }) => (flops === undefined ? [] : [flops / seconds]));
      sides[side] = {
        rounds: textsPerSecond,
        textsPerSecond: median(textsPerSecond),
        peakBytes,
        ...(rates.length > 0 ? { flopsPerSecond: median(rates) } : {}),
      };
    }
    const { [TEXTGRAFT]: own, ...peers } = sides;
    const ratios = Object.fromEntries(
      Object.entries(peers).map(([side, peer]) => [side, own!.textsPerSecond / peer.textsPerSecond]),
    );
    const versions = Object.assign({}, ...Object.values(prepared).map(({ versions }) => versions));
    const others = measured.flatMap((answers) =>
      Object.values(answers).map(({ othersCores }) => othersCores),
    );
    return {
      workload,
      name,
      ...(note ? { note } : {}),
      sides,
      ratios,
      othersCores: sum(others) / others.length,
      failures: group.failures,
      versions,
    };
  } finally {
    group.stop();
  }
}

type Round = RoundAnswer & {
  readonly texts: number;
  /** Cores that other programs kept busy meanwhile. */
  readonly othersCores: number;
};

/** Warms all sides up, then measures rounds: of each round the answers by side. */
export async function measure(
  comparison: Comparison,
  group: Group,
  rounds: number,
): Promise<Record<string, Round>[]> {
  const { lengths, texts, epochs = 1 } = comparison;
  const count = lengths(0).length;
  let expected: number[] = [];
  for (const warmUp of warmUps(comparison)) {
    const answers = await group.each((side) => side.ask({ do: "round", lengths: warmUp, epochs: 1 }));
    const share = warmUp.length > 0 ? count / warmUp.length : 1;
    expected = Object.entries(answers).map(([side, { seconds }]) => seconds * share * passesOf(side, epochs));
  }
  const repeats = Math.max(1, Math.ceil(ROUND_SECONDS / Math.min(...expected)));
  const runRound = (round: number) =>
    group.each(async (side): Promise<Round> => {
      const passes = passesOf(side.name, epochs);
      const request = requestOf(comparison, round, passes, repeats);
      const [{ cpuSeconds, ...answer }, machine] = await whileBusy(() => side.ask(request));
      const othersCores = Math.max(0, machine.busySeconds - cpuSeconds) / machine.seconds;
      return { ...answer, texts: (texts ?? count) * repeats * passes, othersCores };
    });
  if (repeats * Math.max(...expected) < LONG_SECONDS) await runRound(-1);

  const measured: Record<string, Round>[] = [];
  for (let round = 0; round < rounds; round++) measured.push(await runRound(round));
  return measured;
}

/** Passes over the texts that a side's round makes. A text counts once in each. */
const passesOf = (side: string, epochs: number): number => (side === TEXTGRAFT ? epochs : 1);

/** A batch of the longest texts that may come, then some usual ones. */
function warmUps({ job, lengths }: Comparison): (readonly number[])[] {
  if (job.kind !== "train" && job.kind !== "predict") return [lengths(-1), lengths(-2)];
  const { batchSize, maxLength } = job;
  return [new Array<number>(batchSize).fill(maxLength), lengths(-2).slice(0, 2 * batchSize)];
}

function requestOf({ job, lengths }: Comparison, round: number, passes: number, repeats: number) {
  const request = (given: RoundRequest) => ({ do: "round", ...given }) as const;
  if (job.kind === "tokenize") return request({ lengths: [], epochs: passes * repeats });
  const once = lengths(round);
  return request({ lengths: Array.from({ length: repeats }, () => once).flat(), epochs: passes });
}

const inOrder = <T>(values: Readonly<Record<string, T>>, specs: readonly SideSpec[]): Record<string, T> =>
  Object.fromEntries(specs.flatMap(({ name }) => (values[name] ? [[name, values[name]]] : [])));
