import { type Context, microseconds } from '#kernel/context.ts';
import {
  type ImportPhase,
  type ImportProgress,
  importObserver,
  importStore,
} from '#resolvers/network/imports/inventory-import.ts';

/** Milliseconds between two reports of one phase. */
const pause = 250;

/** Tells how far an import is: observers at once, and the storage between transactions only. */
export class ProgressTeller {
  readonly #ctx: Context;
  #id: string | null = null;
  #phase: ImportPhase | null = null;
  #toldAt = 0;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** From here on the import is in the storage. */
  record(id: string): void {
    this.#id = id;
  }

  /** @returns once observers know; nothing is written here, so it may be called inside a transaction. */
  tell(progress: ImportProgress): void {
    const now = this.#ctx.clock.now();
    if (progress.phase === this.#phase && now - this.#toldAt < pause) return;
    this.#phase = progress.phase;
    this.#toldAt = now;
    for (const observer of this.#ctx.all(importObserver)) observer.progressed(progress);
  }

  /** Enters a phase, and writes that down. Never inside a transaction: the storage may have one connection. */
  async enter(progress: ImportProgress): Promise<void> {
    this.tell(progress);
    if (this.#id) await this.#ctx.use(importStore).touch(this.#id, progress, microseconds(this.#ctx.clock.now()));
  }
}
