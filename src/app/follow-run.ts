import { decisionLines } from "../report/decision.js";
import { dataLines, estimateLine, modelLines } from "../report/facts.js";
import { clock } from "../report/plain.js";
import type {
  CrossValidation,
  EpochFacts,
  ModelEvent,
  TrainEvent,
  TrainingFacts,
  TrainingOutcome,
} from "../run/events.js";
import type { Run } from "../run/train-node.js";
import { barOf } from "./bar.js";
import { modelEvents } from "./model-events.js";
import type { Progress } from "./progress.js";

/** What would be kept if a run were stopped now. */
export type Kept = "nothing" | "folds" | "weights";

/** Who hears of a run besides the progress line. */
export interface Followers {
  /** What a stop would keep has changed; it is nothing at first. */
  onKept?(kept: Kept): void;
  /** Stopped before there is a model. */
  onFolds?(result: CrossValidation): void;
}

/** Tells the events of a training as they come, and gives its result. */
export async function followRun<R>(
  run: Run<R>,
  progress: Progress,
  { onKept, onFolds }: Followers = {},
): Promise<R> {
  const tellModel = modelEvents(progress);
  const tell = teller(progress);
  let inFolds = false;
  try {
    for await (const event of run) {
      if (event.kind === "training") inFolds = event.facts.of === "fold";
      if (event.kind === "trained" && inFolds) onKept?.("folds");
      if (event.kind === "estimate" && !inFolds) onKept?.("weights"); // the last event before the first step
      if (event.kind === "folds") onFolds?.(event.result);
      if (event.kind === "download" || event.kind === "notice") tellModel(event);
      else tell(event);
    }
    return await run.result;
  } finally {
    progress.end();
  }
}

/** What is said when a signal stops a run: whether anything will be saved depends on how far it came. */
export const stoppingLine = (kept: Kept): string => `${stopping[kept]} Ctrl-C again ends at once.`;

const stopping: Record<Kept, string> = {
  nothing: "Stopping; no training has come far enough, so nothing is written.",
  folds: "Stopping after this step; what the folds came to that have ended will be written.",
  weights: "Stopping after this step; the best weights so far will be saved.",
};

/** Tells events; of several trainings it tells what they share once, and of each what it came to. */
function teller({ live, say }: Progress): (event: Exclude<TrainEvent, ModelEvent>) => void {
  let bar: { of: string; line: ReturnType<typeof barOf> } | undefined;
  const follow = (job: string, { done, total }: { done: number; total: number }): void => {
    if (bar?.of !== job) bar = { of: job, line: barOf(job) };
    const { line } = bar;
    live(() => line(done, total));
  };
  let current: TrainingFacts | undefined;
  let seconds = 0; // of all trainings that have ended
  const isOneOfMany = () => current !== undefined && current.of !== "final";
  const first = () => current === undefined || current.number === 1;
  return (event) => {
    switch (event.kind) {
      case "data":
        for (const line of dataLines(event.facts)) say(line);
        break;
      case "compared":
        follow("Looking for duplicates", event);
        break;
      case "tokenized":
        follow("Tokenizing", event);
        break;
      case "training":
        current = event.facts;
        if (current.of === "final")
          say("Now the model that is saved, trained on all rows but those that choose its best epoch.");
        break;
      case "model":
        if (first() && current?.of !== "final") for (const line of modelLines(event.facts)) say(line);
        break;
      case "estimate":
        if (first()) say(estimateLine(event.facts, isOneOfMany() ? current!.total : 1));
        break;
      case "step": {
        bar = undefined; // the same job comes after each epoch
        const { total = 1, number = 1 } = current ?? {};
        const more = isOneOfMany() && number > 1 ? ((total - number) * seconds) / (number - 1) : 0;
        const name = isOneOfMany() ? `${current!.of} ${number}/${total}  ` : "";
        live(() => name + stepLine({ ...event, secondsLeft: event.secondsLeft + more }));
        break;
      }
      case "evaluating":
        follow(`Predicting the ${event.part} texts`, event);
        break;
      case "epoch":
        if (!isOneOfMany()) say(epochLine(event.facts));
        break;
      case "decision":
        if (!isOneOfMany()) for (const line of decisionLines(event.facts)) say(line);
        break;
      case "trained":
        seconds += event.facts.seconds;
        say(outcomeLine(event.facts));
        break;
      case "saved":
        say(`Saved in ${event.folder}; reloaded, it gives the same answers.`);
        break;
      case "folds":
        break; // their result is told, and where it was written by the error that the run ends with
      default:
        event satisfies never;
    }
  };
}

function outcomeLine({ of, number, total, seed, loss, metrics, seconds }: TrainingOutcome): string {
  const name = of === "seed" ? `Seed ${seed} (${number} of ${total})` : `Fold ${number} of ${total}`;
  return `${name}: accuracy ${metrics.accuracy.toFixed(4)}, macro F1 ${metrics.macro.f1.toFixed(4)}, loss ${loss.toFixed(4)}, ${clock(seconds)}`;
}

function stepLine(step: TrainEvent & { kind: "step" }): string {
  const { epoch, epochs, batch, batches, loss, examplesPerSecond, secondsLeft } = step;
  return [
    `epoch ${epoch}/${epochs}`,
    `batch ${batch}/${batches}`,
    `loss ${loss.toFixed(4)}`,
    `${examplesPerSecond.toFixed(examplesPerSecond < 10 ? 1 : 0)} examples/s`,
    `${clock(secondsLeft)} left`,
  ].join("  ");
}

function epochLine({ epoch, trainLoss, validationLoss, validation, best, seconds }: EpochFacts): string {
  return (
    `Epoch ${epoch}: train loss ${trainLoss.toFixed(4)}, validation loss ${validationLoss.toFixed(4)}, ` +
    `accuracy ${validation.accuracy.toFixed(4)}, macro F1 ${validation.macro.f1.toFixed(4)}` +
    `${best ? " (best so far)" : ""}, ${clock(seconds)}`
  );
}
