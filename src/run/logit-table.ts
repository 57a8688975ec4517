/** Logits of many passages, in one piece of memory. */
export class LogitTable {
  readonly length: number;
  private width = 0;
  private values = new Float32Array(0);

  constructor(length: number) {
    this.length = length;
  }

  /** Rows all have the same number of logits. */
  set(row: number, logits: Float32Array): void {
    if (this.values.length === 0) {
      this.width = logits.length;
      this.values = new Float32Array(this.length * this.width);
    }
    this.values.set(logits, row * this.width);
  }

  /** A view of the table. */
  at(row: number): Float32Array {
    return this.values.subarray(row * this.width, (row + 1) * this.width);
  }
}

/** Logits of a text's windows, `[window][labelId]`; one window where the text is short. */
export type WindowLogits = readonly ArrayLike<number>[];

/** Those of many texts, by the text's number; an array of them is one. */
export interface TextLogits {
  readonly length: number;
  at(text: number): WindowLogits | undefined;
  map<T>(value: (windows: WindowLogits) => T): T[];
}

/** The texts of a table, whose windows lie in it one after the other; `ends` says where those of each end. */
export function textsIn(table: LogitTable, ends: Uint32Array): TextLogits {
  const at = (text: number): WindowLogits => {
    const start = ends[text - 1] ?? 0;
    return Array.from({ length: ends[text]! - start }, (_, i) => table.at(start + i));
  };
  const { length } = ends;
  return { length, at, map: (value) => Array.from({ length }, (_, text) => value(at(text))) };
}
