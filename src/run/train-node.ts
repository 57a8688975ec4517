import { basename, resolve } from "node:path";
import { isCancelled, TextgraftError } from "../base/errors.js";
import { every } from "../base/iterables.js";
import { type Random, random } from "../base/random.js";
import { singleLabelsLookLikeSets } from "../data/check.js";
import type { Dataset } from "../data/example.js";
import { setsHint } from "../data/label-sets.js";
import { readingNotices } from "../data/reading-notices.js";
import { rejectedCsv } from "../data/rejected-csv.js";
import { openSpill } from "../data/spill-node.js";
import { defaultShares, type Split } from "../data/split.js";
import { partNames } from "../data/split-quotas.js";
import type { EncoderConfig } from "../model/config.js";
import type { Problem } from "../model/loss.js";
import { fittingHeads, heldAsStock, stockForm } from "../model/stock-form.js";
import { encodeData, testByFolds } from "./cross-validate-node.js";
import { decisionWanted } from "./decide.js";
import { decideAndJudge } from "./decide-and-judge-node.js";
import type { DecisionFacts } from "./decision-facts.js";
import { environmentNow } from "./environment-node.js";
import { probabilitiesOf } from "./evaluate.js";
import { type EventStream, eventStream } from "./event-stream.js";
import type {
  CrossValidation,
  DataFacts,
  FoldResults,
  ModelFacts,
  SeedResults,
  TrainEvent,
  TrainResult,
} from "./events.js";
import { type Explain, explainTexts } from "./explain.js";
import { type Fitted, fit, readerOf, setUp } from "./fit-node.js";
import { estimateFlattery } from "./flattery.js";
import { type FoldReports, writeFoldReports } from "./fold-reports-node.js";
import { type FolderFile, type Reports, reportFiles } from "./folder-files.js";
import { modelCard } from "./model-card.js";
import { resolveOptions, type TrainOptions } from "./options.js";
import { type Parts, type Sources, tellingParts } from "./parts.js";
import { type Prepared, prepare, type TrainInput } from "./prepare-node.js";
import type { TrainEstimate } from "./rehearsal.js";
import { openRunLog, type RunLog } from "./run-log-node.js";
import { runRecord } from "./run-record-node.js";
import { type SaveInput, saveModel } from "./save-node.js";
import { kindOf } from "./saved-config.js";
import { fitSeeds } from "./seeds-node.js";
import { tokensOf } from "./tokenize.js";
import { evaluating } from "./train.js";
import { checkTarget } from "./write-folder-node.js";

export type { TrainInput } from "./prepare-node.js";

/** A training under way: iterate to see its events; `result` comes when the model is saved and tested. */
export interface Run<R = TrainResult> extends AsyncIterable<TrainEvent> {
  readonly result: Promise<R>;
  /** Stops after the current step; the best weights so far are still saved, unless they are to be discarded. */
  cancel(options?: { discard?: boolean }): void;
}

/** What is written for people. */
export interface TrainReports {
  /** Into the model folder, with the model. */
  reports?: Reports;
  /** Into a folder of their own, where `cv` was stopped before there is a model: of the folds that ended. */
  foldReports?: FoldReports;
}

/**
 * Fine-tunes a classifier, judges it on test rows, and saves it with the files that `reports` makes of the result. Errors
 * of the input come before the long work starts, through `result` and the iteration alike.
 */
export function train(input: TrainInput, reports: TrainReports = {}): Run {
  const stop = new AbortController();
  const stream = eventStream(pipeline(input, stop.signal, reports));
  const cancel: Run["cancel"] = ({ discard = false } = {}) => stop.abort(discard ? DISCARD : undefined);
  return Object.assign(stream, { cancel });
}

const DISCARD = "discard";

async function* pipeline(
  input: TrainInput,
  signal: AbortSignal,
  reports: TrainReports,
): AsyncGenerator<TrainEvent, TrainResult> {
  const { data: _data, ...given } = input;
  const log = openRunLog(resolveOptions(given));
  return yield* log.following(logged(input, signal, { ...reports, log }));
}

