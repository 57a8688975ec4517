import { roundUp } from "../base/numbers.js";

/** Starts and ends of ranges of bytes, in turn and upwards: [start, end, start, end, …]. */
export type Ranges = readonly number[];

/** Ranges start and end on cache lines, as the kernels like it. */
const LINE = 64;

/**
 * Bytes between two ranges up to which a pass over both and what lies between is quicker: there gradients and moments are
 * zero, so that nothing changes but its decay, and a pass that stops and begins anew loses 2 µs.
 */
const GAP = 8192;

/**
 * Which rows of a table [rows, width] at byte `offset` of a region have had gradients: only they have moments,
 * and a pass over all others can be cut short.
 */
export class TouchedRows {
  private readonly offset: number;
  private readonly rowBytes: number;
  private readonly ever: Uint8Array;
  private rangesEver: Ranges = [];
  private step = new Set<number>();
  /** The end of the table's last line. */
  private readonly end: number;

  constructor(offset: number, [rows = 0, width = 0]: readonly number[]) {
    this.offset = offset;
    this.rowBytes = 4 * width;
    this.ever = new Uint8Array(rows);
    this.end = lineAfter(offset + rows * this.rowBytes);
  }

  add(rows: Int32Array): void {
    let news = false;
    for (const row of rows) {
      this.step.add(row);
      if (this.ever[row] === 0) news = true;
      this.ever[row] = 1;
    }
    if (news) this.rangesEver = this.rangesOf(this.rowsEver());
  }

  /** Starts a new step; gives the rows of the last one. */
  next(): number[] {
    const rows = [...this.step];
    this.step.clear();
    return rows;
  }

  /** Where a region of `bytes` may have a gradient in this step: the rest of it, and this step's rows. */
  inStep(bytes: number): Ranges {
    return this.around(this.rangesOf([...this.step].sort((a, b) => a - b)), bytes);
  }

  /** Where a region of `bytes` may have had a gradient so far. */
  soFar(bytes: number): Ranges {
    return this.around(this.rangesEver, bytes);
  }

  private around(inTable: Ranges, bytes: number): Ranges {
    return [0, this.offset, ...inTable, this.end, bytes];
  }

  private *rowsEver(): Iterable<number> {
    for (let row = this.ever.indexOf(1); row >= 0; row = this.ever.indexOf(1, row + 1)) yield row;
  }

  /** The lines of some rows, which come upwards; those that lie close to each other are joined. */
  private rangesOf(rows: Iterable<number>): Ranges {
    const ranges: number[] = [];
    for (const row of rows) {
      const start = this.offset + row * this.rowBytes;
      const [first, after] = [start - (start % LINE), lineAfter(start + this.rowBytes)];
      if (ranges.length > 0 && first - ranges.at(-1)! <= GAP) ranges[ranges.length - 1] = after;
      else ranges.push(first, after);
    }
    return ranges;
  }
}

const lineAfter = (byte: number): number => roundUp(byte, LINE);
