import { flagName, type TrainOptions } from "../../run/options.js";
import type { SweepResult, TrialRecord } from "../../run/sweep-node.js";
import { endingOf, objectiveText, shownObjective, triedOptions } from "../sweep.js";
import { figure, figures } from "./figure.js";
import { type Content, shortened } from "./markup.js";
import { colors, Plot } from "./plot.js";

/** How good each run is, and for each setting that was varied how good its values are. */
export function sweepFigures(result: SweepResult): Content {
  const varied = triedOptions(result.records).filter((name) => valuesOf(result, name).length > 1);
  return figures([runsFigure(result), ...varied.map((name) => settingFigure(result, name))]);
}

function runsFigure(result: SweepResult): Content {
  const { records, objective } = result;
  return figure({
    title: "Every run",
    says: `The runs in the order in which they were tried. ${key(result)}`,
    plot: {
      x: { ...axis, label: "run", domain: [0.5, records.length + 0.5], ...wholeTicks(records.length) },
      ...dots(result, ({ number }) => number),
    },
    numbers: {
      caption: "The runs in their order",
      header: ["run", `validation ${objective}`, "ending"],
      texts: [2],
      rows: records.map((record) => [
        record.number,
        objectiveText(record.best, objective) || "–",
        endingOf(record) || "done",
      ]),
    },
  });
}

function settingFigure(result: SweepResult, name: keyof TrainOptions): Content {
  const { records, objective } = result;
  const values = valuesOf(result, name);
  const of = ({ options }: TrialRecord): Value => settingOf(options[name]);
  const scale = scaleOf(name, values);
  const logarithmic = scale.type === "log" ? " The axis of values is logarithmic." : "";
  const order = (record: TrialRecord): number => values.indexOf(of(record));
  return figure({
    title: flagName(name),
    says: `Each run by its ${flagName(name)}.${logarithmic} ${key(result)}`,
    plot: { x: { ...axis, label: flagName(name), ...scale }, ...dots(result, of) },
    numbers: {
      caption: `The runs by their ${flagName(name)}`,
      header: [flagName(name), `validation ${objective}`, "run", "ending"],
      texts: [3],
      rows: [...records]
        .sort((a, b) => order(a) - order(b) || (b.best ?? -Infinity) - (a.best ?? -Infinity))
        .map((record) => [
          of(record),
          objectiveText(record.best, objective) || "–",
          record.number,
          endingOf(record) || "done",
        ]),
    },
  });
}

/** What the dots are, in words. */
function key({ records, objective, best }: SweepResult): string {
  const stopped = records.some(({ status, best }) => status !== "done" && best !== null);
  const missing = records.filter((record) => record.best === null).map(({ number }) => number);
  return [
    objective === "loss" ? "Lower is better." : "Higher is better.",
    ...(best ? [`The ringed dot is the best, run ${best.number}.`] : []),
    ...(stopped ? ["Crosses are runs that didn't come to their end, with their best epoch until then."] : []),
    ...(missing.length > 0 ? [`Not drawn, since no epoch ended: run ${missing.join(", ")}.`] : []),
  ].join(" ");
}

type Value = number | string;

/** Numbers stay numbers; all else is a name. */
const settingOf = (value: unknown): Value =>
  typeof value === "number" ? value : shortened(String(value), 20);

/** The different values of a setting: numbers from the lowest, else as they came. */
function valuesOf({ records }: SweepResult, name: keyof TrainOptions): Value[] {
  const values = [...new Set(records.map(({ options }) => settingOf(options[name])))];
  return values.every((value) => typeof value === "number")
    ? values.sort((a, b) => Number(a) - Number(b))
    : values;
}

const axis = { labelArrow: false } as const;

/** A place for each name; numbers by size, or by their logarithm where they lie far apart. */
function scaleOf(name: keyof TrainOptions, values: readonly Value[]): Plot.ScaleOptions {
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length < values.length) return { type: "point", domain: values.map(String), padding: 0.5 };
  const [low, high] = [numbers[0]!, numbers.at(-1)!];
  const ticks = {
    ticks: numbers.length <= FEW_VALUES ? numbers : 4,
    tickFormat: (value: number) => String(Number(value.toPrecision(3))),
  };
  if (low > 0 && (name === "learningRate" || high / low >= FAR)) {
    const room = (high / low) ** 0.08;
    return { type: "log", domain: [low / room, high * room], ...ticks };
  }
  const room = 0.08 * (high - low);
  return { type: "linear", domain: [low - room, high + room], ...ticks };
}

/** So few have a tick each. */
const FEW_VALUES = 4;
const FAR = 20;

/** Whole numbers only. */
const wholeTicks = (most: number): Plot.ScaleOptions => ({
  ticks: Math.min(8, most),
  tickFormat: (value: number) => (Number.isInteger(value) ? String(value) : ""),
});

/** Runs by what is on the x-axis, and by what they are compared by. */
function dots(
  { records, objective, best }: SweepResult,
  x: (record: TrialRecord) => Value,
): Pick<Plot.PlotOptions, "y" | "marks"> {
  const drawn = records.filter((record) => record.best !== null);
  const y = (record: TrialRecord): number => shownObjective(record.best!, objective);
  const heights = drawn.map(y);
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  const room = high > low ? 0.08 * (high - low) : 0.05;
  const ended = drawn.filter(({ status }) => status === "done");
  const others = drawn.filter(({ status }) => status !== "done");
  return {
    y: {
      ...axis,
      label: `validation ${objective}`,
      domain: [low - room, high + room],
      ticks: 5,
      grid: true,
    },
    marks: [
      Plot.dot(others, { x, y, symbol: "times", stroke: colors.other, strokeWidth: 2, r: 5 }),
      Plot.dot(ended, { x, y, fill: colors.accent, fillOpacity: 0.75, r: 4.5 }),
      ...(best ? [Plot.dot([best], { x, y, stroke: colors.accent, strokeWidth: 2, r: 9 })] : []),
    ],
  };
}