/** The whole training, whose events go into the log. */
async function* logged(
  input: TrainInput,
  signal: AbortSignal,
  { reports = {}, foldReports = {}, log }: TrainReports & { log: RunLog },
): AsyncGenerator<TrainEvent, TrainResult> {
  const start = Date.now();
  const { prepared, parts, seeded } = yield* begin(input, signal, true);
  const { options } = prepared;
  const { fitted, folds, seeds, decision: decided } = yield* learn(prepared, parts, seeded);
  const discard = signal.aborted && signal.reason === DISCARD;
  if (fitted === undefined) {
    const result = { options, data: parts.facts, ...folds, seconds: (Date.now() - start) / 1000 };
    throw yield* stoppedInFolds(result, discard ? {} : foldReports);
  }
  const { engine, model, history } = fitted;
  try {
    if (discard) throw new TextgraftError("cancelled", { message: "Stopped; nothing was written." });
    const { labels } = parts.facts;
    const wanted = { labels, options, decision: decided };
    const { decision, test: ownTest } = yield* decideAndJudge(
      fitted,
      folds ? undefined : parts.split,
      wanted,
    );
    const test = folds?.test ?? ownTest!;
    const flattery = yield* flatteryOf(prepared, parts, fitted, { test, decision, random: seeded });
    const features = yield* featuresOf(fitted);
    const result: TrainResult = {
      folder: options.output,
      options,
      data: parts.facts,
      conflicts: parts.conflicts,
      lengths: fitted.lengths,
      model,
      ...history,
      test,
      decision,
      ...(fitted.collapsed !== undefined && { collapsed: fitted.collapsed }),
      ...(flattery && { flattery }),
      ...(folds && { crossValidation: { folds: folds.folds, spread: folds.spread } }),
      ...(seeds && { seeds }),
      ...(features && { features }),
      environment: environmentNow(),
      seconds: (Date.now() - start) / 1000,
    };
    const notices: string[] = [];
    const files = await reportFiles(reports, [result, explainBy(prepared, fitted)], (notice) =>
      notices.push(notice),
    );
    for (const text of notices) yield { kind: "notice", text };
    const probes = folds ? yield* probesOf(fitted, parts.split) : test.judged.slice(0, PROBES);
    files.push(...(await log.finish(result)));
    yield* save(prepared, parts, fitted, { result, probes, files });
    await log.remove();
    return result;
  } finally {
    await engine.close();
  }
}

/** Asks the model that was trained. */
const explainBy =
  ({ pretrained: { tokenizer }, options: { windowPooling } }: Prepared, fitted: Fitted): Explain =>
  async ({ text, pair }, { label, steps }) => {
    const { engine, classifier, limit } = fitted;
    const { labels, problem } = classifier.spec;
    const model = { tokenizer, labels, problem, limit, windowPooling };
    const [explanation] = await explainTexts(
      engine,
      model,
      [{ text, ...(pair !== undefined && { pair }), label }],
      { steps },
    );
    return explanation!;
  };

/** Checks, reads and splits: what has to be right before the long work. */
async function* begin(input: TrainInput, signal: AbortSignal, mayWrite: boolean) {
  const check = ({ output, overwrite }: Prepared["options"]) => checkTarget(output, overwrite);
  const prepared = yield* prepare(input, { signal, check, mayWrite });
  const { options, problem, sources } = prepared;
  const seeded = random(options.seed);
  const { split, cv } = options;
  const how = { problem, split, cv, random: seeded, openSpill };
  const parts = yield* tellingParts(sources, how, prepared.stopIfCancelled);
  for (const text of datasetsOf(sources).flatMap((dataset) => readingNotices(dataset, REJECTED)))
    yield { kind: "notice", text } satisfies TrainEvent;
  for (const text of [...otherProblem(sources.data, problem), ...unrepresented(parts.facts, cv > 0)])
    yield { kind: "notice", text } satisfies TrainEvent;
  decisionWanted(options, parts.facts.labels, problem);
  return { prepared, parts, seeded };
}

/** What a training would do: all that is known before its first step. */
export interface DryRun {
  options: TrainOptions;
  data: DataFacts;
  model: ModelFacts;
  estimate: TrainEstimate;
}

