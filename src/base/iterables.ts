/** What a function makes of each item, one after the other. */
export function* mapped<T, U>(items: Iterable<T>, value: (item: T) => U): Generator<U> {
  for (const item of items) yield value(item);
}

export function every<T>(items: Iterable<T>, holds: (item: T) => boolean): boolean {
  for (const item of items) if (!holds(item)) return false;
  return true;
}

/** How many items something holds for. */
export function countOf<T>(items: Iterable<T>, holds: (item: T) => boolean): number {
  let count = 0;
  for (const item of items) if (holds(item)) count++;
  return count;
}
