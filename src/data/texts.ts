import { Column } from "../base/column.js";
import { ByteStore, type OpenSpill } from "./byte-store.js";

/** Many texts, by number; an array of strings is one. */
export interface Texts {
  readonly length: number;
  /** Undefined beyond the last. */
  at(index: number): string | undefined;
}

/** Texts as UTF-8, which a lone surrogate can't be: it becomes U+FFFD. Large ones leave memory where there is an `openSpill`. */
export class TextStore implements Texts {
  private readonly ends = new Column(0);
  private readonly store: ByteStore;

  constructor(openSpill?: OpenSpill) {
    this.store = new ByteStore(openSpill);
  }

  get length(): number {
    return this.ends.length;
  }

  push(text: string): void {
    const room = this.store.room(3 * text.length); // no UTF-16 unit takes more
    this.store.length += encoder.encodeInto(text, room).written;
    this.ends.push(this.store.length);
  }

  at(index: number): string | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    const start = index === 0 ? 0 : this.ends.at(index - 1);
    return decoder.decode(this.store.read(start, this.ends.at(index)));
  }

  /** Bytes of memory that it takes. */
  get bytes(): number {
    return this.ends.bytes + this.store.memory;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
