import type { Clock } from '#kernel/clock.ts';
import type { NewLogLine } from '#resolvers/platform/jobs/log.ts';

/** Lines that are kept in one statement, at most. */
const batch = 500;
/** Milliseconds that a line waits for others to come. */
const gather = 50;
/** Milliseconds before a storage that did not answer is asked again. */
const retry = 1000;

interface Entry {
  readonly line: NewLogLine;
  readonly kept: () => void;
}

/** The lines of one run on their way to the storage: in order, and none left out while the run has its fence. */
export class RunLog {
  readonly #keep: (lines: readonly NewLogLine[]) => Promise<boolean>;
  readonly #clock: Clock;
  readonly #refused: () => void;
  readonly #waiting: Entry[] = [];
  #writing: Promise<void> | null = null;
  #hurry: (() => void) | null = null;
  #isOver = false;

  /**
   * @param keep false when the run has lost its fence.
   * @param refused called then.
   */
  constructor(keep: (lines: readonly NewLogLine[]) => Promise<boolean>, clock: Clock, refused: () => void) {
    this.#keep = keep;
    this.#clock = clock;
    this.#refused = refused;
  }

  /** Resolves when the line is kept, or nobody wants it any more. */
  write(line: NewLogLine): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    return new Promise((kept) => {
      this.#waiting.push({ line, kept });
      if (this.#waiting.length >= batch) this.#hurry?.();
      this.#writing ??= this.#writeAll().finally(() => {
        this.#writing = null;
      });
    });
  }

  /** Resolves when everything written before is kept. */
  async flush(): Promise<void> {
    while (this.#writing) {
      this.#hurry?.();
      await this.#writing;
    }
  }

  /** Forgets what is not kept: the run is another's. */
  end(): void {
    this.#isOver = true;
    this.#hurry?.();
    for (const { kept } of this.#waiting.splice(0)) kept();
  }

  async #writeAll(): Promise<void> {
    await this.#pause(gather);
    while (this.#waiting.length > 0 && !this.#isOver) {
      const entries = this.#waiting.slice(0, batch);
      try {
        const isKept = await this.#keep(entries.map(({ line }) => line));
        this.#waiting.splice(0, entries.length);
        for (const { kept } of entries) kept();
        if (isKept) continue;
        this.end();
        this.#refused();
      } catch {
        await this.#pause(retry);
      }
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(milliseconds, go);
      const hurry = go;
      this.#hurry = hurry;
      function go() {
        timer.cancel();
        resolve();
      }
    });
  }
}
