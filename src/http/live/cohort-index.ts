import type { Cohort } from '#http/live/cohort.ts';
import type { StoredEvent } from '#kernel/event.ts';
import type { Told } from '#kernel/present.ts';

/**
 * Finds the cohorts that an event may concern without asking the others: by subject where they name subjects, else by
 * the event names or prefixes they ask for.
 */
export class CohortIndex {
  readonly #bySubject = new Map<string, Set<Cohort>>();
  readonly #byName = new Map<string, Set<Cohort>>();
  readonly #byPresent = new Map<string, Set<Cohort>>();

  add(cohort: Cohort): void {
    for (const [index, key] of this.#places(cohort)) index.set(key, (index.get(key) ?? new Set()).add(cohort));
  }

  remove(cohort: Cohort): void {
    for (const [index, key] of this.#places(cohort)) {
      const set = index.get(key);
      set?.delete(cohort);
      if (set?.size === 0) index.delete(key);
    }
  }

  /** Each cohort once. */
  candidates(event: StoredEvent): Iterable<Cohort> {
    const found = new Set<Cohort>(event.subject === null ? [] : this.#bySubject.get(event.subject));
    for (const key of patternsOf(event.name)) for (const cohort of this.#byName.get(key) ?? []) found.add(cohort);
    return found;
  }

  /** Those that tell how a thing stands. */
  watching({ type, subject }: Pick<Told, 'type' | 'subject'>): Iterable<Cohort> {
    return this.#byPresent.get(presentKey(type, subject)) ?? [];
  }

  #places(cohort: Cohort): [Map<string, Set<Cohort>>, string][] {
    const { subjects, names, present } = cohort.selection;
    const places: [Map<string, Set<Cohort>>, string][] = subjects
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
