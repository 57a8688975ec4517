import type { Examples } from "../data/examples.js";
import type { Judged } from "./events.js";
import type { LabelIds } from "./problem.js";

/** An answer whose text is read from the examples when it is asked for: the texts of a large test set aren't held. */
export class JudgedRow implements Judged {
  readonly labelIds: LabelIds;
  readonly predictedIds: LabelIds;
  readonly probabilities: readonly number[];
  declare readonly unknown?: true;
  readonly #examples: Examples;
  readonly #index: number;

  constructor(
    examples: Examples,
    index: number,
    { labelIds, predictedIds, probabilities, unknown }: Omit<Judged, "text" | "row">,
  ) {
    this.#examples = examples;
    this.#index = index;
    this.labelIds = labelIds;
    this.predictedIds = predictedIds;
    this.probabilities = probabilities;
    if (unknown) this.unknown = unknown;
  }

  get text(): string {
    return this.#examples.at(this.#index)!.text;
  }

  get pair(): string | undefined {
    return this.#examples.at(this.#index)!.pair;
  }

  get row(): number {
    return this.#examples.at(this.#index)!.row;
  }

  /** As a plain object, for JSON. */
  toJSON(): Judged {
    const { text, pair, row, labelIds, predictedIds, probabilities, unknown } = this;
    return {
      text,
      ...(pair !== undefined && { pair }),
      row,
      labelIds,
      predictedIds,
      probabilities,
      ...(unknown && { unknown }),
    };
  }
}
