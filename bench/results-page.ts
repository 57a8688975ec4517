import type { Compared as Measured } from "./compare.js";
import type { Machine } from "./machine.js";
import { PEER_NAMES, TEXTGRAFT } from "./peers.js";
import { type Column, markdownTable } from "./table.js";
import type { Growth } from "./workloads/growth.js";
import type { Roofline } from "./workloads/roofline.js";

type Compared = Omit<Measured, "versions">;

/** All that one run measured; `bench/results.json`. */
export interface Results {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: {
    readonly threads: number;
    readonly rounds: number;
    readonly quick: boolean;
    readonly workloads: readonly string[];
    /** Where real lengths come from. */
    readonly lengths: string;
  };
  readonly comparisons: readonly Compared[];
  readonly roofline: Roofline | undefined;
  readonly growth: readonly Growth[];
}

/** `bench/results.md`: what was measured, as tables. */
export function resultsPage({
  date,
  machine,
  versions,
  settings,
  comparisons,
  roofline,
  growth,
}: Results): string {
  const used = new Set(comparisons.flatMap(({ sides }) => Object.keys(sides)));
  const peers = Object.keys(PEER_NAMES).filter((name) => used.has(name));
  const { cpu, cores, memoryGiB, os } = machine;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const parts = [
    `# Results of \`npm run bench${settings.quick ? " -- --quick" : ""}\``,
    `${date}. ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}; ${settings.threads} threads for every side.`,
    `${named.join(", ")}.`,
    `Real lengths: ${settings.lengths}.`,
    peers.length === 0
      ? "There was no peer: these are Textgraft's own figures alone."
      : `Medians of ${settings.rounds} rounds by turns; × is Textgraft's speed over the peer's. A text counts once in each epoch.`,
    busyText(comparisons),
    settings.quick
      ? "Small shapes, only to see that everything works; they say nothing about large ones."
      : "",
  ];
  if (comparisons.length > 0) {
    parts.push("## Speed, texts per second", speedTable(comparisons, peers), notesOf(comparisons));
    parts.push("## Peak memory, GiB", memoryTable(comparisons, peers));
  }
  if (roofline) parts.push("## Roofline", ROOFLINE_TEXT, rooflineTable(roofline, comparisons));
  if (growth.length > 0) parts.push("## Growth", GROWTH_TEXT, growthTable(growth));
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** Other programs on the machine slow both sides down, but not alike. */
function busyText(comparisons: readonly Compared[]): string {
  const busy = comparisons.filter(({ othersCores }) => othersCores > QUIET_CORES);
  if (busy.length === 0) return "";
  const cases = busy.map(
    ({ workload, name, othersCores }) => `${workload}, ${name}: ${othersCores.toFixed(1)}`,
  );
  return `**Other programs kept cores busy meanwhile; these figures aren't worth much:** ${cases.join("; ")}.`;
}

/** What a system does beside on its own. */
const QUIET_CORES = 0.15;

const titleOf = (side: string): string => PEER_NAMES[side] ?? "Textgraft";

const CASE: readonly Column<Compared>[] = [
  { title: "workload", of: ({ workload }) => workload },
  { title: "case", of: ({ name }) => name },
];

function speedTable(comparisons: readonly Compared[], peers: readonly string[]): string {
  const speeds = [TEXTGRAFT, ...peers].map((side) => ({
    title: titleOf(side),
    of: ({ sides }: Compared) => shownSpeed(sides[side]?.textsPerSecond),
    right: true,
  }));
  const ratios = peers.map((peer) => ({
    title: `× ${titleOf(peer)}`,
    of: ({ ratios }: Compared) => ratios[peer]?.toFixed(2) ?? "",
    right: true,
  }));
  return markdownTable(comparisons, [...CASE, ...speeds, ...ratios]);
}

function memoryTable(comparisons: readonly Compared[], peers: readonly string[]): string {
  const peaks = [TEXTGRAFT, ...peers].map((side) => ({
    title: titleOf(side),
    of: ({ sides }: Compared) => shownGiB(sides[side]?.peakBytes),
    right: true,
  }));
  return markdownTable(comparisons, [...CASE, ...peaks]);
}

/** What a reader has to know of some cases, and who could not take part. */
function notesOf(comparisons: readonly Compared[]): string {
  const lines = comparisons.flatMap(({ workload, name, note, failures }) => [
    ...(note ? [`- ${workload}, ${name}: ${note}`] : []),
    ...Object.entries(failures).map(
      ([side, why]) => `- ${workload}, ${name}: without ${titleOf(side)}: ${why}`,
    ),
  ]);
  return lines.join("\n");
}

const ROOFLINE_TEXT =
  "What Textgraft's training steps reach of the fastest matrix product through ONNX Runtime: operations of the graph's matrix products over the time of the whole step.";

function rooflineTable(roofline: Roofline, comparisons: readonly Compared[]): string {
  const fastest = Object.entries(roofline).map(([side, rate]) => ({
    what: `fastest float32 matrix product, ${side === TEXTGRAFT ? "ONNX Runtime" : titleOf(side)}`,
    rate,
  }));
  const steps = comparisons.flatMap(({ workload, name, sides }) => {
    const rate = sides[TEXTGRAFT]?.flopsPerSecond;
    return rate === undefined ? [] : [{ what: `${workload}, ${name}`, rate }];
  });
  return markdownTable(
    [...fastest, ...steps],
    [
      { title: "", of: ({ what }) => what },
      { title: "GFLOP/s", of: ({ rate }) => (rate / 1e9).toFixed(0), right: true },
      {
        title: "share",
        of: ({ rate }) => `${((100 * rate) / roofline[TEXTGRAFT]!).toFixed(0)} %`,
        right: true,
      },
    ],
  );
}

const GROWTH_TEXT =
  "Time of a training step (of an epoch, for rows of data) ≈ c · sizeᵉ; e is fitted by least squares of the logarithms.";

function growthTable(growth: readonly Growth[]): string {
  const sides = [...new Set(growth.flatMap(({ exponents }) => Object.keys(exponents)))];
  const exponents = sides.map((side) => ({
    title: `e, ${titleOf(side)}`,
    of: ({ exponents }: Growth) => exponents[side]?.toFixed(2) ?? "",
    right: true,
  }));
  return markdownTable(growth, [
    { title: "size", of: ({ size }) => size },
    {
      title: "values",
      of: ({ points }) =>
        Object.values(points)[0]!
          .map(([size]) => size)
          .join(", "),
    },
    ...exponents,
  ]);
}

const shownSpeed = (speed: number | undefined): string => speed?.toFixed(speed < 100 ? 1 : 0) ?? "";
const shownGiB = (bytes: number | undefined): string =>
  bytes === undefined ? "" : (bytes / 2 ** 30).toFixed(2);
