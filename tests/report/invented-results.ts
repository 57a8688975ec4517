import { type Random, random } from "../../src/base/random.js";
import type { Problem } from "../../src/model/loss.js";
import { answerOf } from "../../src/run/decision.js";
import type { Environment } from "../../src/run/environment-node.js";
import type { EpochFacts, Judged, TrainResult } from "../../src/run/events.js";
import type { Explanation, WordScore } from "../../src/run/explain.js";
import { judgementOf } from "../../src/run/judgement.js";
import { resolveOptions } from "../../src/run/options.js";
import { rulesOf } from "../../src/run/problem.js";
import { lengthStatistics } from "../../src/tokens/lengths.js";

/** Results of trainings that never took place, of every kind that a report has to show. */

export const environment: Environment = {
  textgraft: "0.1.0",
  node: "20.19.0",
  onnxruntime: "1.30.0",
  system: "Linux 6.1, x64",
  processor: "Some processor",
  cores: 2,
  memory: 8e9,
  peakMemory: 1.5e9,
  finishedAt: "2026-01-02T03:04:05.678Z",
};

export interface Invented {
  labels: readonly string[];
  problem: Problem;
  /** Test texts by label, and with several labels of each. */
  support: readonly number[];
  /** How well the model knows them: 0 nothing, 5 very well. */
  knowledge: number;
  /** Less sure answers are withheld. */
  unknownBelow?: number;
  texts?: readonly string[];
  seed?: number;
}

/** Two labels, the rarer one last. */
export const binary: Invented = {
  labels: ["ham", "spam"],
  problem: "single_label",
  support: [724, 112],
  knowledge: 4,
};

/** Five labels of which one is rare. */
export const imbalanced: Invented = {
  labels: ["billing", "delivery", "returns", "praise", "legal threat"],
  problem: "single_label",
  support: [310, 150, 80, 40, 6],
  knowledge: 2.6,
};

/** The same, but answers below a probability are withheld. */
export const unsure: Invented = { ...imbalanced, unknownBelow: 0.6 };

export const multiLabel: Invented = {
  labels: ["politics", "sports", "economy", "culture", "science"],
  problem: "multi_label",
  support: [120, 90, 60, 30, 12],
  knowledge: 2.5,
};

/** What breaks layouts: many labels, long names, scripts of all directions, markup. */
export const unruly: Invented = {
  labels: [
    "<script>alert(1)</script>",
    "شكوى حول الخدمة",
    "👩‍👩‍👧‍👦 family & friends",
    Array.from({ length: 50 }, (_, i) => `word${i}`).join(" "),
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung",
    "日本語のラベル",
    ...Array.from({ length: 18 }, (_, i) => `topic ${i + 1}`),
  ],
  problem: "single_label",
  support: Array.from({ length: 24 }, (_, i) => 24 - i),
  knowledge: 2,
  texts: [
    '<script>document.title = "taken over"</script><img src=x onerror="document.title = 1">',
    "هذا النص من اليمين إلى اليسار و فيه English words أيضا",
    `a text without any space ${"x".repeat(400)}`,
    "🏳️‍🌈 emoji 👩‍👩‍👧‍👦 and \u0000 control \u202e characters",
    `long ${"words and more words ".repeat(200)}`,
  ],
};

/** Made once for each kind: intervals take a while. */
export function inventedResult(invented: Invented): TrainResult {
  const made = results.get(invented) ?? makeResult(invented);
  results.set(invented, made);
  return made;
}

const results = new Map<Invented, TrainResult>();

