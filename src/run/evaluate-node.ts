import { resolve } from "node:path";
import { breathing } from "../base/steps.js";
import { requireKnownLabels } from "../data/check.js";
import type { Dataset } from "../data/example.js";
import type { ExampleOptions } from "../data/read-examples.js";
import type { Problem } from "../model/loss.js";
import { inputOf } from "../tokens/pairs.js";
import { classifierFacts } from "./classifier-facts.js";
import { type Answering, type Compared, comparing, notWorse, requireComparable } from "./comparison.js";
import type { Judged } from "./events.js";
import { checkGates, type Gate, type GateFlags, type GateResult, readGates } from "./gates.js";
import { findJudgement, type Judgement, judging } from "./judgement.js";
import { type LoadOptions, load, type TextClassifier } from "./load-node.js";
import { datasetFrom, type LabelledRow } from "./parts.js";
import { openPretrained } from "./pretrained-node.js";
import { type ReadingOptions, readingOptions, readLabelled } from "./reading-node.js";

/** A judgement, and what was judged on what. */
export interface Evaluation extends Judgement {
  /** The model's folder. */
  folder: string;
  /** File name of the texts, or a description. */
  source: string;
  /** By labelId. */
  labels: readonly string[];
  problem: Problem;
  gates: GateResult[];
}

export interface Comparison extends Compared {
  folders: { a: string; b: string };
  source: string;
  gates: GateResult[];
}

/** Gates hold the model's numbers against limits: `{ failUnder: ["spam.recall=0.9"] }`. */
export interface EvaluateOptions extends Partial<Omit<ReadingOptions, "multiLabel">>, GateFlags {
  /** For models that are given as folders. */
  load?: LoadOptions;
  /** Where too many rows that can't be used are listed before they are refused; gives the file's name. */
  listBad?: ExampleOptions["listBad"];
  /** Called when the texts are read. */
  onData?: (dataset: Dataset) => void;
  onProgress?: (done: number, total: number) => void;
}

/** Gates hold B's numbers less A's against limits: `{ failUnder: ["accuracy=-0.01"] }`. */
export interface CompareOptions extends EvaluateOptions {
  /** Adds gates that B isn't significantly worse than A. */
  failIfWorse?: boolean;
}

/** A loaded classifier, which stays open, or a model folder. */
export type Model = TextClassifier | string;

/** A file of labelled rows, or such rows. */
export type LabelledData = string | readonly LabelledRow[];

/**
 * Compares a model's answers with the labels of texts that it wasn't trained on. Errors, all but the first before any long
 * work: those of `load`; `file-missing`, `column-missing`, `data-invalid` of the data; `label-unknown` for a label that the
 * model doesn't know; `option-invalid` of gates.
 */
export async function evaluate(
  model: Model,
  data: LabelledData,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const answers = await modelFacts(model);
  const { folder, labels, problem } = answers;
  const gates = readGates(options, { labels, problem });
  const dataset = await readData(data, answers, options);
  const judged = await answersOf(model, dataset, options, labels);
  const judgement = await breathing(findJudgement(judged, problem));
  return {
    folder,
    source: dataset.source,
    labels,
    problem,
    ...judgement,
    gates: checkGates(gates, ({ of }) => of(judgement.metrics)),
  };
}

/**
 * Compares two models on the same labelled texts: B's numbers less A's. One model is open at a time, if they are given as
 * folders. Errors: those of `evaluate`, and `label-unknown` where the models' labels aren't the same.
 */
export async function compare(
  a: Model,
  b: Model,
  data: LabelledData,
  options: CompareOptions = {},
): Promise<Comparison> {
  const [ofA, ofB] = [await modelFacts(a), await modelFacts(b)];
  requireComparable(ofA, ofB);
  const { labels, problem } = ofA;
  const gates = readGates(options, { labels, problem });
  const dataset = await readData(data, ofA, options);
  const answersA = await answersOf(a, dataset, options, labels);
  const answersB = await answersOf(b, dataset, options, labels);
  const compared = await breathing(comparing(answersA, answersB, { labels, problem }));
  const difference = ({ of }: Gate) => of(compared.b.metrics) - of(compared.a.metrics);
  return {
    folders: { a: ofA.folder, b: ofB.folder },
    source: dataset.source,
    ...compared,
    gates: [...checkGates(gates, difference), ...(options.failIfWorse ? notWorse(compared) : [])],
  };
}

/** What a model answers, without loading its weights. */
export async function modelFacts(model: Model): Promise<Answering> {
  if (typeof model !== "string") return model;
  const { labels, problem, pairs, columns } = classifierFacts(await openPretrained(resolve(model)));
  return { folder: model, labels, problem, pairs, ...(columns && { columns }) };
}

/** The rows with labels that the model knows. */
async function readData(
  data: LabelledData,
  { labels, problem, pairs, columns }: Answering,
  options: EvaluateOptions,
): Promise<Dataset> {
  const multiLabel = problem === "multi_label";
  const dataset =
    typeof data === "string"
      ? await readLabelled(
          data,
          { ...readingOptions(options), multiLabel },
          { known: labels, pairs, usual: columns, listBad: options.listBad },
        )
      : datasetFrom(data, { multiLabel });
  requireKnownLabels(dataset, labels);
  options.onData?.(dataset);
  return dataset;
}

/** Texts that are predicted together, and held meanwhile. */
const AT_ONCE = 8192;

/** With labelIds of `labels`, which are the model's in any order. */
async function answersOf(
  model: Model,
  dataset: Dataset,
  { load: loading, onProgress }: EvaluateOptions,
  labels: readonly string[],
): Promise<Judged[]> {
  const classifier = typeof model === "string" ? await load(model, loading) : model;
  try {
    const { length } = dataset.examples;
    const judged: Judged[] = [];
    const judge = judging(dataset.examples, labels, classifier);
    while (judged.length < length) {
      const first = judged.length;
      const texts = Array.from({ length: Math.min(AT_ONCE, length - first) }, (_, i) =>
        inputOf(dataset.examples.at(first + i)!),
      );
      const predictions = await classifier.predict(texts, {
        onProgress: (done) => onProgress?.(first + done, length),
      });
      for (const row of judge(predictions)) judged.push(row);
    }
    return judged;
  } finally {
    if (classifier !== model) await classifier.close();
  }
}
