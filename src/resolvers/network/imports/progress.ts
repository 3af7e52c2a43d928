import type { Timer } from '#kernel/clock.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { presentStates } from '#kernel/present.ts';
import { storageFacts } from '#kernel/storage.ts';
import {
  type ImportPhase,
  type ImportProgress,
  importGlobalId,
  importProgress,
  importStore,
  type TellingProgress,
} from '#resolvers/network/imports/inventory-import.ts';

/** Milliseconds between two states of one phase. */
const pause = 250;

/** Milliseconds between two signs of life in a storage that others work on too. */
export const heartbeat = 5_000;

/** Tells how far an import is: whoever watches at once, and the storage outside the data's transaction only. */
export class ProgressTeller {
  readonly #ctx: Context;
  readonly #id: string;
  #last: TellingProgress = { phase: 'READ', done: 0, total: 0, counts: [] };
  #phase: ImportPhase | null = null;
  #toldAt = 0;
  #timer: Timer | null = null;

  constructor(ctx: Context, id: string) {
    this.#ctx = ctx;
    this.#id = id;
  }

  /** What was told last. */
  get last(): TellingProgress {
    return this.#last;
  }

  /**
   * Tells where the import is, if it is time to. Nothing is written here, so it may be called inside a transaction.
   * @param soFar asked only when it is told.
   */
  tell(phase: ImportPhase, total: number, soFar: () => Pick<TellingProgress, 'done' | 'counts'>): void {
    const now = this.#ctx.clock.now();
    if (phase === this.#phase && now - this.#toldAt < pause) return;
    this.#phase = phase;
    this.#toldAt = now;
    this.#last = { phase, total, ...soFar() };
    this.#ctx.use(presentStates).tell(importProgress, importGlobalId(this.#id), this.#last);
  }

  /** Enters a phase, and writes that down. Never inside a transaction: the storage may have one connection. */
  async enter(phase: ImportPhase, total: number): Promise<void> {
    this.tell(phase, total, nothingYet);
    await this.#touch({ phase, done: 0, total });
  }

  /**
   * From now on others see that the import is at work, also inside its transaction. Not in a storage that belongs to
   * this process: there the statement would wait behind the transaction, and nobody else looks.
   */
  beat(): void {
    if (this.#ctx.find(storageFacts)?.shared !== true) return;
    this.#timer = this.#ctx.clock.after(heartbeat, () => {
      // At the end it waits for the import itself, and then finds it ended.
      this.#touch(this.#last).catch((error: unknown) =>
        this.#ctx.log.warn({ err: error }, 'That an import is at work could not be written down.'),
      );
      this.beat();
    });
  }

  rest(): void {
    this.#timer?.cancel();
  }

  #touch({ phase, done, total }: ImportProgress): Promise<void> {
    return this.#ctx.use(importStore).touch(this.#id, { phase, done, total }, microseconds(this.#ctx.clock.now()));
  }
}

export const nothingYet = (): Pick<TellingProgress, 'done' | 'counts'> => ({ done: 0, counts: [] });
