import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { lockDirectory } from '#plugins/directory-lock.ts';
import { listenToAll } from '#plugins/storage-prisma/notifier.ts';
import { EmbeddedWire } from '#plugins/storage-prisma/wire.ts';

/** A PostgreSQL that runs in this process. */
export interface EmbeddedDatabase {
  /** A pool of the one session that it has. */
  pool(options: pg.PoolConfig, Client: typeof pg.Client): pg.Pool;
  /** Everything in it as one file, to begin another with: `from`. */
  dump(): Promise<Blob>;
  close(): Promise<void>;
}

const refusal = {
  what: 'The database',
  remedy: [
    'An embedded database serves one process. Stop that process first, or set DATABASE_URL to a PostgreSQL server',
    'for several processes; a command reaches a running gateway with --url and --token.',
  ],
};

/**
 * Opens, or begins, the database in a directory.
 * @param directory a folder, made with its parents when missing, or `memory://` for one that ends with the process.
 * @param from a dump to begin with.
 * @throws Error when another process works in the directory.
 */
export async function openEmbedded(directory: string, from?: Blob): Promise<EmbeddedDatabase> {
  const inMemory = directory.startsWith('memory://');
  const path = inMemory ? directory : resolve(directory);
  if (!inMemory) mkdirSync(path, { recursive: true, mode: 0o700 });
  const unlock = inMemory ? () => {} : lockDirectory(path, refusal);
  try {
    const database = inMemory ? await start(path, from) : await startIn(path, from);
    return {
      pool: (options, Client) => embeddedPool(database, options, Client),
      dump: () => database.dumpDataDir('none'),
      async close() {
        await database.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

async function start(dataDir: string, from?: Blob): Promise<PGlite> {
  // Loaded here, so that a gateway on a server never pays for it.
  const { PGlite } = await import('@electric-sql/pglite');
  return PGlite.create({ dataDir, ...(from && { loadDataDir: from }) });
}

async function startIn(path: string, from: Blob | undefined): Promise<PGlite> {
  const data = join(path, 'data');
  if (!existsSync(data)) {
    // Made aside: one that was half made when its process ended could never be opened.
    const half = join(path, 'data.new');
    rmSync(half, { recursive: true, force: true });
    await (await start(half, from)).close();
    renameSync(half, data);
  }
  try {
    return await start(data);
  } catch (error) {
    throw new Error(
      `The database in ${path} cannot be opened: ${(error as Error).message}. Restore it from a backup, or move the folder away to begin anew.`,
      { cause: error },
    );
  }
}

function embeddedPool(database: PGlite, options: pg.PoolConfig, Client: typeof pg.Client): pg.Pool {
  class EmbeddedClient extends Client {
    constructor(config?: pg.ClientConfig) {
      // The options of a server's connection mean nothing here.
      super({
        ...config,
        user: 'postgres',
        database: 'postgres',
        ssl: false,
        stream: () => new EmbeddedWire(database, listenToAll) as never,
      });
    }
  }
  return new pg.Pool({ ...options, max: 1, idleTimeoutMillis: 0, Client: EmbeddedClient } as pg.PoolConfig);
}
