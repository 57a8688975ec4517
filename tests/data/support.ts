import { expect } from "vitest";
import { TextgraftError } from "../../src/base/errors.js";
import { type Dataset, datasetOf } from "../../src/data/example.js";

/** The error that `act` throws, as `code: message`. */
export function errorOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(TextgraftError);
    const { code, message } = error as TextgraftError;
    return `${code}: ${message}`;
  }
  throw new Error("expected an error");
}

/** The error that a promise is rejected with, as `code: message`. */
export async function rejectionOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return errorOf(() => {
      throw error;
    });
  }
  throw new Error("expected an error");
}

/** A dataset with one example for each label, its texts all different. */
export const datasetOfLabels = (labels: readonly string[]): Dataset =>
  datasetOf(
    "test.csv",
    labels.map((label, index) => ({ text: `text number ${index}`, labels: [label], row: index + 1 })),
  );
