import type { Answers, Job, RoundRequest } from "./job.js";
import { type Side, type SideSpec, startSide } from "./side.js";
import { median } from "./statistics.js";

/** The same work for several sides. */
export interface Comparison {
  readonly workload: string;
  /** Model, shape of the batches. */
  readonly name: string;
  readonly job: Job;
  /** Lengths of the texts of a round, counted from 0; earlier rounds (negative) only warm up. */
  readonly lengths: (round: number) => readonly number[];
  /** Texts of a round that lengths don't tell. */
  readonly texts?: number;
  /** Passes over the texts of a round; default 1. Peers measure one and are counted as if they had run all. */
  readonly epochs?: number;
  /** What a reader has to know of it. */
  readonly note?: string;
  /** Sides beside the usual ones. */
  readonly extraSides?: readonly SideSpec[];
}

export interface CompareOptions {
  readonly sides: readonly SideSpec[];
  readonly rounds: number;
  readonly threads: number;
  readonly log: (line: string) => void;
}

/** What was measured of one side. */
export interface SideFigures {
  /** Texts a second of each round, each pass over a text counted. */
  readonly rounds: readonly number[];
  readonly textsPerSecond: number;
  readonly peakBytes: number;
  /** Rate of the matrix products, where the side counts them. */
  readonly flopsPerSecond?: number;
}

export interface Compared extends Pick<Comparison, "workload" | "name" | "note"> {
  readonly sides: Readonly<Record<string, SideFigures>>;
  /** Textgraft's median speed over each peer's. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Sides that couldn't take part, and why. */
  readonly failures: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
}

/** A round of the fastest side lasts at least so long: shorter ones are repeated. */
const ROUND_SECONDS = 0.3;
/** Rounds that last longer aren't run whole only to warm up. */
const LONG_SECONDS = 5;
export const TEXTGRAFT = "textgraft";

/** Runs rounds of all sides by turns. Each side has a process of its own, and only one computes at a time. */
export async function compare(comparison: Comparison, options: CompareOptions): Promise<Compared> {
  const { job, workload, name, note, epochs = 1, extraSides = [] } = comparison;
  const failures: Record<string, string> = {};
  let taking: Taking[] = [...options.sides, ...extraSides].map((spec) => ({
    side: startSide(spec),
    perRound: spec.name === TEXTGRAFT ? epochs : 1,
    seconds: [],
    flops: [],
  }));
  const eachSide = async (work: (taking: Taking) => Promise<void>): Promise<void> => {
    const still: Taking[] = [];
    for (const taken of taking) {
      try {
        await work(taken);
        still.push(taken);
      } catch (error) {
        if (taken.side.name === TEXTGRAFT) throw error;
        taken.side.stop();
        failures[taken.side.name] = (error as Error).message;
        options.log(`  ${(error as Error).message}`);
      }
    }
    taking = still;
  };
  try {
    const versions: Record<string, string> = {};
    await eachSide(async ({ side }) => {
      const prepared = await side.ask({ do: "prepare", job, threads: options.threads });
      Object.assign(versions, prepared.versions);
    });

    const warm = new Map<Taking, number>();
    for (const lengths of warmUps(comparison)) {
      await eachSide(async (taken) => {
        const { seconds } = await taken.side.ask({ do: "round", lengths, epochs: 1 });
        warm.set(taken, seconds / Math.max(1, lengths.length));
      });
    }
    const count = comparison.lengths(0).length || 1;
    const expected = taking.map((taken) => warm.get(taken)! * count * taken.perRound);
    const repeats = Math.max(1, Math.ceil(ROUND_SECONDS / Math.min(...expected)));
    const measure = async (taken: Taking, round: number): Promise<Answers["round"]> => {
      await pause();
      return taken.side.ask({ do: "round", ...requestOf(comparison, round, taken.perRound, repeats) });
    };
    if (Math.max(...expected) < LONG_SECONDS)
      await eachSide(async (taken) => void (await measure(taken, -1)));

    for (let round = 0; round < options.rounds; round++) {
      await eachSide(async (taken) => {
        const { seconds, flops } = await measure(taken, round);
        taken.seconds.push((seconds * epochs) / taken.perRound);
        if (flops !== undefined) taken.flops.push(flops);
      });
    }

    const texts = (comparison.texts ?? count) * epochs * repeats;
    const sides: Record<string, SideFigures> = {};
    await eachSide(async ({ side, seconds, flops }) => {
      const { peakBytes } = await side.ask({ do: "close" });
      const rounds = seconds.map((time) => texts / time);
      const rates = flops.map((count, i) => count / seconds[i]!);
      sides[side.name] = {
        rounds,
        textsPerSecond: median(rounds),
        peakBytes,
        ...(rates.length > 0 ? { flopsPerSecond: median(rates) } : {}),
      };
    });
    const own = sides[TEXTGRAFT]!.textsPerSecond;
    const peers = Object.entries(sides).filter(([name]) => name !== TEXTGRAFT);
    const ratios = Object.fromEntries(
      peers.map(([name, { textsPerSecond }]) => [name, own / textsPerSecond]),
    );
    return { workload, name, ...(note ? { note } : {}), sides, ratios, failures, versions };
  } finally {
    for (const { side } of taking) side.stop();
  }
}

/** A side that takes part, with what it was measured at. */
interface Taking {
  readonly side: Side;
  /** Passes over the texts that one of its rounds makes. */
  readonly perRound: number;
  readonly seconds: number[];
  readonly flops: number[];
}

/** Twice all that a round may meet: each length of a batch, and usual texts. */
function warmUps({ job, lengths }: Comparison): (readonly number[])[] {
  if (job.kind !== "train" && job.kind !== "predict") return [lengths(-1), lengths(-2)];
  const { batchSize, buckets } = job;
  const oneOfEach = buckets.flatMap((length) => new Array<number>(batchSize).fill(length));
  return [oneOfEach, job.kind === "train" ? oneOfEach : lengths(-2).slice(0, 2 * batchSize)];
}

function requestOf(
  { job, lengths }: Comparison,
  round: number,
  epochs: number,
  repeats: number,
): RoundRequest {
  if (job.kind === "tokenize") return { lengths: [], epochs: epochs * repeats };
  const once = lengths(round);
  return { lengths: Array.from({ length: repeats }, () => once).flat(), epochs };
}

/** Threads of the side before may still look for work for some milliseconds. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));
