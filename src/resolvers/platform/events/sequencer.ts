import type { EventLogStore } from '#kernel/event.ts';
import type { Logger } from '#kernel/log.ts';

/**
 * Numbers committed events. Every process has one; the store lets one work at a time. A process numbers what it
 * committed itself at once, and at every poll what a process that died left behind.
 */
export class Sequencer {
  readonly #store: EventLogStore;
  readonly #batch: number;
  readonly #log: Logger;
  readonly #numbered: () => void;
  readonly #took: (seconds: number) => void;
  /** The pass under way, and the one that begins after it for whoever came meanwhile. */
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  /**
   * @param options.numbered called after each batch.
   * @param options.took told how long a batch took.
   */
  constructor(
    store: EventLogStore,
    options: { batch: number; log: Logger; numbered: () => void; took: (seconds: number) => void },
  ) {
    this.#store = store;
    this.#batch = options.batch;
    this.#log = options.log;
    this.#numbered = options.numbered;
    this.#took = options.took;
  }

  /** After a commit: numbers soon, without making the caller wait. */
  kick(): void {
    this.flush().catch((error) => this.#log.warn({ err: error }, 'Events wait for their numbers; trying again soon.'));
  }

  /** Everything committed before this call has its number when it returns. */
  flush(): Promise<void> {
    if (!this.#running) {
      this.#running = this.#pass().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    // A pass under way may have looked already; one that starts after it covers every caller until then.
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = null;
        return this.flush();
      });
    return this.#next;
  }

  async #pass(): Promise<void> {
    for (;;) {
      const begun = performance.now();
      const count = await this.#store.number(this.#batch);
      if (count > 0) this.#took((performance.now() - begun) / 1000);
      if (count > 0) this.#numbered();
      if (count < this.#batch) return;
    }
  }
}
