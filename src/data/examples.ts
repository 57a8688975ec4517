import { Column, NumberLists, SparseColumn } from "../base/column.js";
import type { OpenSpill } from "./byte-store.js";
import type { Example } from "./example.js";
import { TextStore, type Texts } from "./texts.js";

/**
 * Labelled rows, to be read only: an array of examples is one. Large ones aren't in memory: `at` and the iteration make
 * an example when it is asked for, so nothing should hold many.
 */
export interface Examples extends Iterable<Example> {
  readonly length: number;
  /** Undefined beyond the last. */
  at(index: number): Example | undefined;
  map<T>(value: (example: Example, index: number) => T): T[];
}

/** Makes `Examples` of rows that come one after the other. */
export interface ExamplesBuilder {
  add(example: Example): void;
  readonly length: number;
  /** All labels that occurred, in the order of their first rows. */
  readonly labels: readonly string[];
  /** The examples so far; those added later are in it, too. */
  readonly examples: Examples;
  /** Bytes of memory that they take. */
  readonly bytes: number;
}

/** Some of the examples, in a given order; copies none. */
export function viewOf(examples: Examples, indices: Uint32Array): Examples {
  return collection(
    () => indices.length,
    (index) => examples.at(indices[index]!)!,
  );
}

/** Examples that others hold, one after the other. */
export function joined(parts: readonly Examples[]): Examples {
  const length = parts.reduce((total, part) => total + part.length, 0);
  return collection(
    () => length,
    (index) => {
      let within = index;
      for (const part of parts) {
        if (within < part.length) return part.at(within)!;
        within -= part.length;
      }
      throw new RangeError(`There is no example ${index}.`);
    },
  );
}

/** All that an example says: a pair is both texts with a line break between. */
export const wholeText = ({ text, pair }: { text: string; pair?: string | undefined }): string =>
  pair === undefined ? text : `${text}\n${pair}`;

/** The texts of examples, pairs as one text each; copies none. */
export const textsOf = (examples: Examples): Texts => ({
  get length() {
    return examples.length;
  },
  at(index) {
    const example = examples.at(index);
    return example && wholeText(example);
  },
});

/**
 * Rows as columns of numbers, and their texts as UTF-8: in memory while they are small, then in files that `openSpill`
 * opens. A row takes 3 to 6 bytes of memory, as many more for a pair or a group, and 8 for a time.
 */
export function examplesBuilder(openSpill?: OpenSpill): ExamplesBuilder {
  const texts = new TextStore(openSpill);
  const pairs = new OptionalTexts(openSpill);
  const groups = new OptionalTexts(openSpill);
  const rows = new Column(1);
  const lines = new SparseColumn(
    () => new Column(1),
    () => 0,
  );
  const times = new SparseColumn(
    () => new Column(),
    () => Number.NaN,
  );
  const labels = labelLists();

  const exampleAt = (index: number): Example => {
    const [line, time, pair, group] = [lines.at(index), times.at(index), pairs.at(index), groups.at(index)];
    return {
      text: texts.at(index)!,
      labels: labels.at(index),
      row: rows.at(index),
      ...(line > 0 && { line }),
      ...(pair !== undefined && { pair }),
      ...(group !== undefined && { group }),
      ...(!Number.isNaN(time) && { time }),
    };
  };
  return {
    add({ text, labels: names, row, line, pair, group, time }) {
      texts.push(text);
      labels.push(names);
      rows.push(row);
      lines.push(line ?? 0);
      pairs.push(pair);
      groups.push(group);
      times.push(time ?? Number.NaN);
    },
    get length() {
      return texts.length;
    },
    labels: labels.names,
    examples: collection(() => texts.length, exampleAt),
    get bytes() {
      return [texts, pairs, groups, rows, lines, times, labels].reduce((sum, { bytes }) => sum + bytes, 0);
    },
  };
}

/** The labels of each row, as numbers of names. */
function labelLists() {
  const names: string[] = [];
  const numbers = new Map<string, number>();
  const lists = new NumberLists();
  const numberOf = (name: string): number => {
    let number = numbers.get(name);
    if (number === undefined) {
      number = names.push(name) - 1;
      numbers.set(name, number);
    }
    return number;
  };
  return {
    names,
    push: (labels: readonly string[]) => lists.push(labels.map(numberOf)),
    at: (index: number) => lists.at(index).map((number) => names[number]!),
    get bytes() {
      return lists.bytes;
    },
  };
}

/** Texts that rows may lack; opened with the first. */
class OptionalTexts {
  private store: TextStore | undefined;
  private readonly openSpill: OpenSpill | undefined;
  private length = 0;

  constructor(openSpill: OpenSpill | undefined) {
    this.openSpill = openSpill;
  }

  push(text: string | undefined): void {
    if (text !== undefined && !this.store) {
      this.store = new TextStore(this.openSpill);
      for (let index = 0; index < this.length; index++) this.store.push(ABSENT);
    }
    this.store?.push(text === undefined ? ABSENT : PRESENT + text);
    this.length++;
  }

  at(index: number): string | undefined {
    const found = this.store?.at(index);
    return found === undefined || found === ABSENT ? undefined : found.slice(PRESENT.length);
  }

  get bytes(): number {
    return this.store?.bytes ?? 0;
  }
}

const ABSENT = "";
const PRESENT = "+";

function collection(length: () => number, exampleAt: (index: number) => Example): Examples {
  return {
    get length() {
      return length();
    },
    at(index) {
      const from = index < 0 ? length() + index : index;
      return from >= 0 && from < length() ? exampleAt(from) : undefined;
    },
    map(value) {
      return Array.from({ length: length() }, (_, index) => value(exampleAt(index), index));
    },
    *[Symbol.iterator]() {
      for (let index = 0; index < length(); index++) yield exampleAt(index);
    },
  };
}
