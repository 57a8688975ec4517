/** A text made of another: of each UTF-16 unit, from where to where in the original it comes. */
export interface Aligned {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** A text that is its own original. */
export function unchanged(text: string): Aligned {
  const starts = Array.from({ length: text.length }, (_, i) => i);
  return { text, starts, ends: starts.map((start) => start + 1) };
}

export const sliced = ({ text, starts, ends }: Aligned, from: number, to: number): Aligned => ({
  text: text.slice(from, to),
  starts: starts.slice(from, to),
  ends: ends.slice(from, to),
});

/** A part of an aligned text that became `text`; each of its units comes from all of the part. */
export interface Rewritten {
  readonly text: string;
  /** The part's units. */
  readonly from: number;
  readonly to: number;
}

/** Parts behind each other as one text. A part without units stands before the unit `from`. */
export function rewritten(original: Aligned, parts: readonly Rewritten[]): Aligned {
  const starts: number[] = [];
  const ends: number[] = [];
  let text = "";
  for (const part of parts) {
    const [start, end] = rangeOf(original, part.from, part.to);
    text += part.text;
    for (let i = 0; i < part.text.length; i++) {
      starts.push(start);
      ends.push(end);
    }
  }
  return { text, starts, ends };
}

/** Where the units [from, to) of an aligned text come from; without units, the place before `from`. */
export function rangeOf({ starts, ends }: Aligned, from: number, to: number): [start: number, end: number] {
  if (from >= to) {
    const place = starts[from] ?? ends.at(-1) ?? 0;
    return [place, place];
  }
  let [start, end] = [Number.POSITIVE_INFINITY, 0];
  for (let i = from; i < to; i++) {
    start = Math.min(start, starts[i]!);
    end = Math.max(end, ends[i]!);
  }
  return [start, end];
}