function makeResult(invented: Invented): TrainResult {
  const { labels, problem, seed = 7 } = invented;
  const stream = random(seed);
  const judged = inventedJudged(invented, stream.fork("test"));
  const rules = rulesOf(problem);
  const measured = (answers: readonly Judged[]) =>
    rules.measure(
      answers.map(({ labelIds }) => labelIds),
      answers.map(({ probabilities }) => probabilities),
    );
  const epochs = [0.5, 0.8, 0.95, 0.9].map((progress, i): EpochFacts => {
    const answers = inventedJudged(
      { ...invented, knowledge: progress * invented.knowledge },
      stream.fork("validation", i),
    );
    return {
      epoch: i + 1,
      trainLoss: 0.7 / (i + 1),
      validationLoss: [0.5, 0.3, 0.22, 0.25][i]!,
      validation: measured(answers),
      best: i === 2,
      seconds: 61,
    };
  });
  const steps = Array.from({ length: 400 }, (_, i) => ({
    step: i + 1,
    loss: 0.75 * Math.exp(-i / 120) + 0.1 * stream.uniform(),
    gradientNorm: 0.5 + 3 * Math.exp(-i / 80) * stream.uniform(),
    learningRate: 5e-5 * Math.min(i / 40, (400 - i) / 360),
  }));
  const counts = labels.map((_, id) => judged.filter(({ labelIds }) => labelIds.includes(id)).length);
  const part = (times: number) => ({
    rows: judged.length * times,
    byLabel: counts.map((count) => count * times),
  });
  const nothing = inventedJudged({ ...invented, knowledge: 0.6 }, random(seed).fork("floor"));
  const lengths = lengthStatistics(
    Array.from({ length: 4000 }, () => Math.round(8 + 30 * -Math.log(1 - stream.uniform()))),
  );
  return {
    folder: "models/invented",
    options: resolveOptions({ epochs: 4, classWeights: "balanced", text: "the text's column" }),
    data: {
      source: "invented rows.csv",
      textColumn: "the text's column",
      labelColumn: "label",
      guessed: ["label"],
      problem,
      labels,
      unlabelled: 0,
      parts: { train: part(5), validation: part(1), test: part(1) },
      exactDuplicates: 403,
      nearDuplicates: 57,
      leaks: { exact: 3, near: 1 },
    },
    conflicts: {
      texts: 7,
      first: [
        { text: "the same <b>text</b> twice", rows: [3, 98], labels: [labels[0]!, labels[1]!] },
        { text: "و هذا أيضا", rows: [14, 15], labels: [labels[1]!, labels[0]!] },
      ],
    },
    lengths,
    model: {
      model: "mini",
      parameters: 6_500_000,
      trainedParameters: 6_500_000,
      layers: 4,
      hiddenSize: 256,
      head: "stock",
      frozenStages: 0,
      maxLength: 88,
      long: "head",
      stride: 0,
      windowPooling: "mean",
      trainPassages: judged.length * 5,
      cutShare: lengths.cutShare(88).texts,
      learningRate: 5e-5,
      steps: 400,
      classWeights: labels.map(() => 1.25),
      fresh: { encoder: [], head: ["classifier.weight"] },
      unused: [],
    },
    epochs,
    bestEpoch: 3,
    stillFalling: false,
    stopped: null,
    steps,
    decision: { texts: 0, decision: {}, thresholds: [] },
    test: {
      loss: 0.2,
      ...judgementOf(judged, problem),
      floors: [
        {
          name: `always ${labels[0]}`,
          predictedIds: nothing.map(() => [0]),
          metrics: measured(
            nothing.map((answer) => ({
              ...answer,
              probabilities: labels.map((_, id) => (id === 0 ? 1 : 0)),
            })),
          ),
        },
        { name: "naive Bayes", predictedIds: nothing.map(() => [0]), metrics: measured(nothing) },
      ],
    },
    environment,
    seconds: 274,
  };
}

/** Texts with labels, and probabilities that know them more or less. */
export function inventedJudged(
  { labels, problem, support, knowledge, texts, unknownBelow = 0 }: Invented,
  stream: Random,
): Judged[] {
  const noise = () => stream.uniform() + stream.uniform() + stream.uniform() - 1.5;
  const total = support.reduce((sum, count) => sum + count, 0);
  return support.flatMap((count, labelId) =>
    Array.from({ length: count }, (_, i): Judged => {
      const others = labels
        .map((_, id) => id)
        .filter((id) => id !== labelId && stream.uniform() < support[id]! / total / 2);
      const labelIds =
        problem === "multi_label"
          ? i % 17 === 0
            ? []
            : [labelId, ...others].sort((a, b) => a - b)
          : [labelId];
      const bias = problem === "multi_label" ? -knowledge / 2 : 0;
      const logits = labels.map((_, id) => (labelIds.includes(id) ? knowledge : 0) + bias + 2.2 * noise());
      const powers = logits.map(Math.exp);
      const sum = powers.reduce((a, b) => a + b, 0);
      const probabilities =
        problem === "multi_label" ? logits.map((x) => 1 / (1 + Math.exp(-x))) : powers.map((x) => x / sum);
      const { labelIds: predictedIds, unknown } = answerOf(problem, probabilities, { unknownBelow });
      const row = 1 + Math.floor(stream.uniform() * 5000);
      return {
        text:
          texts?.[(i + labelId) % texts.length] ??
          `An invented text, number ${row}, that speaks of ${labels[labelId]} and of other things.`,
        row,
        labelIds,
        predictedIds,
        probabilities,
        ...(unknown && { unknown }),
      };
    }),
  );
}

/** An explanation that gives words the scores of its pattern in turn; each word is a token. */
export function inventedExplanation(text: string, label: string, scores: readonly number[]): Explanation {
  const words = [...text.matchAll(/[^\s]+/g)].map(
    (found, i): WordScore => ({
      text: found[0],
      start: found.index,
      end: found.index + found[0].length,
      score: scores[i % scores.length]!,
    }),
  );
  return {
    text,
    label,
    probability: 0.9,
    logOdds: 2,
    baseline: { probability: 0.5, logOdds: 0 },
    words,
    tokens: words.map(({ text: piece, ...word }, id) => ({ ...word, piece, id })),
    gap: 0,
    unread: 0,
    method: "integrated",
    steps: 32,
  };
}
