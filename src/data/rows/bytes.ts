/** The beginning of a stream, and the stream with its beginning put back. */
export interface Peeked {
  /** At least `size` bytes, or all there are. */
  head: Uint8Array;
  /** Whether `head` is all. */
  whole: boolean;
  /** Everything from the first byte on; to be read once. */
  all: AsyncIterable<Uint8Array>;
}

/** Reads so much of a stream that its format can be told, without losing anything of it. */
export async function peek(bytes: AsyncIterable<Uint8Array>, size: number): Promise<Peeked> {
  const iterator = bytes[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let whole = false;
  while (length < size && !whole) {
    const { value, done } = await iterator.next();
    if (done) whole = true;
    else {
      chunks.push(value);
      length += value.length;
    }
  }
  const head = joinBytes(chunks);
  async function* all(): AsyncGenerator<Uint8Array> {
    yield head;
    try {
      while (!whole) {
        const { value, done } = await iterator.next();
        if (done) whole = true;
        else yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head, whole, all: all() };
}

export function joinBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}

/** Whether bytes begin with a magic number that is given as characters. */
export const startsWith = (bytes: Uint8Array, magic: string): boolean =>
  [...magic].every((character, i) => bytes[i] === character.charCodeAt(0));
