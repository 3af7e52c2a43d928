import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import type { BlockPlace } from '#resolvers/threat/content-blocks/content-block.ts';
import type { PartEnd, ResultSet, ResultSetStore } from '#resolvers/threat/polls/result-set.ts';

interface KnownSet extends ResultSet {
  /** Where parts end, by number. */
  readonly ends: ReadonlyMap<number, BlockPlace>;
}

const sets = defineTable<KnownSet>('resultSet');

/** Units that write come one after another, so a lock has nothing to do. */
export class MemoryResultSets implements ResultSetStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  insert(set: ResultSet): Promise<void> {
    return this.#session.run((tables) => tables(sets).set(set.id, { ...set, ends: new Map() }));
  }

  getMany(ids: readonly string[]): Promise<(ResultSet | null)[]> {
    return this.#session.run((tables) => ids.map((id) => toSet(tables(sets).get(id.toLowerCase()))));
  }

  lock(id: string): Promise<ResultSet | null> {
    return this.#session.run((tables) => toSet(tables(sets).get(id.toLowerCase())));
  }

  nearestEnd(id: string, part: number): Promise<PartEnd | null> {
    return this.#session.run((tables) => {
      const ends = [...(tables(sets).get(id)?.ends ?? [])].filter(([number]) => number <= part);
      const [nearest] = ends.sort(([one], [other]) => other - one);
      return nearest ? { part: nearest[0], last: nearest[1] } : null;
    });
  }

  keepEnds(id: string, ends: readonly PartEnd[]): Promise<void> {
    return this.#session.run((tables) => {
      const set = tables(sets).get(id);
      if (!set) return;
      const fresh = ends.filter(({ part }) => !set.ends.has(part)).map(({ part, last }) => [part, last] as const);
      tables(sets).set(id, { ...set, ends: new Map([...set.ends, ...fresh]) });
    });
  }

  countExpired(now: string): Promise<number> {
    return this.#session.run((tables) => expired(tables, now).length);
  }

  deleteExpired(now: string, limit: number): Promise<number> {
    return this.#session.run((tables) => {
      const gone = expired(tables, now).slice(0, limit);
      for (const { id } of gone) tables(sets).delete(id);
      return gone.length;
    });
  }

  deleteOfDataCollections(dataCollectionIds: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const { id, dataCollectionId } of [...tables(sets).values()])
        if (dataCollectionIds.includes(dataCollectionId)) tables(sets).delete(id);
    });
  }
}

function toSet(known: KnownSet | undefined): ResultSet | null {
  if (!known) return null;
  const { ends: _, ...set } = known;
  return set;
}

const expired = (tables: Tables, now: string): KnownSet[] =>
  [...tables(sets).values()]
    .filter(({ expiresAt }) => expiresAt <= now)
    .sort((one, other) => (`${one.expiresAt}${one.id}` < `${other.expiresAt}${other.id}` ? -1 : 1));
