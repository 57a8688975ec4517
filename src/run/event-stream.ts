/** Events of a job that runs whether or not anybody listens, each told once, and its result. */
export interface EventStream<E, R> extends AsyncIterable<E> {
  readonly result: Promise<R>;
}

/** Starts a generator and keeps its events until somebody iterates over them. */
export function eventStream<E, R>(job: AsyncGenerator<E, R>): EventStream<E, R> {
  const events: E[] = [];
  let ended = false;
  const waiting: (() => void)[] = [];
  const wake = () => {
    for (const listener of waiting.splice(0)) listener();
  };
  const result = (async () => {
    try {
      for (;;) {
        const { value, done } = await job.next();
        if (done) return value;
        events.push(value);
        wake();
      }
    } finally {
      ended = true;
      wake();
    }
  })();
  result.catch(() => {}); // whoever awaits the result or iterates hears of it

  return {
    result,
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const next = events.shift();
        if (next !== undefined) yield next;
        else if (ended) break;
        else await new Promise<void>((resolve) => waiting.push(resolve));
      }
      await result;
    },
  };
}
