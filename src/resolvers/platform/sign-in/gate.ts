import { UnavailableError } from '#kernel/errors.ts';

/** Lets only so many pieces of work go on at once; the others wait in the order of asking. */
export interface Gate {
  /** @throws UnavailableError when too many wait already. */
  pass<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate(width: number, queue: number): Gate {
  const waiting: (() => void)[] = [];
  let inside = 0;
  return {
    async pass(work) {
      if (waiting.length >= queue) throw new UnavailableError('Too many sign in at once. Try again in a moment.');
      if (inside >= width) await new Promise<void>((enter) => waiting.push(enter));
      else inside += 1;
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else inside -= 1;
      }
    },
  };
}
