import type { PageRequest } from '#kernel/page.ts';
import { defineTable, type Session as StorageSession, type Tables } from '#plugins/storage-memory/database.ts';
import { pageOfRows } from '#plugins/storage-memory/page.ts';
import type { NewSession, Session, SessionStore } from '#resolvers/platform/sessions/session.ts';

const sessionTable = defineTable<NewSession>('session');
/** Ids by the hash of the token. */
const hashTable = defineTable<string>('session_hash');

export class MemorySessions implements SessionStore {
  readonly #session: StorageSession;

  constructor(session: StorageSession) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(Session | null)[]> {
    return this.#session.run((tables) => ids.map((id) => plain(tables(sessionTable).get(id))));
  }

  findByHash(tokenHash: string): Promise<Session | null> {
    return this.#session.run((tables) => plain(tables(sessionTable).get(tables(hashTable).get(tokenHash) ?? '')));
  }

  page(accountId: string, now: string, request: PageRequest) {
    return this.#session.run((tables) => {
      const live = ofAccount(tables, accountId).filter(({ expiresAt }) => expiresAt > now);
      return pageOfRows(live, [{ type: 'uuid', descending: true, value: ({ id }) => id }], request);
    });
  }

  insert(session: NewSession): Promise<Session> {
    return this.#session.run((tables) => {
      tables(sessionTable).set(session.id, session);
      tables(hashTable).set(session.tokenHash, session.id);
      return withoutHash(session);
    });
  }

  extend(id: string, extendedAt: string, next: Pick<Session, 'extendedAt' | 'expiresAt'>) {
    return this.#session.run((tables) => {
      const row = tables(sessionTable).get(id);
      if (row?.extendedAt === extendedAt && row.expiresAt < next.expiresAt)
        tables(sessionTable).set(id, { ...row, ...next });
      return plain(tables(sessionTable).get(id));
    });
  }

  end(ids: readonly string[]): Promise<Session[]> {
    return this.#session.run((tables) => remove(tables, ids));
  }

  endAll(accountId: string, except: string | null): Promise<Session[]> {
    return this.#session.run((tables) =>
      remove(
        tables,
        ofAccount(tables, accountId)
          .map(({ id }) => id)
          .filter((id) => id !== except),
      ),
    );
  }

  trim(accountId: string, keep: number, now: string): Promise<Session[]> {
    return this.#session.run((tables) => {
      const all = ofAccount(tables, accountId);
      const expired = all.filter(({ expiresAt }) => expiresAt <= now).map(({ id }) => id);
      remove(tables, expired);
      const live = all.filter(({ id }) => !expired.includes(id)).map(({ id }) => id);
      return remove(tables, live.slice(0, Math.max(live.length - keep, 0)));
    });
  }

  forget(before: string, limit: number): Promise<number> {
    return this.#session.run((tables) => {
      const expired = [...tables(sessionTable).values()].filter(({ expiresAt }) => expiresAt < before).slice(0, limit);
      return remove(
        tables,
        expired.map(({ id }) => id),
      ).length;
    });
  }
}

/** Oldest first. */
const ofAccount = (tables: Tables, accountId: string): Session[] =>
  [...tables(sessionTable).values()]
    .filter((session) => session.accountId === accountId)
    .map(withoutHash)
    .sort((one, other) => (one.id < other.id ? -1 : 1));

function remove(tables: Tables, ids: readonly string[]): Session[] {
  const rows = ids.flatMap((id) => tables(sessionTable).get(id) ?? []);
  for (const { id, tokenHash } of rows) {
    tables(sessionTable).delete(id);
    tables(hashTable).delete(tokenHash);
  }
  return rows.map(withoutHash).sort((one, other) => (one.id < other.id ? -1 : 1));
}

const withoutHash = ({ tokenHash: _, ...session }: NewSession): Session => session;
const plain = (row: NewSession | undefined): Session | null => (row ? withoutHash(row) : null);
