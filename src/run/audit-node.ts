import { mapped } from "../base/iterables.js";
import type { Dataset } from "../data/example.js";
import { viewOf, wholeText } from "../data/examples.js";
import { numbered } from "../data/groups.js";
import { normalized } from "../data/near-duplicates.js";
import { auditStart } from "./audit-start-node.js";
import { testAll } from "./cross-validate-node.js";
import { eventStream, telling } from "./event-stream.js";
import type { DataFacts, ModelEvent, StoppedAfter, TrainEvent, TrainResult } from "./events.js";
import { findDoubtful, type LabelFinding } from "./label-questions.js";
import type { TrainOptions } from "./options.js";
import { prepare, type TrainInput } from "./prepare-node.js";
import type { Run } from "./train-node.js";

/** What an audit of labels found. */
export interface AuditResult {
  options: TrainOptions;
  data: DataFacts;
  /** The fine-tuned model that was named, where the audit started from what that one was made from. */
  finetuned?: string;
  /** Labels that may be wrong, in the order in which to look at them. */
  findings: readonly AuditFinding[];
  /** All rows that were judged (and labels, where texts may have several), the most doubtful first; it begins with the findings. */
  ranking: readonly LabelFinding[];
  /** How many labels are wrong, estimated from the confident joint. */
  estimatedErrors: number;
  /** All rows that were judged, as models answered that had not seen them; positions in `ranking` count in these. */
  test: TrainResult["test"];
  /** The rows of the other trainings were not judged; absent where all ended. */
  stoppedAfter?: StoppedAfter;
  seconds: number;
}

/** A label that may be wrong. */
export interface AuditFinding extends LabelFinding {
  /** Counted from 1. */
  rank: number;
  text: string;
  /** Data row, counted from 1; and the line of the file, where there is one. */
  row: number;
  line?: number;
  labels: readonly string[];
  suggested: readonly string[];
}

/**
 * Looks for wrong labels: trains `cv` times (default: 5), so that each row is judged once by a model that has not seen it or
 * a near duplicate of it, and compares the labels with the answers and with those of copies. Saves nothing. `model` is
 * what is trained; of a model that Textgraft fine-tuned, what that was made from, with its options. Cancelled, it ranks
 * the rows that were judged and says so in `stoppedAfter`; where none were, it has no result.
 */
export function audit(input: TrainInput): Run<AuditResult> {
  const stop = new AbortController();
  const stream = eventStream(pipeline(input, stop.signal));
  return Object.assign(stream, { cancel: () => stop.abort() });
}

async function* pipeline(input: TrainInput, signal: AbortSignal): AsyncGenerator<TrainEvent, AuditResult> {
  const start = Date.now();
  const { model = "mini", revision } = input;
  const { options: own, finetuned } = yield* telling<ModelEvent, Awaited<ReturnType<typeof auditStart>>>(
    (tell) => auditStart(model, { revision, signal, tell }),
  );
  if (finetuned !== undefined)
    yield {
      kind: "notice",
      text: `${finetuned} may have learned wrong labels by heart, so the audit trains what it was made from, ${own.model}, in the same way.`,
    };
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  const chosen = LEARNING.some((name) => given[name] !== undefined) && finetuned === undefined;
  const base = chosen ? {} : own;
  const prepared = yield* prepare(
    { cv: 5, ...base, ...given, ...from(own), ...plain, data: input.data },
    { signal },
  );
  const { options, problem, sources } = prepared;
  const { parts, test, positions, stoppedAfter } = yield* testAll(prepared);
  const { labels } = parts.facts;
  const judged = { ...sources.data, examples: viewOf(sources.data.examples, positions) };
  const { findings, ...found } = findDoubtful(
    problem,
    test.judged.map(({ labelIds }) => labelIds),
    test.judged.map(({ probabilities }) => probabilities),
    { exact: exactCopies(judged), near: positions.map((position) => parts.duplicates[position]!) },
  );
  return {
    options,
    data: parts.facts,
    ...(finetuned !== undefined && { finetuned }),
    findings: findings.map((finding, i) => told(finding, i + 1, judged, labels)),
    ...found,
    test,
    ...(stoppedAfter && { stoppedAfter }),
    seconds: (Date.now() - start) / 1000,
  };
}

/** Whoever chooses one of these chooses how to train: what is quick has no say then. */
const LEARNING = ["freeze", "head", "epochs", "recipe"] as const;
/** Only probabilities are asked, and those as they were learned. */
const plain = { calibrate: false, threshold: "none", unknownBelow: "none" };

const from = ({ model, revision }: Partial<TrainOptions>) => ({
  ...(model !== undefined && { model }),
  ...(revision !== undefined && { revision }),
});

/** A number for each row: the same for the same text. */
const exactCopies = ({ examples }: Dataset): Uint32Array =>
  numbered(mapped(examples, (example) => normalized(wholeText(example))));

function told(
  finding: LabelFinding,
  rank: number,
  { examples }: Dataset,
  labels: readonly string[],
): AuditFinding {
  const example = examples.at(finding.example)!;
  const { row, line } = example;
  const names = (ids: readonly number[]) => ids.map((id) => labels[id]!);
  return {
    rank,
    ...finding,
    text: wholeText(example),
    row,
    ...(line !== undefined && { line }),
    labels: names(finding.givenIds),
    suggested: names(finding.suggestedIds),
  };
}
