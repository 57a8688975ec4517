import { type Run, type TrainInput, train as trainModel } from "../run/train-node.js";
import { trainReports } from "./files.js";

/**
 * Fine-tunes a classifier, judges it on test rows, and saves it with its reports. Errors of the input come before the
 * long work starts, through `result` and the iteration alike.
 */
export const train = (input: TrainInput): Run => trainModel(input, trainReports);
