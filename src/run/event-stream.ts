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

/** How far a job is. */
export interface ProgressReport {
  done: number;
  total: number;
}

/** Runs a job that reports its progress, and tells the newest report whenever somebody asks for the next. */
export async function* reporting<T>(
  job: (report: (done: number, total: number) => void) => Promise<T>,
): AsyncGenerator<ProgressReport, T> {
  let newest: ProgressReport | undefined;
  let wake = () => {};
  const finished = job((done, total) => {
    newest = { done, total };
    wake();
  });
  const ended = finished.then(
    () => true,
    () => true,
  );
  for (;;) {
    const reported = new Promise<boolean>((resolve) => {
      wake = () => resolve(false);
    });
    if (newest) {
      const report = newest;
      newest = undefined; // while the one who asked is busy, another may come
      yield report;
    } else if (await Promise.race([reported, ended])) {
      return finished;
    }
  }
}

/** Runs a job that tells events, and gives each of them in turn, then its result. */
export async function* telling<E, T>(job: (tell: (event: E) => void) => Promise<T>): AsyncGenerator<E, T> {
  const events: E[] = [];
  let wake = () => {};
  const finished = job((event) => {
    events.push(event);
    wake();
  });
  const ended = finished.then(
    () => true,
    () => true,
  );
  for (let over = false; ; ) {
    const next = events.shift();
    if (next !== undefined) yield next;
    else if (over) return finished;
    else {
      const told = new Promise<boolean>((resolve) => {
        wake = () => resolve(false);
      });
      over = await Promise.race([told, ended]);
    }
  }
}
