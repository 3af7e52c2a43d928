import type { Hold } from '#kernel/leases.ts';

/** Names held within one process: for storages that no other process can reach. */
export function localHolds(): (name: string, signal: AbortSignal) => Promise<Hold | null> {
  const waiting = new Map<string, (() => void)[]>();

  function letGo(name: string): void {
    const next = waiting.get(name)?.shift();
    if (next) next();
    else waiting.delete(name);
  }

  return async (name, signal) => {
    if (signal.aborted) return null;
    const others = waiting.get(name);
    if (!others) waiting.set(name, []);
    else if (!(await myTurn(others, signal))) return null;
    let isHeld = true;
    return {
      lost: new AbortController().signal,
      async release() {
        if (isHeld) letGo(name);
        isHeld = false;
      },
    };
  };
}

function myTurn(others: (() => void)[], signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const turn = () => {
      signal.removeEventListener('abort', giveUp);
      resolve(true);
    };
    const giveUp = () => {
      others.splice(others.indexOf(turn), 1);
      resolve(false);
    };
    others.push(turn);
    signal.addEventListener('abort', giveUp, { once: true });
  });
}
