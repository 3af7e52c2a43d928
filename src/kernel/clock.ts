import { definePort } from '#kernel/port.ts';

/** Time as behaviour sees it. Tests put their own hands on it. */
export interface Clock {
  /** Milliseconds since the epoch, UTC. */
  now(): number;
  /** Calls `fn` once, not before `delay` milliseconds are over. Never keeps the process alive. */
  after(delay: number, fn: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

export const clock = definePort<Clock>('clock');

/** Node cuts longer delays to 1 ms. */
const longestDelay = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delay, fn) {
    const timer = setTimeout(fn, Math.min(Math.max(delay, 0), longestDelay));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
