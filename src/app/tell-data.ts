import { columnFacts } from "../data/columns.js";
import type { Dataset } from "../data/example.js";
import { columnsText } from "../report/facts.js";
import { grouped } from "../report/plain.js";
import type { Progress } from "./progress.js";

/** Says which columns were guessed. */
export function tellColumns({ source, columns }: Dataset, { say }: Progress): void {
  if (columns === undefined) return;
  const facts = columnFacts(columns);
  if (facts.guessed.length > 0) say(`Read ${source}; ${columnsText(facts)}.`);
}

/** Tells how far predictions are; for `onProgress`. */
export const predicting =
  ({ live }: Progress) =>
  (done: number, total: number): void =>
    live(() => `Predicting: ${grouped(done)}/${grouped(total)} texts`);
