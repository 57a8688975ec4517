/** Numbers that are appended one by one and read by position; kept in blocks, so that growing copies nothing. */
export class Column<A extends Uint32Array | Float64Array = Uint32Array> {
  private readonly blocks: A[] = [];
  private readonly makeBlock: (size: number) => A;
  length = 0;

  constructor(makeBlock: (size: number) => A) {
    this.makeBlock = makeBlock;
  }

  push(value: number): void {
    const at = this.length++ % BLOCK;
    if (at === 0) this.blocks.push(this.makeBlock(BLOCK));
    this.blocks.at(-1)![at] = value;
  }

  /** The value at a position below `length`. */
  at(index: number): number {
    return this.blocks[Math.floor(index / BLOCK)]![index % BLOCK]!;
  }

  /** Adds to the value at a position below `length`. */
  add(index: number, value: number): void {
    this.blocks[Math.floor(index / BLOCK)]![index % BLOCK]! += value;
  }

  clear(): void {
    this.blocks.length = 0;
    this.length = 0;
  }

  get bytes(): number {
    return this.blocks.reduce((total, block) => total + block.byteLength, 0);
  }
}

/** Values of a block: small data wastes little, and large data has few blocks. */
const BLOCK = 4096;

export const uint32Column = (): Column => new Column((size) => new Uint32Array(size));
export const float64Column = (): Column<Float64Array> => new Column((size) => new Float64Array(size));

/** A column of numbers that mostly are what is expected at their position: it takes memory from the first other one on. */
export class SparseColumn<A extends Uint32Array | Float64Array> {
  private values: Column<A> | undefined;
  private readonly open: () => Column<A>;
  private readonly expected: (index: number) => number;
  length = 0;

  constructor(open: () => Column<A>, expected: (index: number) => number) {
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
  private readonly pool = uint32Column();
  private readonly ends = new SparseColumn(uint32Column, (index) => index + 1);

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
