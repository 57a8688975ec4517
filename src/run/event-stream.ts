/** Events of a job that runs whether or not anybody listens, and its result. */
export interface EventStream<E, R> extends AsyncIterable<E> {
  readonly result: Promise<R>;
}

/** Starts a generator and keeps its events until somebody iterates over them. */
export function eventStream<E, R>(job: AsyncGenerator<E, R>): EventStream<E, R> {
  const events: E[] = [];
  let ended = false;
  let wake = () => {};
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
        else await new Promise<void>((resolve) => (wake = resolve));
      }
      await result;
    },
  };
}
