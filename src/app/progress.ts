import { createLogUpdate } from "log-update";
import type { Output } from "./app.js";

/** What is told while a command works, on standard error. */
export interface Progress {
  /**
   * The line that changes in place, at most ten times a second. Told only on terminals, unless `every` gives the seconds
   * after which it is worth a line that stays elsewhere.
   */
  live(text: () => string, every?: number): void;
  /** A line that stays. */
  say(text: string): void;
  /** Takes the live line away. */
  end(): void;
}

/** `quiet`: tell nothing. */
export function openProgress(stderr: Output, { quiet = false }: { quiet?: boolean | undefined }): Progress {
  if (quiet) return { live() {}, say() {}, end() {} };
  const say = (text: string): void => void stderr.write(`${text}\n`);
  const { isTTY, columns: width = 0 } = stderr;
  if (!isTTY || width === 0 || process.env.TERM === "dumb") {
    let told = Date.now();
    const live = (text: () => string, every = Number.POSITIVE_INFINITY) => {
      if (Date.now() - told < every * 1000) return;
      told = Date.now();
      say(text());
    };
    return { live, say, end() {} };
  }

  // Without hiding the cursor there is nothing to put right when the process is stopped.
  const update = createLogUpdate(stderr as NodeJS.WriteStream, { showCursor: true });
  let last = 0;
  const clear = () => {
    update.clear();
    last = 0;
  };
  return {
    live(text) {
      if (Date.now() - last < interval) return;
      last = Date.now();
      update(text().slice(0, (stderr.columns ?? width) - 1));
    },
    say(text) {
      clear();
      say(text);
    },
    end: clear,
  };
}

const interval = 100; // milliseconds
