import type { Session } from "./session.js";

/** A session that is opened when it is first asked for, with what else its maker knows about it. */
export class LazySession<T extends { readonly session: Session }> {
  private readonly make: () => Promise<T>;
  private opened: T | undefined;

  constructor(make: () => Promise<T>) {
    this.make = make;
  }

  async get(): Promise<T> {
    this.opened ??= await this.make();
    return this.opened;
  }

  /** Disposes of the session; asked for again, it is opened anew. */
  async close(): Promise<void> {
    const { opened } = this;
    this.opened = undefined;
    await opened?.session.dispose();
  }
}
