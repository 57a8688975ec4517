/** Exit codes as shells give them: 128 plus the signal's number. */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Signals that ask a command to stop. */
export interface StopSignals {
  /** Of the signal that came, undefined if none did. */
  readonly exitCode: number | undefined;
  /** Signals end the process again at once. */
  release(): void;
}

/**
 * Calls `stop` at the first Ctrl-C, SIGTERM or SIGHUP (a closed terminal) instead of ending the process; a second
 * Ctrl-C or SIGTERM ends it.
 */
export function onStopSignals(stop: () => void): StopSignals {
  let exitCode: number | undefined;
  const listeners = Object.entries(exitCodes).map(([signal, code]) => {
    const listener = () => {
      if (exitCode === undefined) {
        exitCode = code;
        stop();
      } else if (signal !== "SIGHUP") {
        // A closed terminal may tell twice, itself and through the shell: that is no second request.
        // Not process.exit, which would wait for the worker and crash in the graph that it runs.
        release();
        process.kill(process.pid, signal);
      }
    };
    process.on(signal, listener);
    return { signal, listener };
  });
  const release = (): void => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
  return {
    get exitCode() {
      return exitCode;
    },
    release,
  };
}
