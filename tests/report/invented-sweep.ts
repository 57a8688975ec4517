import { random } from "../../src/base/random.js";
import { readSpace, trialsOf } from "../../src/run/sweep.js";
import { bestOf, type SweepResult, type TrialRecord } from "../../src/run/sweep-node.js";

/** A sweep that never took place: some runs were stopped, one failed. */
export function inventedSweep(runs = 18, objective: SweepResult["objective"] = "loss"): SweepResult {
  const space = readSpace({
    "learning-rate": { min: 1e-5, max: 1e-2, log: true },
    epochs: { min: 2, max: 4 },
    head: ["stock", "tanh", "mlp"],
    warmup: { min: 0, max: 0.5 },
    seed: [42],
    runs,
  });
  const noise = random(5);
  const records = trialsOf(space, random(3)).map((options, i): TrialRecord => {
    const number = i + 1;
    const folder = `run-${String(number).padStart(3, "0")}`;
    const base = { number, options, seconds: 61 + 7 * i };
    if (i === 5) {
      const error = "The loss was no number after step 3 <of> 100.";
      return { ...base, status: "failed", objectives: [], best: null, error };
    }
    const distance = Math.log10(Number(options.learningRate) / 4e-4);
    const score = 0.97 - 0.05 * distance ** 2 - 0.02 * noise.uniform();
    const sign = objective === "loss" ? -1 : 1;
    const value = objective === "loss" ? 1.05 - score : score;
    const objectives = [sign * (value + sign * -0.05), sign * value];
    const best = Math.max(...objectives);
    if (i > 8 && distance ** 2 > 0.6)
      return { ...base, status: "stopped", objectives: objectives.slice(1), best };
    const test = { accuracy: score, macroF1: score - 0.02 };
    return { ...base, status: "done", objectives, best, test, folder };
  });
  return { folder: "models/a sweep", objective, trials: runs, records, best: bestOf(records) };
}
