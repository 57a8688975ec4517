import { partNames } from "../data/split-quotas.js";
import { heldAsStock } from "../model/stock-form.js";
import type { ModelFacts, TrainResult } from "./events.js";
import { inline, table } from "./markdown.js";
import type { SavedFacts } from "./saved-facts.js";
import { yaml } from "./yaml.js";

/** What a model card tells of. */
export interface CardFacts {
  /** Of the model folder. */
  readonly name: string;
  readonly saved: SavedFacts;
  readonly model: ModelFacts;
  readonly test: Pick<TrainResult["test"], "metrics" | "intervals" | "floors">;
  /** `model_type` of config.json. */
  readonly modelType: string;
  /** The class of transformers that loads the folder; undefined where none does. */
  readonly stockClass: string | undefined;
  /** The name on the Hugging Face Hub of what it was fine-tuned from; undefined where it came from elsewhere. */
  readonly baseModel?: string | undefined;
}

/**
 * README.md of a model folder: metadata that the Hub reads, and what people have to know before they use the model. It
 * says what was measured and nothing else: no language, no licence, and no text of the data.
 * https://huggingface.co/docs/hub/model-cards
 */
export const modelCard = (facts: CardFacts): string =>
  [
    `---\n${yaml(metadata(facts))}---\n`,
    `# ${inline(facts.name)}\n`,
    summary(facts),
    section("Results", results(facts)),
    section("Data", dataText(facts)),
    section("Training", training(facts)),
    section("How to use it", usage(facts)),
    section("Limits", limits(facts)),
  ].join("\n");

function metadata({ name, saved, test, modelType, stockClass, baseModel }: CardFacts) {
  const scores = overall(test.metrics).filter(({ type }) => type !== undefined);
  return {
    library_name: stockClass === undefined ? "textgraft" : "transformers",
    pipeline_tag: "text-classification",
    tags: ["text-classification", "textgraft", modelType],
    base_model: baseModel,
    metrics: scores.map(({ type }) => type!),
    "model-index": [
      {
        name,
        results: [
          {
            task: { type: "text-classification", name: "Text Classification" },
            dataset: { type: "custom", name: fileName(testSource(saved)), split: "test" },
            metrics: scores.map(({ type, value, name }) => ({ type, value: rounded(value), name })),
          },
        ],
      },
    ],
  };
}

function summary({ saved, model, modelType, stockClass, baseModel }: CardFacts): string {
  const { labels, textgraft } = saved;
  const tells =
    saved.problem === "multi_label"
      ? "which of these labels a text has"
      : "which of these labels fits a text";
  const origin =
    baseModel ?? (model.model === "mini" ? "mini, which comes with Textgraft" : fileName(model.model));
  const held = stockClass === undefined ? "" : ` (\`${stockClass}\`)`;
  return lines([
    `A text classifier: it says ${tells}: ${labels.map(inline).join(", ")}.`,
    "",
    `It was fine-tuned with Textgraft ${textgraft} from ${inline(origin)}. Kind of model: ${modelType}${held}.`,
  ]);
}

function results({ saved, test }: CardFacts): string {
  const { labels } = saved;
  const { metrics, intervals, floors } = test;
  const { parts, leaks } = saved.run.data;
  const leaking = leaks.exact + leaks.near;
  const { crossValidation } = saved.run;
  return lines([
    crossValidation
      ? `Measured by ${crossValidation.folds.length}-fold cross-validation: each of the texts was judged by a model trained in the ` +
        "same way on the others. The model in this folder was trained on all of them."
      : `Measured on ${counted(parts.test.rows, "test text")} that the model wasn't trained on` +
        (leaking > 0
          ? `, though ${grouped(leaking)} of them have a copy or near copy in the training texts.`
          : "."),
    "",
    ...table(
      ["label", "precision", "recall", "F1", "test texts"],
      labels.map((label, id) => {
        const { precision, recall, f1, support } = metrics.perLabel[id]!;
        return [inline(label), decimals(precision), decimals(recall), decimals(f1), grouped(support)];
      }),
    ),
    "",
    ...table(
      ["over all labels", "value", "95 % interval"],
      overall(metrics).map(({ name, metric, value }) => {
        const interval = intervals.overall[metric];
        return [
          name,
          decimals(value),
          interval ? `${decimals(interval.low)} to ${decimals(interval.high)}` : "",
        ];
      }),
    ),
    "",
    "Two simple methods on the same texts, as a floor:",
    "",
    ...table(
      ["method", "accuracy", "macro F1"],
      floors.map(({ name, metrics: { accuracy, macro } }) => [name, decimals(accuracy), decimals(macro.f1)]),
    ),
  ]);
}

