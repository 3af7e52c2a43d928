import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';

/** One step in the history of the schema. */
export interface Migration {
  /** `<timestamp>_<words>`: the order of names is the order of steps. */
  readonly name: string;
  readonly sql: string;
}

export const migrationsFolder = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

export function readMigrations(folder: string = migrationsFolder): Migration[] {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'migration.sql')))
    .sort()
    .map((name) => ({ name, sql: readFileSync(join(folder, name, 'migration.sql'), 'utf8') }));
}

/**
 * Applies what is pending: all of it, or nothing. Of several processes one works and the others find it done. What was
 * applied is kept in the table that the Prisma CLI uses, so its commands go on working.
 * @returns the names of the migrations that it applied.
 * @throws Error naming the migration that failed; the database is as it was.
 */
export async function migrate(pool: pg.Pool, migrations: readonly Migration[] = readMigrations()): Promise<string[]> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const lost = (error: Error) => {
    broken = error;
  };
  client.on('error', lost);
  try {
    const known = await appliedNames(client);
    if (known && pendingAfter(known, migrations).length === 0) return [];
    await client.query('BEGIN');
    await client.query('SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0');
    await client.query(`SELECT pg_advisory_xact_lock(${migrationLock})`);
    // A statement after the lock: it sees what another process applied while this one waited.
    const applied = await appliedNames(client);
    if (!applied) await client.query(createTable);
    const pending = pendingAfter(applied ?? [], migrations);
    for (const migration of pending) await apply(client, migration);
    await client.query('COMMIT');
    return pending.map(({ name }) => name);
  } catch (error) {
    await client.query('ROLLBACK').catch(lost);
    throw error;
  } finally {
    client.off('error', lost);
    client.release(broken);
  }
}

/** A number that only migrations lock. */
const migrationLock = 7_104_391_001;

/** As the Prisma CLI makes it. */
const createTable = `
CREATE TABLE _prisma_migrations (
  id                  VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum            VARCHAR(64) NOT NULL,
  finished_at         TIMESTAMPTZ,
  migration_name      VARCHAR(255) NOT NULL,
  logs                TEXT,
  rolled_back_at      TIMESTAMPTZ,
  started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

/** Null where the table does not exist. */
async function appliedNames(client: pg.PoolClient): Promise<string[] | null> {
  // Read as rows: to_regclass may answer from a cache that has not heard of another process yet.
  const { rows } = await client.query(
    "SELECT FROM pg_class WHERE relname = '_prisma_migrations' AND relnamespace = current_schema()::regnamespace",
  );
  if (rows.length === 0) return null;
  const names = await client.query(
    'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
  );
  return names.rows.map(({ name }) => name);
}

function pendingAfter(applied: readonly string[], migrations: readonly Migration[]): Migration[] {
  const unknown = applied.filter((name) => !migrations.some((migration) => migration.name === name));
  if (unknown.length > 0) {
    throw new Error(
      `The database was made by a newer Gatehouse: it has ${unknown.join(', ')}. Run that version, or restore a backup from before its start.`,
    );
  }
  return migrations.filter(({ name }) => !applied.includes(name));
}

async function apply(client: pg.PoolClient, { name, sql }: Migration): Promise<void> {
  try {
    await client.query(sql);
  } catch (error) {
    throw new Error(`Migration ${name} failed, the database is as it was: ${(error as Error).message}`, {
      cause: error,
    });
  }
  await client.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, clock_timestamp(), 1)`,
    [randomUUID(), createHash('sha256').update(sql).digest('hex'), name],
  );
}
