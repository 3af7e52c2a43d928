import { UnavailableError } from 'gatehouse/kernel/errors';

/** Keys, each of which one owner at a time may hold. Those who wait get it in the order of asking. */
export interface KeyLocks {
  /**
   * Holds the keys for the owner, together with those that he holds already.
   * @throws UnavailableError when one of them is not free in time; those that were free stay held.
   */
  hold(owner: object, keys: readonly string[], patience: number): Promise<void>;
  /** Gives everything of the owner free. */
  release(owner: object): void;
}

interface Waiting {
  readonly owner: object;
  readonly granted: () => void;
}

export function createKeyLocks(): KeyLocks {
  const holders = new Map<string, object>();
  const held = new Map<object, Set<string>>();
  const queues = new Map<string, Waiting[]>();

  const give = (owner: object, key: string) => {
    holders.set(key, owner);
    held.set(owner, (held.get(owner) ?? new Set()).add(key));
  };
  const wait = (owner: object, key: string, patience: number) =>
    new Promise<void>((resolve, reject) => {
      const queue = queues.get(key) ?? [];
      queues.set(key, queue);
      const entry: Waiting = {
        owner,
        granted() {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(entry), 1);
        reject(new UnavailableError('Something else is changing the same row for too long. Try again.'));
      }, patience);
      queue.push(entry);
    });

  return {
    async hold(owner, keys, patience) {
      // In one order for all: two owners who want the same keys never wait for each other.
      for (const key of [...new Set(keys)].sort()) {
        const holder = holders.get(key);
        if (holder === undefined) give(owner, key);
        else if (holder !== owner) await wait(owner, key, patience);
      }
    },
    release(owner) {
      for (const key of held.get(owner) ?? []) {
        holders.delete(key);
        const next = queues.get(key)?.shift();
        if (!next) {
          queues.delete(key);
          continue;
        }
        give(next.owner, key);
        next.granted();
      }
      held.delete(owner);
    },
  };
}
