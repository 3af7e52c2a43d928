import { type Branch, openUnits, type Participant, type UnitOfWork } from '#kernel/unit.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { translateFailure } from '#plugins/storage-prisma/failures.ts';
import type { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import type { Holds } from '#plugins/storage-prisma/holds.ts';
import type { Notifier } from '#plugins/storage-prisma/notifier.ts';

/** What statements are written with: the models, and `$queryRaw` and `$executeRaw`. */
export type Statements = Prisma.TransactionClient;

/**
 * How a store reaches the database. Inside a unit of work every statement belongs to its transaction, which READ
 * COMMITTED isolates: each statement sees what was committed before it began.
 *
 * A statement that fails spoils the whole transaction. So an insert whose key may be taken says `skipDuplicates` or
 * `ON CONFLICT DO NOTHING` and looks at what came back; it never catches the violation.
 */
export interface Session {
  /**
   * Runs statements, each one committed by itself outside a unit.
   * @throws UnavailableError when the database is slow, busy or away.
   */
  run<T>(work: (db: Statements) => Promise<T>): Promise<T>;
  /**
   * The rows of one SELECT, for what is read often: outside a unit they come from the driver, without Prisma's own form
   * of rows between. So bigint may come as a text, and is cast or converted by whoever asks for it.
   * @throws UnavailableError as above.
   */
  select<Row extends object>(statement: Prisma.Sql): Promise<Row[]>;
  /** Runs statements as one effect: in the unit's transaction, or in one of their own. */
  together<T>(work: (db: Statements) => Promise<T>): Promise<T>;
  /** Hears notifications of all sessions of the database, committed ones only. */
  listen: Notifier['listen'];
  /** Holds a name in this process's own session, never in the unit's. */
  hold: Holds;
}

/** Gives the session for a unit of work, or the one outside all units. */
export function openSessions(database: Database): (unit: UnitOfWork | null) => Session {
  const participant: Participant<Transaction> = {
    name: 'storage-prisma',
    begin: (unit) => beginTransaction(database, unit.timeout),
  };
  const outside: Session = {
    async run(work) {
      refuseInsideUnit();
      return translated(() => work(database.prisma));
    },
    async select<Row extends object>({ text, values }: Prisma.Sql) {
      refuseInsideUnit();
      return translated(async () => (await database.pool.query<Row>({ text, values })).rows);
    },
    async together(work) {
      refuseInsideUnit();
      return translated(() =>
        database.prisma.$transaction(work, { timeout: database.timeout, maxWait: database.timeout }),
      );
    },
    listen: database.notifier.listen,
    hold: database.hold,
  };
  return (unit) => {
    if (!unit) return outside;
    const run: Session['run'] = (work) => translated(async () => work((await unit.enlist(participant)).statements));
    return {
      run,
      select: (statement) => run((db) => db.$queryRaw(statement)),
      together: run,
      listen: database.notifier.listen,
      hold: database.hold,
    };
  };
}

/** The embedded database has one connection, which the open unit holds: the statement would wait for itself. */
function refuseInsideUnit(): void {
  if (openUnits.getStore()) {
    throw new Error('A store of an outer context was used inside ctx.atomically. Use the context that it passes in.');
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translateFailure(error);
  }
}

interface Transaction extends Branch {
  readonly statements: Statements;
}

const rolledBack = Symbol('rolled back');

/** Prisma's transaction, which ends when a function returns, as one that its owner ends. */
function beginTransaction(database: Database, timeout: number): Promise<Transaction> {
  return new Promise((resolve, reject) => {
    const ended = database.prisma.$transaction(
      async (statements) => {
        // A blocked statement is cut by the database itself; the session's own limit fits the usual timeout.
        if (timeout !== database.timeout)
          await statements.$executeRaw`SELECT set_config('statement_timeout', ${String(timeout)}, true), set_config('lock_timeout', ${String(timeout)}, true)`;
        await new Promise<void>((commit, rollback) => {
          resolve({
            statements,
            prepare: () => translated(async () => void (await statements.$executeRaw`SET CONSTRAINTS ALL IMMEDIATE`)),
            commit() {
              commit();
              return translated(async () => ended);
            },
            async rollback() {
              rollback(rolledBack);
              await ended.catch(() => {});
            },
          });
        });
      },
      { timeout, maxWait: database.timeout },
    );
    ended.catch((error) => reject(translateFailure(error)));
  });
}
