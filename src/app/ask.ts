import { TextgraftError } from "../base/errors.js";
import type { Output } from "./app.js";

/** Somebody who answers questions. */
export interface Asker {
  text(question: string, initial: string): Promise<string>;
  choose<T extends string>(question: string, choices: readonly Choice<T>[], initial: T): Promise<T>;
}

export interface Choice<T extends string> {
  readonly value: T;
  /** What it means, in a few words. */
  readonly hint?: string;
}

/** Takes every suggestion: for scripts, and where nobody can be asked. */
export const agreeing: Asker = {
  text: async (_question, initial) => initial,
  choose: async (_question, _choices, initial) => initial,
};

/** Asks at the terminal; Ctrl-C is a `cancelled` error. */
export async function askingAt(output: Output): Promise<Asker> {
  const clack = await import("@clack/prompts");
  const answered = <T>(answer: T): Exclude<T, symbol> => {
    if (!clack.isCancel(answer)) return answer as Exclude<T, symbol>;
    throw new TextgraftError("cancelled", { message: "Stopped; nothing was written." });
  };
  return {
    text: async (message, initial) =>
      answered(
        await clack.text({ message, initialValue: initial, output, validate: (value) => empty(value) }),
      ),
    async choose<T extends string>(message: string, choices: readonly Choice<T>[], initial: T) {
      const options = choices.map(({ value, hint }) => ({
        value: value as string,
        label: value,
        ...(hint && { hint }),
      }));
      return answered(await clack.select({ message, options, initialValue: initial as string, output })) as T;
    },
  };
}

const empty = (value: string | undefined): string | undefined =>
  value === undefined || value.trim() === "" ? "Please type something, or press Ctrl-C to stop." : undefined;
