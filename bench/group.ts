import { TEXTGRAFT } from "./peers.js";
import { type Side, type SideSpec, startSide } from "./side.js";

/** The sides of a comparison. A peer that fails leaves it and the others go on; without Textgraft there is none. */
export class Group {
  /** By the names of the sides that failed, why. */
  readonly failures: Record<string, string> = {};
  private sides: Side[];
  private readonly log: (line: string) => void;

  constructor(specs: readonly SideSpec[], log: (line: string) => void) {
    this.sides = specs.map(startSide);
    this.log = log;
  }

  /** Asks one side after the other, so that only one computes at a time; gives the answers by the sides' names. */
  async each<T>(ask: (side: Side) => Promise<T>): Promise<Record<string, T>> {
    const answers: Record<string, T> = {};
    for (const side of [...this.sides]) {
      await pause();
      try {
        answers[side.name] = await ask(side);
      } catch (error) {
        this.leave(side, error as Error);
      }
    }
    return answers;
  }

  /** Ends all processes. */
  stop(): void {
    for (const side of this.sides) side.stop();
  }

  private leave(side: Side, error: Error): void {
    if (side.name === TEXTGRAFT) throw error;
    side.stop();
    this.sides = this.sides.filter((other) => other !== side);
    this.failures[side.name] = error.message;
    this.log(`  ${error.message}`);
  }
}

/** Threads of the side before may still look for work for some milliseconds. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));
