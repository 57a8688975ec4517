import { type Sweep, type SweepInput, sweep as sweepModels } from "../run/sweep-node.js";
import { sweepFiles, trainReports } from "./files.js";

/**
 * Trains with each of some settings, and says which is best on the validation rows. Settings that are worse than half of
 * the others are stopped early. Each setting has the reports of a training, and the folder a page about all of them. The
 * same call again goes on where it was stopped. Only the best model keeps its weights.
 * @throws TextgraftError output-exists where the folder has a sweep of other data or options
 */
export const sweep = (input: SweepInput): Sweep =>
  sweepModels(input, { ofTrials: trainReports, ofSweep: sweepFiles });
