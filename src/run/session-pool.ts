import type { Session } from "./session.js";

/** A session with what its user knows about it, and roughly the bytes that its runs hold on to. */
export interface Pooled<S extends Disposable = Session> {
  readonly session: S;
  readonly bytes: number;
}

interface Disposable {
  dispose(): Promise<void>;
}

/** Keeps sessions by key; beyond a memory budget those not used for longest are disposed of. */
export class SessionPool {
  private readonly budget: number;
  private readonly entries = new Map<string, Pooled<Disposable>>();

  /** `budget` in bytes; default 6 GiB. The session asked for last always stays. */
  constructor(budget = 6 * 2 ** 30) {
    this.budget = budget;
  }

  async get<T extends Pooled<Disposable>>(key: string, open: () => Promise<T>): Promise<T> {
    const entry = (this.entries.get(key) as T | undefined) ?? (await open());
    this.entries.delete(key); // the last in a Map is the one used last
    this.entries.set(key, entry);
    await this.evict();
    return entry;
  }

  async close(): Promise<void> {
    const sessions = [...this.entries.values()];
    this.entries.clear();
    for (const { session } of sessions) await session.dispose();
  }

  private async evict(): Promise<void> {
    let total = [...this.entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [key, { session, bytes }] of this.entries) {
      if (total <= this.budget || this.entries.size === 1) return;
      this.entries.delete(key);
      total -= bytes;
      await session.dispose();
    }
  }
}
