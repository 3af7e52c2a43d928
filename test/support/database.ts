/** Fresh databases for tests, quickly: migrated once, then copied. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, openAsBlob, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type Database, openDatabase } from '#plugins/storage-prisma/database.ts';
import { readMigrations } from '#plugins/storage-prisma/migrate.ts';
import { findPostgres, type PostgresServer, startPostgres } from './postgres.ts';

export const testTimeout = 10_000;

export interface TestDatabaseOptions {
  readonly onStatement?: (sql: string, values: readonly unknown[]) => void;
  readonly timeout?: number;
}

const cache = fileURLToPath(new URL('../../node_modules/.cache/gatehouse', import.meta.url));

/** A dump of an embedded database with the present migrations, kept between runs. */
export async function embeddedTemplate(): Promise<Blob> {
  const migrations = createHash('sha256').update(JSON.stringify(readMigrations())).digest('hex').slice(0, 16);
  const file = join(cache, `embedded-${migrations}.tar`);
  if (!existsSync(file)) {
    const database = await openDatabase({ directory: 'memory://template', poolSize: 1, timeout: 60_000 });
    const dump = await database.dump();
    await database.close();
    mkdirSync(cache, { recursive: true });
    const own = `${file}.${process.pid}`;
    writeFileSync(own, new Uint8Array((await dump?.arrayBuffer()) ?? new ArrayBuffer(0)));
    renameSync(own, file);
  }
  return openAsBlob(file);
}

/** An embedded database in memory. */
export async function embeddedDatabase(options: TestDatabaseOptions = {}): Promise<Database> {
  const from = await embeddedTemplate();
  return openDatabase({ directory: `memory://${randomUUID()}`, from, poolSize: 1, timeout: testTimeout, ...options });
}

let server: Promise<PostgresServer> | null = null;

/** The server of this test file, started when first asked for. Null where the machine has no programs for one. */
export async function sharedServer(): Promise<PostgresServer | null> {
  const programs = findPostgres();
  if (!programs) return null;
  server ??= startPostgres(programs).then(async (started) => {
    await admin(started, 'CREATE DATABASE template_gatehouse');
    const url = started.url('template_gatehouse');
    const template = await openDatabase({ url, directory: '', poolSize: 1, timeout: testTimeout });
    await template.close();
    return started;
  });
  return server;
}

/** Ends the server of this test file. */
export async function stopSharedServer(): Promise<void> {
  await (await server)?.stop();
  server = null;
}

/** The address of a new database on the shared server, migrated unless it is to be empty. */
export async function newServerDatabase(from: 'migrated' | 'empty' = 'migrated'): Promise<string> {
  const started = await sharedServer();
  if (!started) throw new Error('This machine has no PostgreSQL server programs.');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await admin(started, `CREATE DATABASE ${name} TEMPLATE ${from === 'migrated' ? 'template_gatehouse' : 'template0'}`);
  return started.url(name);
}

/** A new database on the shared server. */
export async function serverDatabase(options: TestDatabaseOptions = {}): Promise<Database> {
  return openServer(await newServerDatabase(), options);
}

/** A database of the shared server, once more: as another process would open it. */
export function openServer(url: string, options: TestDatabaseOptions = {}): Promise<Database> {
  return openDatabase({ url, directory: '', poolSize: 20, timeout: testTimeout, ...options });
}

async function admin(started: PostgresServer, statement: string): Promise<void> {
  const client = new pg.Client(started.url('postgres'));
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