function dataText({ saved: { labels, run } }: CardFacts): string {
  const { source, parts, exactDuplicates, nearDuplicates } = run.data;
  const own = [run.options.validation, run.options.test].filter((file) => file !== "");
  const files = [source, ...own].map((file) => inline(fileName(file))).join(", ");
  const { split } = run.options;
  const grouping = split === "grouped" ? "copies and near copies of a text are in one part" : "row by row";
  return lines([
    `From ${files}${own.length === 2 ? "" : `, split at random by label (${grouping}; seed ${run.options.seed})`}. ` +
      `${grouped(exactDuplicates)} rows repeat an earlier text exactly, ${grouped(nearDuplicates)} nearly. ` +
      "The training texts are not in this folder; its reports and mistakes.csv, if they are there, quote test texts.",
    "",
    ...table(
      ["label", ...partNames],
      [
        ...labels.map((label, id) => [
          inline(label),
          ...partNames.map((part) => grouped(parts[part].byLabel[id]!)),
        ]),
        ["all texts", ...partNames.map((part) => grouped(parts[part].rows))],
      ],
    ),
  ]);
}

function training({ saved, model }: CardFacts): string {
  const { options, epochs, bestEpoch, stopped, calibration } = saved.run;
  const { head, headWidth = 0, hiddenSize, frozenStages, classWeights } = model;
  const weights = classWeights?.map((weight, id) => `${inline(saved.labels[id]!)} ${decimals(weight)}`);
  const all = `${grouped(model.parameters)} parameters`;
  const padded = heldAsStock(head) && headWidth < hiddenSize;
  const units = `${counted(headWidth, "unit")}${padded ? `, filled up with zeros to ${hiddenSize}` : ""}`;
  const clipping = options.maxGradientNorm === 0 ? "not clipped" : `clipped at ${options.maxGradientNorm}`;
  const rows: [string, string | undefined][] = [
    [
      "trained",
      frozenStages === 0
        ? `all ${all}`
        : `${grouped(model.trainedParameters)} of ${all} (\`--freeze ${options.freeze}\`)`,
    ],
    ["head", headWidth === 0 ? head : `${head}, ${units}`],
    ["epochs", `${epochs.length} of ${options.epochs}${stopped === null ? "" : ` (${STOPPED[stopped]})`}`],
    [
      "weights of epoch",
      bestEpoch === 0 ? undefined : `${bestEpoch}, the best by validation ${options.best}`,
    ],
    ["texts in a step", grouped(options.batchSize * options.accumulate)],
    ["tokens of a text", `${saved.maxLength} at most`],
    ["learning rate", `${model.learningRate}, ${options.schedule}, warm-up ${options.warmup}`],
    ["optimizer", `AdamW, weight decay ${options.weightDecay}, gradients ${clipping}`],
    ["class weights", weights?.join(", ")],
    ["sampling", options.sampling === "balanced" ? "each label equally often" : undefined],
    ["loss", options.loss === "focal" ? `focal, gamma ${options.focalGamma}` : undefined],
    ["temperature", calibration && `${decimals(calibration.temperature)}, in the weights of the last layer`],
    ["label smoothing", options.labelSmoothing === 0 ? undefined : String(options.labelSmoothing)],
    ["seed", String(options.seed)],
  ];
  const told = rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return lines([...table(["", ""], told), "", "`textgraft.json` has all options, versions and metrics."]);
}

const STOPPED = {
  cancelled: "stopped by hand",
  patience: "no better one came",
  diverged: "the loss was no number any more",
};

