import type { Problem } from "../model/loss.js";
import { type Doubt, doubtLabels, type LabelDoubts } from "./confident-learning.js";
import type { LabelIds } from "./problem.js";

/** Why a label is doubted. */
export type DoubtReason =
  /** Models that had not seen the row are sure enough of another label. */
  | { kind: "model" }
  /** The same text has another label in more rows, or in rows that the models agree with; `rows` are positions. */
  | { kind: "conflict"; rows: readonly number[] }
  /** Nearly the same texts do. */
  | { kind: "near"; rows: readonly number[] };

/** A label that may be wrong: of a row, or where a text may have several labels of a row and one of them. */
export interface LabelFinding {
  /** Position of the row. */
  example: number;
  givenIds: LabelIds;
  suggestedIds: LabelIds;
  /** Of the suggestion, by models that had not seen the row. */
  probability: number;
  /** Probability of the label as given minus that of the suggestion, in [-1, 1]. */
  margin: number;
  reasons: readonly DoubtReason[];
}

export interface LabelFindings {
  /** What is worth a look, in the order in which to look. */
  findings: LabelFinding[];
  /** All rows (and labels, where texts may have several), the most doubtful first; it begins with the findings. */
  ranking: LabelFinding[];
  /** How many labels are wrong, by the confident joint. */
  estimatedErrors: number;
}

/** What is known of the rows besides their labels: numbers, the same for the same text, and for nearly the same. */
export interface Copies {
  exact: ArrayLike<number>;
  near: ArrayLike<number>;
}

/**
 * Ranks labels by how likely they are wrong, from probabilities `[row][labelId]` of models that had not seen the row.
 * Where texts may have several labels, each label is a question of its own, answered yes or no.
 *
 * First come rows whose labels contradict copies of their text, by their margins, moved up by what a copy is worth;
 * with them, in one order, those that confident learning finds; then the others by margin.
 */
export function findDoubtful(
  problem: Problem,
  labelIds: readonly LabelIds[],
  probabilities: readonly ArrayLike<number>[],
  copies: Copies,
): LabelFindings {
  const labelCount = probabilities[0]?.length ?? 0;
  const questions =
    problem === "single_label"
      ? [
          {
            given: labelIds.map(([id]) => id!),
            probabilities,
            idsOf: (_: number, answer: number) => [answer],
          },
        ]
      : Array.from({ length: labelCount }, (_, labelId) => yesOrNo(labelIds, probabilities, labelId));
  const ranking: (LabelFinding & { key: number })[] = [];
  let estimatedErrors = 0;
  for (const question of questions) {
    const doubts = doubtLabels(question.given, question.probabilities);
    estimatedErrors += doubts.estimatedErrors;
    for (const found of rankedBy(question, doubts, copies)) {
      const { example } = found;
      ranking.push({
        ...found,
        givenIds: labelIds[example]!,
        suggestedIds: question.idsOf(example, found.answer),
      });
    }
  }
  ranking.sort((a, b) => a.key - b.key || a.example - b.example);
  return { findings: ranking.filter(({ reasons }) => reasons.length > 0), ranking, estimatedErrors };
}

/** One label of each row to be judged: the number of the answer given, and what models say of each answer. */
interface Question {
  given: readonly number[];
  probabilities: readonly ArrayLike<number>[];
  /** The labels of a row, with the question answered otherwise. */
  idsOf: (example: number, answer: number) => LabelIds;
}

function yesOrNo(
  labelIds: readonly LabelIds[],
  probabilities: readonly ArrayLike<number>[],
  labelId: number,
): Question {
  return {
    given: labelIds.map((ids) => (ids.includes(labelId) ? 1 : 0)),
    probabilities: probabilities.map((row) => [1 - row[labelId]!, row[labelId]!]),
    idsOf: (example, answer) => {
      const others = labelIds[example]!.filter((id) => id !== labelId);
      return answer === 0 ? others : [...others, labelId].sort((a, b) => a - b);
    },
  };
}

/** How far a copy of the text with another label moves a row up, in units of the margin. */
const WORTH = { conflict: 1, near: 0.5 };

function* rankedBy(question: Question, { ranking }: LabelDoubts, { exact, near }: Copies) {
  const { probabilities } = question;
  const conflicts = minorities(exact, question);
  const nearly = minorities(near, question);
  for (const doubt of ranking) {
    const { example, given } = doubt;
    const conflict = conflicts.get(example);
    const other = conflict ?? nearly.get(example);
    const kind = conflict ? "conflict" : "near";
    const answer = other?.answer ?? doubt.suggested;
    const row = probabilities[example]!;
    const reasons: DoubtReason[] = [];
    if (other) reasons.push({ kind, rows: other.rows });
    if (doubt.likely) reasons.push({ kind: "model" });
    yield {
      example,
      answer,
      probability: row[answer]!,
      margin: row[given]! - row[answer]!,
      reasons,
      key: keyOf(doubt, other && WORTH[kind]),
    };
  }
}

/** Where a row stands: findings are below 1, others above, and each by margin. */
const keyOf = ({ margin, likely }: Doubt, worth: number | undefined): number =>
  likely || worth !== undefined ? margin - (worth ?? 0) : 2 + margin;

/**
 * Rows of a group that are in the minority with their answer, with the group's answer and the rows that have it. The
 * group's answer is the one that most of its rows have; of equal ones the one that models find most probable.
 */
function minorities(
  groups: ArrayLike<number>,
  { given, probabilities }: Question,
): Map<number, { answer: number; rows: number[] }> {
  const members = new Map<number, number[]>();
  for (let row = 0; row < groups.length; row++) {
    const group = members.get(groups[row]!);
    if (group) group.push(row);
    else members.set(groups[row]!, [row]);
  }
  const found = new Map<number, { answer: number; rows: number[] }>();
  for (const rows of members.values()) {
    if (rows.length < 2) continue;
    const answers = [...new Set(rows.map((row) => given[row]!))];
    if (answers.length < 2) continue;
    const votes = (answer: number) =>
      rows.filter((row) => given[row] === answer).length +
      rows.reduce((total, row) => total + probabilities[row]![answer]!, 0) / (rows.length + 1); // below 1: decides ties
    const answer = answers.reduce((best, other) => (votes(other) > votes(best) ? other : best));
    const holders = rows.filter((row) => given[row] === answer);
    for (const row of rows) if (given[row] !== answer) found.set(row, { answer, rows: holders });
  }
  return found;
}
