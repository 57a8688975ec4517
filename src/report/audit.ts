import { stringify } from "csv-stringify/sync";
import { formatLabels } from "../data/label-sets.js";
import { rowList } from "../data/table.js";
import type { AuditFinding, AuditResult } from "../run/audit-node.js";
import type { DoubtReason } from "../run/label-questions.js";
import { rowsOf } from "./facts.js";
import { about, count, grouped, oneLine, percent } from "./plain.js";

/** What an audit found, the first of it in detail. */
export function auditReport(result: AuditResult): string {
  const { findings, ranking, estimatedErrors } = result;
  const several = result.data.problem === "multi_label";
  const counted = (n: number) =>
    count(n, several ? "answer to whether a text has a label" : "label").replace(
      "answer to whether a text has a labels",
      "answers to whether a text has a label",
    );
  const conflicts = findings.filter(({ reasons }) => reasons.some(({ kind }) => kind === "conflict")).length;
  const near = findings.filter(({ reasons }) => reasons.some(({ kind }) => kind === "near")).length;
  const lines = [
    judgedLine(result),
    findings.length === 0
      ? `No label is doubtful among ${counted(ranking.length)}.`
      : `${counted(findings.length)} of ${grouped(ranking.length)} ${findings.length === 1 ? "is" : "are"} worth a look. About ${grouped(Math.round(estimatedErrors))} may be wrong, by confident learning (Northcutt et al. 2021).`,
  ];
  if (conflicts > 0)
    lines.push(
      `Of these, ${counted(conflicts)} differ${conflicts === 1 ? "s" : ""} from the same text in other rows.`,
    );
  if (near > 0)
    lines.push(`${counted(near)} differ${near === 1 ? "s" : ""} from nearly the same text in other rows.`);
  const shown = findings.slice(0, MOST_SHOWN);
  const rest =
    findings.length > shown.length
      ? [
          `… and ${grouped(findings.length - shown.length)} more: --output corrections.csv writes all of them.`,
        ]
      : [];
  return [...lines, "", ...shown.map((finding) => findingText(finding, result)), ...rest]
    .map((line) => `${line}\n`)
    .join("");
}

/** How many texts were judged, and whether those are all. */
export function judgedLine({ options, seconds, test, stoppedAfter, data }: AuditResult): string {
  const judged = test.judged.length;
  if (stoppedAfter === undefined)
    return `${count(options.cv, "training")} in ${about(seconds)}: each of the ${grouped(judged)} texts was judged by a model that had not seen it.`;
  const { ended, total } = stoppedAfter;
  const others = grouped(rowsOf(data) - judged);
  return (
    `Stopped after ${ended} of ${count(total, "training")}, in ${about(seconds)}: ${grouped(judged)} texts were judged, each by a model ` +
    `that had not seen it. The other ${others} were not, so nothing is said of them.`
  );
}

const MOST_SHOWN = 20;

function findingText(finding: AuditFinding, result: AuditResult): string {
  const { rank, row, labels, suggested, text } = finding;
  const named = (names: readonly string[]) => (names.length === 0 ? "no label" : formatLabels(names));
  return (
    `${String(rank).padStart(3)}. row ${row} is ${named(labels)}, may be ${named(suggested)}: ${reasonText(finding, result)}\n` +
    `     ${oneLine(text, 100)}`
  );
}

/** Why a label is doubted, in words. */
export function reasonText({ reasons, probability }: AuditFinding, { test }: AuditResult): string {
  return reasons.map((reason) => oneReason(reason, probability, test)).join("; ");
}

function oneReason(reason: DoubtReason, probability: number, { judged }: AuditResult["test"]): string {
  const rows = (positions: readonly number[]) => rowList(positions.map((position) => judged[position]!.row));
  switch (reason.kind) {
    case "model":
      return `models are ${percent(probability)} sure of it`;
    case "conflict":
      return `the same text has it in ${rows(reason.rows)}`;
    case "near":
      return `nearly the same text has it in ${rows(reason.rows)}`;
    default:
      return reason satisfies never;
  }
}

/**
 * Findings as CSV, to be worked through from the top: an empty column `correct` takes the right label. Several labels as
 * `a|b`.
 */
export function auditCsv(result: AuditResult): string {
  const header = ["rank", "row", "label", "suggested", "correct", "probability", "reason", "text"];
  const rows = result.findings.map((finding) => [
    String(finding.rank),
    String(finding.row),
    formatLabels(finding.labels),
    formatLabels(finding.suggested),
    "",
    finding.probability.toFixed(4),
    reasonText(finding, result),
    finding.text,
  ]);
  // quote_record_delimiter: a text with a carriage return needs quotes, too
  return stringify([header, ...rows], { quote_record_delimiter: true });
}

/** An audit as one JSON object; reasons name data rows. */
export function auditData(result: AuditResult): Record<string, unknown> {
  const { findings, ranking, estimatedErrors, data, options, finetuned, test, stoppedAfter, seconds } =
    result;
  const rowOf = (position: number) => test.judged[position]!.row;
  return {
    data,
    options,
    ...(finetuned !== undefined && { finetuned }),
    judged: ranking.length,
    ...(stoppedAfter && { stoppedAfter, notJudged: rowsOf(data) - test.judged.length }),
    estimatedErrors,
    accuracy: test.metrics.accuracy,
    findings: findings.map(({ rank, row, line, text, labels, suggested, probability, margin, reasons }) => ({
      rank,
      row,
      line,
      text,
      labels,
      suggested,
      probability,
      margin,
      reasons: reasons.map((reason) =>
        reason.kind === "model" ? reason : { ...reason, rows: reason.rows.map(rowOf) },
      ),
    })),
    seconds,
  };
}
