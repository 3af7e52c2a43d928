import { matchesLogic, matchesText } from '#kernel/filter.ts';
import type { PageRequest } from '#kernel/page.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { compareText, pageOfRows } from '#plugins/storage-memory/page.ts';
import type {
  Hook,
  HookChange,
  HookFilter,
  HookSecret,
  HookState,
  HookStore,
  HookTerms,
  NewHook,
} from '#resolvers/platform/hooks/hook.ts';

export const hookTable = defineTable<Hook>('hook');
const secretTable = defineTable<HookSecret>('hook_secret');
/** The last number that a hook got. */
const numberTable = defineTable<number>('hook_number');

export class MemoryHooks implements HookStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(Hook | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(hookTable).get(id) ?? null));
  }

  page(filter: HookFilter, owner: string | null, request: PageRequest) {
    return this.#session.run((tables) => {
      const rows = [...tables(hookTable).values()].filter(
        (hook) =>
          (owner === null || hook.ownerId === owner) &&
          matchesLogic<HookTerms>(filter, (terms) => matches(terms, hook)),
      );
      return pageOfRows(rows, [{ type: 'uuid', descending: true, value: ({ id }) => id }], request);
    });
  }

  listening(patterns: readonly string[]): Promise<Hook[]> {
    return this.#session.run((tables) =>
      [...tables(hookTable).values()].filter(({ state, event }) => state === 'ACTIVE' && patterns.includes(event)),
    );
  }

  insert(hook: NewHook, secret: HookSecret): Promise<Hook | null> {
    return this.#session.run((tables) => {
      if (isTaken(tables, hook)) return null;
      const number = (tables(numberTable).get('last') ?? 0) + 1;
      tables(numberTable).set('last', number);
      tables(secretTable).set(secret.id, secret);
      return put(tables, { ...structuredClone(hook), number });
    });
  }

  lock(ids: readonly string[]): Promise<(Hook | null)[]> {
    // Who writes is alone: the turn is taken by writing.
    return this.#session.run((tables) =>
      ids.map((id) => {
        const hook = tables(hookTable).get(id);
        return hook ? put(tables, hook) : null;
      }),
    );
  }

  update(id: string, change: HookChange): Promise<Hook | null> {
    return this.#session.run((tables) => {
      const hook = tables(hookTable).get(id);
      if (!hook) return null;
      const next = changed(hook, change);
      return isTaken(tables, next, id) ? null : put(tables, next);
    });
  }

  updateMany(ids: readonly string[], change: Omit<HookChange, 'event' | 'target'>): Promise<Hook[]> {
    return this.#session.run((tables) =>
      ids.flatMap((id) => {
        const hook = tables(hookTable).get(id);
        return hook ? put(tables, changed(hook, change)) : [];
      }),
    );
  }

  async delete(ids: readonly string[]): Promise<void> {
    await this.#session.run((tables) => {
      for (const id of ids) tables(hookTable).delete(id);
      for (const secret of [...tables(secretTable).values()])
        if (ids.includes(secret.hookId)) tables(secretTable).delete(secret.id);
    });
  }

  ofOwner(ownerId: string, states: readonly HookState[], limit: number): Promise<string[]> {
    return this.#session.run((tables) =>
      [...tables(hookTable).values()]
        .filter((hook) => hook.ownerId === ownerId && states.includes(hook.state))
        .map(({ id }) => id)
        .sort(compareText)
        .slice(0, limit),
    );
  }

  async arm(id: string, sequence: number): Promise<void> {
    await this.#session.run((tables) => {
      const hook = tables(hookTable).get(id);
      if (hook && (hook.listensAfter ?? -1) < sequence) put(tables, { ...hook, listensAfter: sequence });
    });
  }

  secrets(hookIds: readonly string[], now: string): Promise<HookSecret[][]> {
    return this.#session.run((tables) => {
      const good = [...tables(secretTable).values()].filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
      const byHook = Map.groupBy(good, ({ hookId }) => hookId);
      return hookIds.map((id) => (byHook.get(id) ?? []).sort((one, other) => compareText(other.id, one.id)));
    });
  }

  async rotate(secret: HookSecret, oldUntil: string): Promise<void> {
    await this.#session.run((tables) => {
      for (const old of [...tables(secretTable).values()].filter(({ hookId }) => hookId === secret.hookId)) {
        const expiresAt = old.expiresAt === null || old.expiresAt > oldUntil ? oldUntil : old.expiresAt;
        if (expiresAt <= secret.createdAt) tables(secretTable).delete(old.id);
        else tables(secretTable).set(old.id, { ...old, expiresAt });
      }
      tables(secretTable).set(secret.id, secret);
    });
  }

  countOpenBreakers(): Promise<number> {
    return this.#session.run(
      (tables) => [...tables(hookTable).values()].filter(({ breaker }) => breaker.state !== 'CLOSED').length,
    );
  }
}

function put(tables: Tables, hook: Hook): Hook {
  tables(hookTable).set(hook.id, hook);
  return hook;
}

const changed = (hook: Hook, change: HookChange): Hook => ({
  ...hook,
  ...Object.fromEntries(Object.entries(structuredClone(change)).filter(([, value]) => value !== undefined)),
});

type HookKey = Pick<Hook, 'ownerId' | 'event' | 'target'>;

const isTaken = (tables: Tables, { ownerId, event, target }: HookKey, except?: string): boolean =>
  [...tables(hookTable).values()].some(
    (hook) => hook.ownerId === ownerId && hook.event === event && hook.target === target && hook.id !== except,
  );

const matches = ({ event, target, state, owner }: HookTerms, hook: Hook): boolean =>
  (!event || matchesText(event, hook.event)) &&
  (!target || matchesText(target, hook.target)) &&
  (!state || state.includes(hook.state)) &&
  (owner == null || hook.ownerId === owner);