function usage({ saved, stockClass, modelType }: CardFacts): string {
  const folder = "path/to/this/folder";
  const pairs = saved.pairs === true;
  const own = [
    "On the command line:",
    "",
    ...code("sh", `npx textgraft predict ${folder} ${pairs ? "--input pairs.csv" : '"a text"'}`),
    "",
    "In Node:",
    "",
    ...code(
      "js",
      'import { load } from "textgraft";',
      "",
      `const classifier = await load("${folder}");`,
      `console.log(await classifier.predict(${pairs ? '{ text: "a text", pair: "another" }' : '"a text"'}));`,
    ),
    "",
  ];
  if (stockClass === undefined) {
    return lines([
      ...own,
      `No class of transformers has this head, so the folder has a \`model_type\` of its own, \`${modelType}\`, and neither ` +
        "transformers nor transformers.js load it. This writes `onnx/model.onnx`, which ONNX Runtime executes in any " +
        "language, from token ids to `logits`:",
      "",
      ...code("sh", `npx textgraft export ${folder} --to onnx`),
    ]);
  }
  const all = saved.problem === "multi_label" ? ", top_k=None" : "";
  return lines([
    ...own,
    "In Python, with transformers:",
    "",
    ...code(
      "python",
      "from transformers import pipeline",
      "",
      `classify = pipeline("text-classification", model="${folder}")`,
      `print(classify("a text", truncation=True, max_length=${saved.maxLength}${all}))`,
    ),
    "",
    "With transformers.js, after `npx textgraft export path/to/this/folder --to onnx`:",
    "",
    ...code(
      "js",
      'import { env, pipeline } from "@huggingface/transformers";',
      "",
      'env.localModelPath = "path/to/this";',
      'const classify = await pipeline("text-classification", "folder");',
      `console.log(await classify("a text"${all === "" ? "" : ", { top_k: null }"}));`,
    ),
  ]);
}

/** Fewer test texts than this say little of a label. */
const FEW = 30;

/** What is read of longer texts. */
const READ = {
  head: "the first",
  tail: "the last",
  "head+tail": "half from the beginning and half from the end, in all",
  windows: "all, in windows of",
};

function limits({ saved, model, test }: CardFacts): string {
  const { labels, maxLength } = saved;
  const few = labels.filter((_, id) => test.metrics.perLabel[id]!.support < FEW);
  const cut =
    model.cutShare === 0
      ? "No training text was longer."
      : `${decimals(100 * model.cutShare, 1)} % of the training texts were longer.`;
  return lines([
    `- Of a text it reads ${READ[saved.long]} ${maxLength} tokens. ${cut}`,
    `- It knows the labels above and no others${saved.problem === "multi_label" ? "." : ": a text that fits none still gets one."}`,
    ...(saved.decision === undefined
      ? []
      : [
          "- Its labels were given by thresholds or costs, or withheld, as `decision` in `textgraft.json` says. Textgraft obeys " +
            "that; other programs give the same probabilities, and take what is most probable.",
        ]),
    "- The results are for texts like those of its data. For others, measure it: `textgraft evaluate`.",
    ...(few.length === 0
      ? []
      : [`- With fewer than ${FEW} test texts the numbers are rough: ${few.map(inline).join(", ")}.`]),
    "- Whether it treats texts by or about different people alike was not examined.",
  ]);
}

interface Score {
  name: string;
  /** Its name among `namedMetrics`. */
  metric: string;
  value: number;
  /** Its name among the metrics of the Hub. */
  type?: string;
}

/** Those that are defined. */
function overall(metrics: CardFacts["test"]["metrics"]): Score[] {
  const { accuracy, macro, rocAuc, logLoss } = metrics;
  const several = "samples" in metrics;
  const scores: Score[] = [
    {
      name: several ? "all labels of a text right" : "accuracy",
      metric: "accuracy",
      value: accuracy,
      type: "accuracy",
    },
    { name: "macro F1", metric: "macro-f1", value: macro.f1, type: "f1" },
    { name: "macro precision", metric: "macro-precision", value: macro.precision, type: "precision" },
    { name: "macro recall", metric: "macro-recall", value: macro.recall, type: "recall" },
    ...(several
      ? []
      : [{ name: "Matthews correlation", metric: "mcc", value: metrics.mcc, type: "matthews_correlation" }]),
    { name: "ROC AUC", metric: "roc-auc", value: rocAuc, type: "roc_auc" },
    { name: "log loss", metric: "log-loss", value: logLoss },
    ...(several
      ? []
      : [{ name: "calibration error", metric: "calibration-error", value: metrics.calibrationError }]),
  ];
  return scores.filter(({ value }) => Number.isFinite(value));
}

const testSource = ({ run }: SavedFacts): string => run.options.test || run.data.source;

/** Not where it lies: a card is for others. */
const fileName = (path: string): string => path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;

const section = (title: string, text: string): string => `## ${title}\n\n${text}`;
const lines = (items: readonly string[]): string => items.map((line) => `${line}\n`).join("");
const code = (language: string, ...text: string[]): string[] => [`\`\`\`${language}`, ...text, "```"];

const grouped = (n: number): string => n.toLocaleString("en-US");
const counted = (n: number, noun: string): string => `${grouped(n)} ${noun}${n === 1 ? "" : "s"}`;
const decimals = (value: number, digits = 3): string => value.toFixed(digits);
const rounded = (value: number): number => Number(value.toFixed(4));
