import pg from 'pg';
import { openDatabase } from '../../src/plugins/storage-prisma/database.ts';
import { findPostgres, startPostgres } from '../../test/support/postgres.ts';

/** A PostgreSQL server of the benchmarks' own. */
export interface BenchDatabases {
  /** The address of a new database with the tables that Gatehouse makes. */
  create(name: string): Promise<string>;
  stop(): Promise<void>;
}

/** @throws Error with the remedy where the machine has no programs for a server. */
export async function startDatabases(): Promise<BenchDatabases> {
  const programs = findPostgres();
  if (!programs)
    throw new Error('The benchmarks need the programs of a PostgreSQL server, 15 or newer: install PostgreSQL.');
  const server = await startPostgres(programs);
  return {
    async create(name) {
      await run(server.url('postgres'), `CREATE DATABASE ${name}`);
      const url = server.url(name);
      const migrated = await openDatabase({ url, directory: '', poolSize: 1, timeout: 60_000 });
      await migrated.close();
      return url;
    },
    stop: () => server.stop(),
  };
}

/** Runs one statement on a connection of its own. */
export async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
