/** Prisma's schema engine as WebAssembly: compares models with a database. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { openEmbedded } from '#plugins/storage-prisma/embedded.ts';
import { migrate, migrationsFolder, readMigrations } from '#plugins/storage-prisma/migrate.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The SQL that leads from the migrations to the models, or null when they agree. */
export async function pendingChanges(): Promise<string | null> {
  const database = await PGlite.create('memory://');
  try {
    for (const { sql } of readMigrations()) await database.exec(sql);
    const engine = await openEngine(new PrismaPGlite(database));
    const { stdout } = await engine.diff({
      from: { tag: 'schemaDatasource', files: models(), configDir: root },
      to: { tag: 'schemaDatamodel', files: models() },
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    });
    return stdout === null || /^(-- This is an empty migration\.)?\s*$/.test(stdout) ? null : stdout;
  } finally {
    await database.close();
  }
}

/** What the engine finds amiss in, or would still apply to, a database that the gateway migrated. */
export async function amissAfterStart(): Promise<string[]> {
  const database = await PGlite.create({ dataDir: 'memory://', loadDataDir: await migratedDump() });
  try {
    const engine = await openEngine(new PrismaPGlite(database));
    const migrationsList = {
      baseDir: migrationsFolder,
      lockfile: {
        path: 'migration_lock.toml',
        content: readFileSync(join(migrationsFolder, 'migration_lock.toml'), 'utf8'),
      },
      shadowDbInitScript: '',
      migrationDirectories: readMigrations().map(({ name, sql }) => ({
        path: name,
        migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: sql } },
      })),
    };
    const filters = { externalTables: [], externalEnums: [] };
    const found = await engine.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters });
    const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters });
    return [...found.editedMigrationNames, ...found.failedMigrationNames, ...appliedMigrationNames];
  } finally {
    await database.close();
  }
}

/** A database as a start leaves it. */
async function migratedDump(): Promise<Blob> {
  const embedded = await openEmbedded('memory://');
  const pool = embedded.pool({}, pg.Client);
  try {
    await migrate(pool);
    return await embedded.dump();
  } finally {
    await pool.end();
    await embedded.close();
  }
}

/** The engine on an open database. */
async function openEngine(adapter: SqlMigrationAwareDriverAdapterFactory): Promise<SchemaEngine> {
  instantiated ??= instantiate();
  await instantiated;
  const datamodels = models().map(({ path, content }): [string, string] => [path, content]);
  return glue.SchemaEngine.new({ datamodels }, () => {}, bindMigrationAwareSqlAdapterFactory(adapter));
}

interface Wasm {
  instantiate(code: Uint8Array, imports: object): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
}

let instantiated: Promise<void> | null = null;

/** The package's own entry imports the .wasm as a module, which Node does only behind a flag. */
async function instantiate(): Promise<void> {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: Wasm };
  const code = readFileSync(new URL('schema_engine_bg.wasm', import.meta.resolve('@prisma/schema-engine-wasm')));
  const { instance } = await WebAssembly.instantiate(code, { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}

function models(): { path: string; content: string }[] {
  const folder = join(root, 'prisma');
  return ['schema.prisma', ...readdirSync(join(folder, 'models')).map((name) => join('models', name))].map((path) => ({
    path: join(folder, path),
    content: readFileSync(join(folder, path), 'utf8'),
  }));
}
