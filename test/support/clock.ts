/** A clock that stands until a test moves it. */
import type { Clock } from '#kernel/clock.ts';

export interface FakeClock extends Clock {
  /** Moves on at once: timers that are due on the way are called in their order, each at its own time. */
  advance(milliseconds: number): void;
  /** Moves on in steps, and lets everything that a step set going come to rest before the next one. */
  walk(milliseconds: number, step?: number, rest?: () => Promise<unknown>): Promise<void>;
  /** Jumps to an instant, without a stop on the way. */
  jump(to: number): void;
}

interface Waiting {
  readonly at: number;
  readonly fn: () => void;
}

export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start;
  const waiting = new Set<Waiting>();
  const due = (until: number) =>
    [...waiting].filter(({ at }) => at <= until).sort((one, other) => one.at - other.at)[0];

  function advance(milliseconds: number): void {
    const until = now + milliseconds;
    for (let next = due(until); next; next = due(until)) {
      waiting.delete(next);
      now = Math.max(now, next.at);
      next.fn();
    }
    now = until;
  }

  return {
    now: () => now,
    after(delay, fn) {
      const timer = { at: now + Math.max(delay, 0), fn };
      waiting.add(timer);
      return { cancel: () => void waiting.delete(timer) };
    },
    advance,
    async walk(milliseconds, step = 1000, rest = () => new Promise((resolve) => setImmediate(resolve))) {
      for (let gone = 0; gone < milliseconds; gone += step) {
        advance(Math.min(step, milliseconds - gone));
        await rest();
      }
    },
    jump(to) {
      now = to;
      advance(0);
    },
  };
}
