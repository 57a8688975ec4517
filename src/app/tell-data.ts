import type { Dataset } from "../data/example.js";
import { readingNotices } from "../data/reading-notices.js";
import { readingText } from "../report/facts.js";
import { grouped } from "../report/plain.js";
import type { Progress } from "./progress.js";
import type { RejectedList } from "./rejected-option.js";

/** Says how a file was read, and what is strange in it; lists the rows that are left out. */
export function tellDataset(dataset: Dataset, { say }: Progress, rejected: RejectedList): void {
  say(`${readingText(dataset)}.`);
  for (const notice of readingNotices(dataset, rejected.name)) say(notice);
  rejected.write(dataset.reading?.bad);
}

/** Tells how far predictions are; for `onProgress`. */
export const predicting =
  ({ live }: Progress) =>
  (done: number, total: number): void =>
    live(() => `Predicting: ${grouped(done)}/${grouped(total)} texts`);
