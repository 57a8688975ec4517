/** A place outside of memory that bytes are appended to, such as a temporary file. */
export interface Spill {
  append(bytes: Uint8Array): void;
  /** Fills `target` with the bytes from a position on. */
  read(target: Uint8Array, position: number): void;
}

export type OpenSpill = () => Spill;

/** Bytes that a store keeps in memory before it begins to spill. */
const IN_MEMORY = 32 * 2 ** 20;
/** Bytes that are written at once, and read ahead where reading goes on in order. */
const BLOCK = 2 ** 18;

/**
 * Bytes that are appended, and read by position: in memory as long as they are few, then in a spill that is opened at
 * need. Without `openSpill` all stay in memory.
 */
export class ByteStore {
  private readonly openSpill: OpenSpill | undefined;
  private readonly inMemory: number;
  private spill: Spill | undefined;
  /** The bytes that were added last; those before lie in the spill. */
  private tail = new Uint8Array(2 ** 12);
  private tailStart = 0;
  private ahead = new Uint8Array(0);
  private aheadStart = 0;
  private aheadEnd = 0;
  /** Bytes that were added. */
  length = 0;

  constructor(openSpill?: OpenSpill, inMemory: number = IN_MEMORY) {
    this.openSpill = openSpill;
    this.inMemory = inMemory;
  }

  append(bytes: Uint8Array): void {
    this.room(bytes.length).set(bytes);
    this.length += bytes.length;
  }

  /** Memory for at least so many bytes behind the last; what is written there is added by raising `length`. */
  room(bytes: number): Uint8Array {
    const used = this.length - this.tailStart;
    if (used + bytes > this.tail.length) this.enlarge(used, bytes);
    return this.tail.subarray(this.length - this.tailStart);
  }

  /** Bytes from a position to another; read only, and only until the next call. */
  read(start: number, end: number): Uint8Array {
    if (start >= this.tailStart) return this.tail.subarray(start - this.tailStart, end - this.tailStart);
    if (start < this.aheadStart || end > this.aheadEnd) {
      // What follows closely on what was read is part of reading in order; all else is a jump.
      const isNext = start >= this.aheadStart && start <= this.aheadEnd + BLOCK;
      const size = Math.max(isNext ? Math.min(BLOCK, this.tailStart - start) : 0, end - start);
      if (this.ahead.length < size) this.ahead = new Uint8Array(size);
      this.spill!.read(this.ahead.subarray(0, size), start);
      this.aheadStart = start;
      this.aheadEnd = start + size;
    }
    return this.ahead.subarray(start - this.aheadStart, end - this.aheadStart);
  }

  /** Bytes of memory that it takes. */
  get memory(): number {
    return this.tail.length + this.ahead.length;
  }

  private enlarge(used: number, bytes: number): void {
    if (this.spill || (this.openSpill && used + bytes > this.inMemory)) {
      this.spill ??= this.openSpill!();
      this.spill.append(this.tail.subarray(0, used));
      this.tailStart = this.length;
      const size = Math.max(BLOCK, bytes);
      if (this.tail.length !== size) this.tail = new Uint8Array(size);
    } else {
      const larger = new Uint8Array(
        Math.max(used + bytes, this.openSpill ? Math.min(2 * used, this.inMemory) : 2 * used),
      );
      larger.set(this.tail.subarray(0, used));
      this.tail = larger;
    }
  }
}
