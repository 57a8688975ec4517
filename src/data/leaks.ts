import { atOnce, type Steps, within } from "../base/steps.js";
import type { OpenSpill } from "./byte-store.js";
import { type Examples, joined, textsOf, wholeText } from "./examples.js";
import { findNearDuplicates, normalized } from "./near-duplicates.js";
import { TextNumbers } from "./text-numbers.js";

/** Test examples that a model may know by heart. */
export interface Leaks {
  /** Test examples whose text stands in train too, but for case and white space. */
  exact: number;
  /** Other test examples in one group with a near duplicate in train. */
  near: number;
}

/** Counts the test examples with a twin in train. */
export const leaks = (train: Examples, test: Examples): Leaks => atOnce(findLeaks(train, test));

/** The same in steps. */
export function* findLeaks(train: Examples, test: Examples, openSpill?: OpenSpill): Steps<Leaks> {
  const both = joined([train, test]);
  const { groups, groupCount } = yield* within(findNearDuplicates(textsOf(both), openSpill), 0, 0.8);
  const groupInTrain = new Uint8Array(groupCount);
  const texts = new TextNumbers();
  let textsInTrain = 0;
  let [exact, near] = [0, 0];
  let row = 0;
  for (const example of both) {
    if (row % 64 === 0) yield 0.8 + (0.2 * row) / both.length;
    if (row === train.length) textsInTrain = texts.count;
    const number = texts.numberOf(normalized(wholeText(example)));
    const group = groups[row]!;
    if (row++ < train.length) groupInTrain[group] = 1;
    else if (number < textsInTrain) exact++;
    else if (groupInTrain[group] === 1) near++;
  }
  return { exact, near };
}
