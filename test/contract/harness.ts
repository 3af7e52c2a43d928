/**
 * Runs one suite on every storage that Gatehouse ships. A suite is a function `(name, open)`: who writes a storage of
 * his own calls it with a way to open his.
 */
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
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

/** Gives the store behind a port. */
export type Use = <T extends object>(port: Port<T>) => T;

/** A storage under test. */
export interface TestStorage {
  /** Stores outside all units of work. */
  readonly use: Use;
  /** Runs work in a unit of work, which a failure of the work rolls back. */
  atomically<T>(work: (use: Use) => Promise<T>, timeout?: number): Promise<T>;
  /** How many SQL statements the work sent; null where there are none to count. */
  countStatements(work: () => Promise<unknown>): Promise<number | null>;
  /** Forgets everything. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export type OpenStorage = () => Promise<TestStorage>;

/** A suite of claims that hold for every provider of a port. */
export type ContractSuite = (name: string, open: OpenStorage) => void;

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

/** One storage for all tests of a `describe`, empty at the start of each. */
export function sharedStorage(open: OpenStorage): TestStorage {
  let storage: TestStorage;
  beforeAll(async () => {
    storage = await open();
  }, 60_000);
  beforeEach(() => storage.clear());
  afterAll(() => storage?.close());
  return {
    get use() {
      return storage.use;
    },
    atomically: (work, timeout) => storage.atomically(work, timeout),
    countStatements: (work) => storage.countStatements(work),
    clear: () => storage.clear(),
    close: () => storage.close(),
  };
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
