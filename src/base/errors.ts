/**
 * Every error that a user can meet. `internal` is for our own bugs, `download-failed` for networks and servers, and
 * `cancelled` for Ctrl-C; all others mean that the input has to change.
 */
export type ErrorCode =
  | "cancelled"
  | "column-missing"
  | "config-invalid"
  | "data-invalid"
  | "download-failed"
  | "file-missing"
  | "file-unwritable"
  | "hub-refused"
  | "internal"
  | "label-unknown"
  | "memory-short"
  | "model-invalid"
  | "option-invalid"
  | "output-exists"
  | "training-diverged"
  | "weights-invalid";

/** What an error tells: what was found and expected (`message`) and what to do about it (`fix`). */
export interface ErrorDetails {
  message: string;
  fix?: string;
  cause?: unknown;
}

/** An error with a code, what was found, and what to do. */
export class TextgraftError extends Error {
  override readonly name = "TextgraftError";
  readonly code: ErrorCode;
  readonly fix: string | undefined;

  constructor(code: ErrorCode, { message, fix, cause }: ErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.fix = fix;
  }

  /** Process exit code: 2 the user's input, 1 a failure of ours or of the network, 130 cancelled. */
  get exitCode(): number {
    if (this.code === "internal" || this.code === "download-failed") return 1;
    return this.code === "cancelled" ? 130 : 2;
  }
}

/** Whether it is Ctrl-C that ended something. */
export const isCancelled = (error: unknown): boolean =>
  error instanceof TextgraftError && error.code === "cancelled";

/**
 * The candidate with the smallest edit distance to `word`, for "did you mean"; undefined where none is like it: more
 * than a third of the longer one's characters differ (at least 1 may), or all of them do.
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    const longer = Math.max(word.length, candidate.length);
    const alike = distance <= Math.max(1, longer / 3) && distance < Math.max(1, longer);
    if (alike && distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein distance, one row at a time, where two neighbours that changed places are one edit. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  let beforePrevious = previous;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? beforePrevious[j - 2]! + 1 : substitution;
      row.push(Math.min(previous[j]! + 1, row[j - 1]! + 1, substitution, swap));
    }
    [beforePrevious, previous] = [previous, row];
  }
  return previous[b.length]!;
}
