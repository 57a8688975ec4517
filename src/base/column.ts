/**
 * Numbers that are appended one by one and read by position. They lie in blocks, so that growing copies nothing, and a
 * block takes as few bytes for each as its numbers need: none where they are what is expected, else 1, 2, 4 or 8.
 */
export class Column {
  private readonly blocks: Block[] = [];
  /** Undefined: nothing is known of what comes. Else the least by which each number is above the one before. */
  private readonly rise: number | undefined;
  length = 0;

  constructor(rise?: number) {
    this.rise = rise;
  }

  push(value: number): void {
    const within = this.length % BLOCK;
    if (within === 0) this.blocks.push({ base: this.rise === undefined ? 0 : value, rest: undefined });
    this.length++;
    this.set(this.length - 1, value);
  }

  /** The value at a position below `length`. */
  at(index: number): number {
    const { base, rest } = this.blocks[Math.floor(index / BLOCK)]!;
    const expected = base + (this.rise ?? 0) * (index % BLOCK);
    return rest === undefined ? expected : expected + rest[index % BLOCK]!;
  }

  /** Adds to the value at a position below `length`. */
  add(index: number, value: number): void {
    this.set(index, this.at(index) + value);
  }

  clear(): void {
    this.blocks.length = 0;
    this.length = 0;
  }

  get bytes(): number {
    return this.blocks.reduce((total, { rest }) => total + (rest?.byteLength ?? 0), 0);
  }

  private set(index: number, value: number): void {
    const block = this.blocks[Math.floor(index / BLOCK)]!;
    const within = index % BLOCK;
    const more = value - block.base - (this.rise ?? 0) * within;
    if (block.rest === undefined && more === 0) return;
    if (block.rest === undefined || !holds(block.rest, more)) {
      const wider = new (kindFor(more, block.rest))(BLOCK);
      if (block.rest) wider.set(block.rest);
      block.rest = wider;
    }
    block.rest[within] = more;
  }
}

/** Numbers above what is expected at their positions. */
type Rest = Uint8Array | Uint16Array | Uint32Array | Float64Array;

interface Block {
  readonly base: number;
  rest: Rest | undefined;
}

/** Values of a block: few, as the largest decides for all, but enough that a block costs little. */
const BLOCK = 512;

const kinds = [Uint8Array, Uint16Array, Uint32Array] as const;

const holds = (rest: Rest, value: number): boolean =>
  rest instanceof Float64Array || fits(value, rest.BYTES_PER_ELEMENT);

/** Of no fewer bytes than before. */
const kindFor = (value: number, before: Rest | undefined) =>
  kinds.find(
    ({ BYTES_PER_ELEMENT: bytes }) => bytes > (before?.BYTES_PER_ELEMENT ?? 0) && fits(value, bytes),
  ) ?? Float64Array;

const fits = (value: number, bytes: number): boolean =>
  Number.isInteger(value) && value >= 0 && value < 2 ** (8 * bytes);

/** A column of numbers that mostly are what is expected at their position: it takes memory from the first other one on. */
export class SparseColumn {
  private values: Column | undefined;
  private readonly open: () => Column;
  private readonly expected: (index: number) => number;
  length = 0;

  constructor(open: () => Column, expected: (index: number) => number) {
    this.open = open;
    this.expected = expected;
  }

  push(value: number): void {
    if (!this.values && !Object.is(value, this.expected(this.length))) {
      this.values = this.open();
      for (let index = 0; index < this.length; index++) this.values.push(this.expected(index));
    }
    this.values?.push(value);
    this.length++;
  }

  at(index: number): number {
    return this.values ? this.values.at(index) : this.expected(index);
  }

  get bytes(): number {
    return this.values?.bytes ?? 0;
  }
}

/** Lists of numbers, appended one by one; where each has exactly one number, they take the memory of a column. */
export class NumberLists {
  private readonly pool = new Column();
  private readonly ends = new SparseColumn(
    () => new Column(0),
    (index) => index + 1,
  );

  get length(): number {
    return this.ends.length;
  }

  push(numbers: Iterable<number>): void {
    for (const number of numbers) this.pool.push(number);
    this.ends.push(this.pool.length);
  }

  /** The list at a position below `length`. */
  at(index: number): number[] {
    const start = this.startOf(index);
    return Array.from({ length: this.ends.at(index) - start }, (_, i) => this.pool.at(start + i));
  }

  has(index: number, number: number): boolean {
    const end = this.ends.at(index);
    for (let i = this.startOf(index); i < end; i++) if (this.pool.at(i) === number) return true;
    return false;
  }

  get bytes(): number {
    return this.pool.bytes + this.ends.bytes;
  }

  private startOf(index: number): number {
    return index === 0 ? 0 : this.ends.at(index - 1);
  }
}
