import { type Part, partNames } from "../../data/split-quotas.js";
import type { Conflicts } from "../../data/summary.js";
import type { TrainResult } from "../../run/events.js";
import type { LengthStatistics } from "../../tokens/lengths.js";
import type { LengthLimit } from "../../tokens/long-texts.js";
import { dataLines } from "../facts.js";
import { readingOf } from "../long-texts.js";
import { count, grouped, percent } from "../plain.js";
import { flatteryLines } from "../run-report.js";
import { figure, figures } from "./figure.js";
import { type Content, html, labelName, shortened } from "./markup.js";
import { colors, Plot } from "./plot.js";
import { list, more, table } from "./table.js";

/** What was read, how it was split, and what was found in it. */
export function dataSection(result: TrainResult): Content {
  const { data, lengths, model, conflicts } = result;
  const row = (name: Content, of: (part: Part) => number): Content[] => [
    name,
    ...partNames.map((part) => grouped(of(part))),
  ];
  const byLabel = table({
    caption: "Texts by label and part",
    header: ["label", ...partNames],
    rows: [
      ...data.labels.map((label, labelId) =>
        row(labelName(label), (part) => data.parts[part].byLabel[labelId]!),
      ),
      row("all texts", (part) => data.parts[part].rows),
    ],
  });
  return html`${list([...dataLines(data), ...flatteryLines(result)])}
${conflictsTable(conflicts)}
${data.labels.length > 12 ? more("Texts by label and part", byLabel) : byLabel}
${figures([lengthFigure(lengths, model)])}
`;
}

/** The same text with different labels: one of them has to be wrong. */
function conflictsTable({ texts, first }: Conflicts): Content {
  if (texts === 0) return undefined;
  const shown = first.length < texts ? `; the first ${first.length}` : "";
  return table({
    caption: `${count(texts, "text")} ${texts === 1 ? "has" : "have"} different labels in different rows${shown}`,
    header: ["rows", "labels", "text"],
    texts: [1, 2],
    rows: first.map(({ rows, labels, text }) => [
      `${rows.slice(0, 5).join(", ")}${rows.length > 5 ? ", …" : ""}`,
      labels.map((label, i) => html`${i > 0 && ", "}${label === "" ? "no label" : labelName(label)}`),
      html`<bdi>${shortened(text, 160)}</bdi>`,
    ]),
  });
}

/** How long the training texts are, with what is read of longer ones. */
function lengthFigure(lengths: LengthStatistics, limit: LengthLimit): Content {
  const { histogram: bins, mean, percentile, cutShare } = lengths;
  const { maxLength } = limit;
  const { texts: longer } = cutShare(maxLength);
  const at = positionIn(bins, maxLength + 0.5);
  const cut =
    longer === 0
      ? `None is longer than the ${grouped(maxLength)} that are read at once.`
      : `${percent(longer)} are longer than ${grouped(maxLength)} tokens: of these, ${readingOf(limit)}.`;
  return figure({
    title: "Length of the texts",
    says: `Training texts have ${mean.toFixed(1)} tokens on average, half of them up to ${grouped(percentile(50))}, the longest ${grouped(percentile(100))}. ${cut}`,
    plot: {
      x: {
        label: "tokens, special ones included",
        labelArrow: false,
        domain: [0, bins.length],
        ticks: bins.length,
        tickFormat: (i: number) => (i === bins.length ? "" : String(bins[i]?.from ?? "")),
      },
      y: { label: "texts", labelArrow: false, grid: true, ticks: 5, tickFormat: grouped },
      marks: [
        Plot.rectY(bins, {
          x1: (_bin: unknown, i: number) => i,
          x2: (_bin: unknown, i: number) => i + 1,
          y: "count",
          fill: colors.accent,
          insetLeft: 1,
          insetRight: 1,
        } as Plot.RectYOptions),
        Plot.ruleY([0], { stroke: colors.muted }),
        ...(at === undefined
          ? []
          : [
              Plot.ruleX([at], { stroke: colors.other, strokeWidth: 2, strokeDasharray: "6 3" }),
              Plot.text([[at, `max ${maxLength}`]], {
                x: "0",
                text: "1",
                frameAnchor: "top",
                dy: -12,
                fill: colors.other,
              }),
            ]),
      ],
    },
    numbers: {
      caption: "Training texts by length",
      header: ["tokens", "texts"],
      rows: bins.map(({ from, to, count: texts }) => [
        from === to ? String(from) : `${from}–${to}`,
        grouped(texts),
      ]),
    },
  });
}

/** Where a length lies among bars of equal width; undefined outside of them. */
function positionIn(bins: LengthStatistics["histogram"], length: number): number | undefined {
  const i = bins.findIndex(({ from, to }) => length >= from && length <= to + 1);
  if (i === -1) return undefined;
  const { from, to } = bins[i]!;
  return i + (length - from) / (to + 1 - from);
}
