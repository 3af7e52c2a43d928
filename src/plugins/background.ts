import type { Background } from '#kernel/background.ts';
import type { Logger } from '#kernel/log.ts';
import { openUnits } from '#kernel/unit.ts';

/** The work of one process that no request waits for. */
export class BackgroundWork implements Background {
  readonly #log: Logger;
  readonly #running = new Set<Promise<void>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  run(name: string, work: () => Promise<unknown>): void {
    const running = openUnits
      .run(null, work)
      .then(() => undefined)
      .catch((error: unknown) => this.#log.error({ err: error, work: name }, 'Work in the background failed.'))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when nothing is under way, also of what was begun meanwhile. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
