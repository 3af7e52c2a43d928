import type { StoredEvent } from '#kernel/event.ts';
import { definePort } from '#kernel/port.ts';
import { isHookable } from '#resolvers/platform/hooks/pattern.ts';

/**
 * What one process knows of events that no hook is for, so that it need not look at the hooks at each of them. It forgets
 * it all whenever something happens to a hook, whichever process did that: the log tells.
 */
export class HookInterest {
  readonly #unwanted = new Set<string>();
  #changes = 0;

  /** To be asked of the events of the log in their order. */
  wants({ name }: Pick<StoredEvent, 'name'>): boolean {
    if (name.startsWith('platform.hook.')) {
      this.#changes += 1;
      this.#unwanted.clear();
      return true;
    }
    return isHookable(name) && !this.#unwanted.has(name);
  }

  /** Begins a look at the hooks. @returns takes the names of events that none is for. */
  look(): (names: Iterable<string>) => void {
    const changes = this.#changes;
    return (names) => {
      // Hooks that changed during the look may not have been seen by it.
      if (changes === this.#changes) for (const name of names) this.#unwanted.add(name);
    };
  }
}

export const hookInterest = definePort<HookInterest>('platform.hooks.interest');
