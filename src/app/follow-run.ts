import { dataLines, estimateLine, modelLines } from "../report/facts.js";
import { clock } from "../report/plain.js";
import type { EpochFacts, ModelEvent, TrainEvent, TrainResult } from "../run/events.js";
import type { Run } from "../run/train-node.js";
import { barOf } from "./bar.js";
import { modelEvents } from "./model-events.js";
import type { Progress } from "./progress.js";

/** Tells the events of a training as they come, and gives its result. `onTraining` is called as the first step begins. */
export async function followRun(run: Run, progress: Progress, onTraining?: () => void): Promise<TrainResult> {
  const tellModel = modelEvents(progress);
  const tell = teller(progress);
  try {
    for await (const event of run) {
      if (event.kind === "estimate") onTraining?.(); // the last event before the first step
      if (event.kind === "download" || event.kind === "notice") tellModel(event);
      else tell(event);
    }
    return await run.result;
  } finally {
    progress.end();
  }
}

/** What is said when a signal stops a run: whether anything will be saved depends on how far it came. */
export function stoppingLine({ training }: { training: boolean }): string {
  const outcome = training
    ? "Stopping after this step; the best weights so far will be saved."
    : "Stopping; nothing has been trained yet, so nothing is written.";
  return `${outcome} Ctrl-C again ends at once.`;
}

function teller({ live, say }: Progress): (event: Exclude<TrainEvent, ModelEvent>) => void {
  let bar: { of: string; line: ReturnType<typeof barOf> } | undefined;
  const follow = (job: string, { done, total }: { done: number; total: number }): void => {
    if (bar?.of !== job) bar = { of: job, line: barOf(job) };
    const { line } = bar;
    live(() => line(done, total));
  };
  return (event) => {
    if (event.kind === "step") bar = undefined; // the same job comes after each epoch
    tell(event, { live, say, follow });
  };
}

type Telling = Pick<Progress, "live" | "say"> & {
  follow: (job: string, progress: { done: number; total: number }) => void;
};

function tell(event: Exclude<TrainEvent, ModelEvent>, { live, say, follow }: Telling): void {
  switch (event.kind) {
    case "data":
      for (const line of dataLines(event.facts)) say(line);
      break;
    case "tokenized":
      follow("Tokenizing", event);
      break;
    case "model":
      for (const line of modelLines(event.facts)) say(line);
      break;
    case "estimate":
      say(estimateLine(event.facts));
      break;
    case "step":
      live(() => stepLine(event));
      break;
    case "evaluating":
      follow(`Predicting the ${event.part} texts`, event);
      break;
    case "epoch":
      say(epochLine(event.facts));
      break;
    case "saved":
      say(`Saved in ${event.folder}; reloaded, it gives the same answers.`);
      break;
    default:
      event satisfies never;
  }
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
