import type { Clock } from '#kernel/clock.ts';

/** Something that is done again and again. */
export interface Repeated {
  /** Does it now, or once more after the one that is under way; resolves when that is done. */
  now(): Promise<void>;
  /** Resolves when what is under way is done; it is not done again. */
  stop(): Promise<void>;
}

/**
 * Does something at an interval, one at a time.
 * @param failed told what it threw; it is done again all the same.
 */
export function repeat(clock: Clock, interval: number, work: () => Promise<void>, failed: (error: unknown) => void) {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let isStopped = false;
  let timer = clock.after(interval, () => void repeated.now());

  async function once(): Promise<void> {
    timer.cancel();
    try {
      await work();
    } catch (error) {
      failed(error);
    }
    running = null;
    if (!isStopped) timer = clock.after(interval, () => void repeated.now());
  }

  const repeated: Repeated = {
    now() {
      if (isStopped) return Promise.resolve();
      if (!running) {
        running = once();
        return running;
      }
      next ??= running.then(() => {
        next = null;
        return repeated.now();
      });
      return next;
    },
    async stop() {
      isStopped = true;
      timer.cancel();
      await (next ?? running);
    },
  };
  return repeated;
}