/** Does all that `train` does before its first step, and measures what the rest would take; writes nothing. */
export function dryRun(input: TrainInput): EventStream<TrainEvent, DryRun> & { cancel(): void } {
  const stop = new AbortController();
  const stream = eventStream(
    (async function* (): AsyncGenerator<TrainEvent, DryRun> {
      const { prepared, parts, seeded } = yield* begin(input, stop.signal, false);
      const { engine, model, estimate } = yield* setUp(prepared, parts, seeded);
      await engine.close();
      return { options: prepared.options, data: parts.facts, model, estimate };
    })(),
  );
  return Object.assign(stream, { cancel: () => stop.abort() });
}

/**
 * One training; or with `seeds` several, of which the best is kept; or with `cv` those that test all rows, and then
 * one on all rows, of which some choose the best epoch: stopped before that one has begun, there are only the folds.
 */
async function* learn(
  prepared: Prepared,
  parts: Parts,
  seeded: Random,
): AsyncGenerator<TrainEvent, Learned | OnlyFolds> {
  const { options, problem } = prepared;
  const { labels } = parts.facts;
  if (options.seeds > 1) return yield* fitSeeds(prepared, parts);
  if (options.cv === 0 || parts.positions === undefined)
    return { fitted: yield* fit(prepared, parts, seeded) };
  const encoded = yield* encodeData(prepared, labels);
  const { positions: _positions, ...folds } = yield* testByFolds(prepared, parts, encoded, seeded);
  try {
    prepared.stopIfCancelled();
    yield { kind: "training", facts: { of: "final", number: 1, total: 1, seed: options.seed } };
    const reader = readerOf(prepared);
    const tokens = tokensOf(encoded, parts.positions, { labels, reader, options, problem });
    return { folds, fitted: yield* fit(prepared, parts, seeded, tokens) };
  } catch (error) {
    if (!isCancelled(error)) throw error;
    return { folds: { stoppedAfter: { ended: folds.folds.length, total: options.cv }, ...folds } };
  }
}

type TestedFolds = FoldResults & Pick<TrainResult, "test">;

interface OnlyFolds {
  folds: TestedFolds;
  fitted?: undefined;
  seeds?: undefined;
  decision?: undefined;
}

interface Learned {
  fitted: Fitted;
  folds?: TestedFolds;
  seeds?: SeedResults;
  /** Where it was made already: its temperature is in the weights. */
  decision?: DecisionFacts;
}

/** Writes and tells what the folds that ended came to, and gives the error that the run ends with. */
async function* stoppedInFolds(
  result: CrossValidation,
  foldReports: FoldReports,
): AsyncGenerator<TrainEvent, TextgraftError> {
  const folder = await writeFoldReports(foldReports, result);
  yield { kind: "folds", result, ...(folder !== undefined && { folder }) };
  const { ended, total } = result.stoppedAfter!;
  const kept = folder === undefined ? "nothing was written" : `what they came to is in ${folder}`;
  return new TextgraftError("cancelled", {
    message: `Stopped after ${ended} of ${total} folds: there is no model; ${kept}.`,
  });
}

/** Writes the model folder, and tells what others can't load of it. */
async function* save(
  { options, pretrained, sources }: Prepared,
  { split, facts }: Parts,
  { engine, classifier, head, limit, model, history }: Fitted,
  { result, probes, files }: { result: TrainResult; probes: Probes; files: readonly FolderFile[] },
): AsyncGenerator<TrainEvent, void> {
  const { problem } = classifier.spec;
  const { test, decision, crossValidation, seeds } = result;
  const results = { test, decision, ...(crossValidation && { crossValidation }), ...(seeds && { seeds }) };
  const saved = runRecord({ pretrained, options, facts, limit, head, problem, history, split, ...results });
  const { spec } = stockForm(classifier.spec, pretrained.folder.config);
  const card = modelCard({ name: basename(resolve(options.output)), saved, model, test, ...kindOf(spec) });
  await saveModel(options.output, options.overwrite, {
    engine,
    classifier,
    pretrained,
    facts: saved,
    precision: options.precision,
    card,
    files: [...files, ...rejectedFiles(sources)],
    probes,
  });
  if (!heldAsStock(head.head)) yield { kind: "notice", text: ownHead(pretrained.config) };
  yield { kind: "saved", folder: options.output };
}

