/** Runs one suite on every storage that Gatehouse ships. */
import { afterAll, describe } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { Port } from '#kernel/port.ts';
import { type OwnedUnit, openUnit, openUnits, type UnitOfWork } from '#kernel/unit.ts';
import type { Provision } from '#plugins/provision.ts';
import { openMemory } from '#plugins/storage-memory/database.ts';
import { stores as memoryStores } from '#plugins/storage-memory/stores.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import { stores as prismaStores } from '#plugins/storage-prisma/stores.ts';
import { embeddedDatabase, serverDatabase, stopSharedServer } from '../support/database.ts';
import { findPostgres } from '../support/postgres.ts';
import type { ContractSuite, TestStorage, Use } from './suite.ts';

/** Runs the suite on memory, on the embedded database, and on a server where the machine has one. */
export function onEveryStorage(suite: ContractSuite): void {
  suite('memory', openMemoryStorage);
  suite('embedded PostgreSQL', () => openPrismaStorage(embeddedDatabase));
  if (findPostgres()) {
    afterAll(stopSharedServer);
    suite('PostgreSQL server', () => openPrismaStorage(serverDatabase));
  } else {
    describe.skip('PostgreSQL server (no initdb and postgres on this machine)', () => suite('', openMemoryStorage));
  }
}

export async function openMemoryStorage(): Promise<TestStorage> {
  let use = portsOf(memoryStores, openMemory().session);
  return {
    get use() {
      return use(null);
    },
    atomically: (work, timeout) => runUnit(use, work, timeout),
    countStatements: async (work) => {
      await work();
      return null;
    },
    async clear() {
      use = portsOf(memoryStores, openMemory().session);
    },
    close: async () => {},
  };
}

export async function openPrismaStorage(
  open: (options: { onStatement: (sql: string) => void }) => Promise<Database>,
): Promise<TestStorage> {
  let statements = 0;
  const database = await open({
    onStatement: () => {
      statements += 1;
    },
  });
  const use = portsOf(prismaStores, openSessions(database));
  await keepSeeds(database);
  return {
    use: use(null),
    atomically: (work, timeout) => runUnit(use, work, timeout),
    async countStatements(work) {
      const before = statements;
      await work();
      return statements - before;
    },
    clear: () => backToSeeds(database),
    close: () => database.close(),
  };
}

function portsOf<Session>(
  stores: readonly Provision<Session>[],
  sessionOf: (unit: UnitOfWork | null) => Session,
): (unit: UnitOfWork | null) => Use {
  return (unit) =>
    <T extends object>(port: Port<T>) => {
      const provision = stores.find((store) => store.port.name === port.name);
      if (!provision) throw new Error(`Nothing provides ${port.name}.`);
      return provision.make(sessionOf(unit)) as T;
    };
}

async function runUnit<T>(
  use: (unit: UnitOfWork | null) => Use,
  work: (use: Use) => Promise<T>,
  timeout = 10_000,
): Promise<T> {
  const unit: OwnedUnit = openUnit(newId(), timeout);
  return openUnits.run(unit, async () => {
    try {
      const value = await work(use(unit));
      await unit.commit();
      return value;
    } catch (error) {
      await unit.rollback();
      throw error;
    }
  });
}

const tables = `
  SELECT quote_ident(relname) AS name FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> '_prisma_migrations'`;

/** Remembers the rows that migrations made. */
async function keepSeeds({ pool }: Database): Promise<void> {
  await pool.query('CREATE SCHEMA IF NOT EXISTS seeds');
  const { rows } = await pool.query<{ name: string }>(tables);
  for (const { name } of rows) await pool.query(`CREATE TABLE seeds.${name} AS TABLE public.${name}`);
}

async function backToSeeds({ pool }: Database): Promise<void> {
  const names = (await pool.query<{ name: string }>(tables)).rows.map(({ name }) => name);
  await pool.query(`TRUNCATE ${names.join(', ')} RESTART IDENTITY`);
  for (const name of names) await pool.query(`INSERT INTO public.${name} SELECT * FROM seeds.${name}`);
}
