import { type PageRequest, toPage } from '#kernel/page.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql } from '#plugins/storage-prisma/keyset.ts';
import {
  type HookRow,
  hookColumns,
  hookData,
  newHookData,
  toHook,
  toSecret,
} from '#plugins/storage-prisma/platform/hook-rows.ts';
import { allOf, logicInSql, textInSql } from '#plugins/storage-prisma/platform/text-conditions.ts';
import type { Session, Statements } from '#plugins/storage-prisma/session.ts';
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

const { sql } = Prisma;

export class PrismaHooks implements HookStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(Hook | null)[]> {
    const rows = await this.#session.select<HookRow>(
      sql`SELECT ${hookColumns} FROM hook AS h WHERE h.id = ANY (${[...ids]}::uuid[])`,
    );
    return inOrder(ids, rows.map(toHook));
  }

  async page(filter: HookFilter, owner: string | null, request: PageRequest) {
    const { bounds, tail } = pageInSql([{ type: 'uuid', sql: sql`h.id`, descending: true }], request);
    const where = allOf([
      ...(owner === null ? [] : [sql`h.owner_id = ${owner}::uuid`]),
      logicInSql<HookTerms>(filter, termsInSql),
    ]);
    const rows = await this.#session.select<HookRow>(
      sql`SELECT ${hookColumns} FROM hook AS h WHERE ${where} AND ${bounds} ${tail}`,
    );
    const count = async () => {
      const [row] = await this.#session.select<{ count: bigint | string }>(
        sql`SELECT count(*) AS count FROM hook AS h WHERE ${where}`,
      );
      return Number(row?.count ?? 0);
    };
    return toPage(request, rows.map(toHook), ({ id }) => [id], count);
  }

  async listening(patterns: readonly string[]): Promise<Hook[]> {
    const rows = await this.#session.select<HookRow>(
      sql`SELECT ${hookColumns} FROM hook AS h WHERE h.state = 'ACTIVE' AND h.event = ANY (${[...patterns]}::text[])`,
    );
    return rows.map(toHook);
  }

  insert(hook: NewHook, secret: HookSecret): Promise<Hook | null> {
    return this.#session.together(async (db) => {
      await takeTurn(db);
      if (await isTaken(db, hook)) return null;
      const { last } = await db.hookNumber.update({ where: { id: 1 }, data: { last: { increment: 1 } } });
      const row = await db.hook.create({ data: newHookData(hook, last) });
      await db.hookSecret.create({ data: secret });
      return toHook(row);
    });
  }

  async lock(ids: readonly string[]): Promise<(Hook | null)[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<HookRow[]>`
        SELECT ${hookColumns} FROM hook AS h WHERE h.id = ANY (${[...ids]}::uuid[]) ORDER BY h.id FOR UPDATE`,
    );
    return inOrder(ids, rows.map(toHook));
  }

  update(id: string, change: HookChange): Promise<Hook | null> {
    return this.#session.together(async (db) => {
      if (change.event !== undefined || change.target !== undefined) {
        await takeTurn(db);
        const hook = await db.hook.findUnique({ where: { id } });
        const { ownerId, event, target } = { ...hook, ...change };
        if (hook && (await isTaken(db, { ownerId, event, target } as HookKey, id))) return null;
      }
      const [row] = await db.hook.updateManyAndReturn({ where: { id }, data: hookData(change) });
      return row ? toHook(row) : null;
    });
  }

  async updateMany(ids: readonly string[], change: Omit<HookChange, 'event' | 'target'>): Promise<Hook[]> {
    const rows = await this.#session.run((db) =>
      db.hook.updateManyAndReturn({ where: { id: { in: [...ids] } }, data: hookData(change) }),
    );
    return inOrder(ids, rows.map(toHook)).filter((hook) => hook !== null);
  }

  async delete(ids: readonly string[]): Promise<void> {
    await this.#session.run((db) => db.hook.deleteMany({ where: { id: { in: [...ids] } } }));
  }

  async ofOwner(ownerId: string, states: readonly HookState[], limit: number): Promise<string[]> {
    const rows = await this.#session.run((db) =>
      db.hook.findMany({
        where: { ownerId, state: { in: [...states] } },
        orderBy: { id: 'asc' },
        take: limit,
        select: { id: true },
      }),
    );
    return rows.map(({ id }) => id);
  }

  async arm(id: string, sequence: number): Promise<void> {
    await this.#session.run((db) =>
      db.hook.updateMany({
        where: { id, OR: [{ listensAfter: null }, { listensAfter: { lt: sequence } }] },
        data: { listensAfter: sequence },
      }),
    );
  }

  async secrets(hookIds: readonly string[], now: string): Promise<HookSecret[][]> {
    const rows = await this.#session.run((db) =>
      db.hookSecret.findMany({
        where: { hookId: { in: [...hookIds] }, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
        orderBy: { id: 'desc' },
      }),
    );
    const byHook = Map.groupBy(rows.map(toSecret), ({ hookId }) => hookId);
    return hookIds.map((id) => byHook.get(id) ?? []);
  }

  async rotate(secret: HookSecret, oldUntil: string): Promise<void> {
    const { hookId, createdAt } = secret;
    await this.#session.together(async (db) => {
      await db.hookSecret.updateMany({
        where: { hookId, OR: [{ expiresAt: null }, { expiresAt: { gt: oldUntil } }] },
        data: { expiresAt: oldUntil },
      });
      await db.hookSecret.deleteMany({ where: { hookId, expiresAt: { lte: createdAt } } });
      await db.hookSecret.create({ data: secret });
    });
  }

  async countOpenBreakers(): Promise<number> {
    const [row] = await this.#session.select<{ count: bigint | string }>(
      sql`SELECT count(*) AS count FROM hook WHERE breaker_state <> 'CLOSED'`,
    );
    return Number(row?.count ?? 0);
  }
}

type HookKey = Pick<Hook, 'ownerId' | 'event' | 'target'>;

/** Whoever makes a hook, or moves one to another target or event, waits here for the others: so none is made twice. */
const takeTurn = (db: Statements) => db.$queryRaw`SELECT last FROM hook_number WHERE id = 1 FOR UPDATE`;

async function isTaken(db: Statements, { ownerId, event, target }: HookKey, except: string | null = null) {
  const [row] = await db.$queryRaw<object[]>`
    SELECT 1 AS taken FROM hook
    WHERE owner_id = ${ownerId}::uuid AND event = ${event} AND md5(target) = md5(${target})
      AND id IS DISTINCT FROM ${except}::uuid`;
  return row !== undefined;
}

const termsInSql = ({ event, target, state, owner }: HookTerms): Prisma.Sql =>
  allOf([
    // Patterns are ASCII.
    ...(event ? [textInSql(event, sql`h.event`, sql`lower(h.event)`)] : []),
    ...(target ? [textInSql(target, sql`h.target`, sql`h.target_folded`)] : []),
    ...(state ? [sql`h.state = ANY (${[...state]}::text[])`] : []),
    ...(owner == null ? [] : [sql`h.owner_id = ${owner}::uuid`]),
  ]);

function inOrder(ids: readonly string[], hooks: readonly Hook[]): (Hook | null)[] {
  const found = new Map(hooks.map((hook) => [hook.id, hook]));
  return ids.map((id) => found.get(id) ?? null);
}