/** In the model folder: rows that were left out. */
const REJECTED = "rejected.csv";

const datasetsOf = ({ data, validation, test }: Sources): Dataset[] =>
  [data, validation, test].filter((dataset) => dataset !== undefined);

function rejectedFiles(sources: Sources): FolderFile[] {
  const bad = datasetsOf(sources).flatMap(({ reading }) =>
    reading && reading.bad.count > 0 ? [reading.bad] : [],
  );
  return bad.length === 0 ? [] : [{ name: REJECTED, content: rejectedCsv(bad) }];
}

/** Texts on which a saved model is compared with the one in memory. */
const PROBES = 16;
type Probes = SaveInput["probes"];

/** Answers to some validation texts, where the model itself was not tested. */
async function* probesOf(
  { engine, tokens }: Fitted,
  { validation }: Split,
): AsyncGenerator<TrainEvent, Probes> {
  const logits = yield* evaluating(
    engine,
    tokens,
    Array.from(tokens.validation).slice(0, PROBES),
    "validation",
  );
  return logits.map((row, i) => ({
    text: validation.at(i)!.text,
    probabilities: probabilitiesOf(row, tokens.problem),
  }));
}

/** What the test would have gained by near duplicates on both sides, where it is the split that kept them together. */
async function* flatteryOf(
  { options: { cv } }: Prepared,
  { facts, groups, duplicates, positions }: Parts,
  { engine, tokens, history }: Fitted,
  { test, decision, random }: { test: TrainResult["test"]; decision: DecisionFacts; random: Random },
): AsyncGenerator<TrainEvent, TrainResult["flattery"]> {
  const together = groups !== undefined && facts.grouping?.duplicatesApart !== true;
  if (!together || positions === undefined || history.stopped === "cancelled") return undefined;
  const { train, validation } = defaultShares;
  const trainShare = cv === 0 ? train : (1 - 1 / cv) * (1 - validation);
  return yield* estimateFlattery(engine, tokens, {
    duplicates,
    positions,
    trainShare,
    judged: test.judged,
    decision: decision.decision,
    random,
  });
}

/** What came from the cache, and what didn't; undefined where nothing is frozen. */
async function* featuresOf({ engine, model }: Fitted): AsyncGenerator<TrainEvent, TrainResult["features"]> {
  if (model.frozenStages === 0) return undefined;
  const { reused, computed, problem } = await engine.featureUse();
  if (problem !== undefined) yield { kind: "notice", text: problem };
  if (reused > 0) {
    const count = (texts: number): string =>
      `${texts.toLocaleString("en-US")} ${texts === 1 ? "text" : "texts"}`;
    const rest = computed === 0 ? "none was computed" : `those of ${count(computed)} were computed`;
    yield { kind: "notice", text: `Features of ${count(reused)} came from the cache; ${rest}.` };
  }
  return { reused, computed };
}

/** A hint where the data looks like the other kind of problem. */
function otherProblem(data: Dataset, problem: Problem): string[] {
  if (problem === "single_label") return singleLabelsLookLikeSets(data) ? [setsHint] : [];
  const single = every(data.examples, ({ labels }) => labels.length === 1);
  return single
    ? ["Every text has exactly one label: without --multi-label the model would choose one for each text."]
    : [];
}

/** Labels that a part has no text of: nothing can be said of them there. */
function unrepresented({ labels, parts }: DataFacts, allTested: boolean): string[] {
  const told = partNames.filter((part) => part !== "test" || !allTested);
  return told.flatMap((part) => {
    const lacking = labels.filter((_, labelId) => parts[part].byLabel[labelId] === 0);
    return lacking.length === 0
      ? []
      : [`No ${part} text has the label ${lacking.join(", ")}: add rows that differ.`];
  });
}

const ownHead = (config: EncoderConfig): string =>
  "The mlp head fits no class of transformers: Textgraft alone loads this folder. For others, textgraft export writes " +
  `it as ONNX; heads that load everywhere: ${["stock", ...fittingHeads(config)].join(", ")}.`;
