import type { StoredEvent } from '#kernel/event.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import type { Told } from '#kernel/present.ts';

/**
 * Finds the cohorts, or whoever else selects events, that an event may concern without asking the others: by subject
 * where they name subjects, else by the event names or prefixes they ask for.
 */
export class SelectionIndex<Holder extends { readonly selection: FeedSelection }> {
  readonly #bySubject = new Map<string, Set<Holder>>();
  readonly #byName = new Map<string, Set<Holder>>();
  readonly #byPresent = new Map<string, Set<Holder>>();

  add(holder: Holder): void {
    for (const [index, key] of this.#places(holder)) index.set(key, (index.get(key) ?? new Set()).add(holder));
  }

  remove(holder: Holder): void {
    for (const [index, key] of this.#places(holder)) {
      const set = index.get(key);
      set?.delete(holder);
      if (set?.size === 0) index.delete(key);
    }
  }

  /** Each holder once. */
  candidates(event: StoredEvent): Iterable<Holder> {
    const found = new Set<Holder>(event.subject === null ? [] : this.#bySubject.get(event.subject));
    for (const key of patternsOf(event.name)) for (const holder of this.#byName.get(key) ?? []) found.add(holder);
    return found;
  }

  /** Those that tell how a thing stands. */
  watching({ type, subject }: Pick<Told, 'type' | 'subject'>): Iterable<Holder> {
    return this.#byPresent.get(presentKey(type, subject)) ?? [];
  }

  #places(holder: Holder): [Map<string, Set<Holder>>, string][] {
    const { subjects, names, present } = holder.selection;
    const places: [Map<string, Set<Holder>>, string][] = subjects
      ? [...subjects].map((subject) => [this.#bySubject, subject])
      : [...new Set(names)].map((name) => [this.#byName, name]);
    return present ? [...places, [this.#byPresent, presentKey(present.type, present.subject)]] : places;
  }
}

const presentKey = (type: string, subject: string): string => `${type} ${subject}`;

/** Every pattern that means a name: `a.b.c`, `a.b.*`, `a.*` and `*`. */
function patternsOf(name: string): string[] {
  const parts = name.split('.');
  return [name, '*', ...parts.slice(1).map((_, index) => `${parts.slice(0, index + 1).join('.')}.*`)];
}
