import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { localHolds } from '#plugins/local-holds.ts';
import { type EmbeddedDatabase, openEmbedded } from '#plugins/storage-prisma/embedded.ts';
import { PrismaClient } from '#plugins/storage-prisma/generated/client.ts';
import { type Holds, serverHolds } from '#plugins/storage-prisma/holds.ts';
import { migrate } from '#plugins/storage-prisma/migrate.ts';
import { listening, type Notifier } from '#plugins/storage-prisma/notifier.ts';
import { checkServer, serverOptions } from '#plugins/storage-prisma/server.ts';
import { keepUp } from '#plugins/storage-prisma/upkeep.ts';

export interface DatabaseOptions {
  /** A PostgreSQL server; absent: the embedded database in `directory`. */
  readonly url?: string | undefined;
  /** Where the embedded database lies; `memory://` for one that ends with the process. */
  readonly directory: string;
  /** A dump for the embedded database to begin with. */
  readonly from?: Blob;
  /** Connections to a server. */
  readonly poolSize: number;
  /** Milliseconds a statement may take, waiting for locks and for a connection included. */
  readonly timeout: number;
  /** Told every statement that is sent, for tests that count and explain. */
  readonly onStatement?: (sql: string, values: readonly unknown[]) => void;
  /** Told of what goes wrong while nobody waits for an answer, such as a connection that breaks. */
  readonly onTrouble?: (error: Error) => void;
}

/** An open database with its schema up to date. */
export interface Database {
  readonly prisma: PrismaClient;
  readonly pool: pg.Pool;
  readonly notifier: Notifier;
  readonly hold: Holds;
  /** Names of the migrations that opening it applied. */
  readonly migrated: readonly string[];
  /** Milliseconds a statement may take. */
  readonly timeout: number;
  /** Everything in the embedded database, to begin another with; null for a server. */
  dump(): Promise<Blob | null>;
  close(): Promise<void>;
}

/**
 * Opens the database and applies pending migrations.
 * @throws Error that says what is wrong with the place and what to do.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const embedded = options.url === undefined ? await openEmbedded(options.directory, options.from) : null;
  const pool = openPool(options, embedded);
  const trouble = (error: Error) => options.onTrouble?.(error);
  pool.on('error', trouble);
  const notifier = embedded ? listening.onPool(pool) : listening.onServer(serverOptions(options.url ?? '', 0));
  const stopUpkeep = embedded ? keepUp(pool, trouble) : async () => {};
  const close = async () => {
    await stopUpkeep();
    await notifier.close();
    await pool.end();
    await embedded?.close();
  };
  try {
    if (options.url !== undefined) await checkServer(pool, options.url);
    const migrated = await migrate(pool);
    const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
    return {
      prisma,
      pool,
      notifier,
      hold: embedded ? localHolds() : serverHolds(serverOptions(options.url ?? '', 0)),
      migrated,
      timeout: options.timeout,
      dump: async () => (await embedded?.dump()) ?? null,
      async close() {
        await prisma.$disconnect();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function openPool(options: DatabaseOptions, embedded: EmbeddedDatabase | null): pg.Pool {
  const Client = observed(options.onStatement);
  const common = { connectionTimeoutMillis: options.timeout };
  if (embedded) return embedded.pool(common, Client);
  const server = serverOptions(options.url ?? '', options.timeout);
  return new pg.Pool({ ...common, ...server, max: options.poolSize, Client } as pg.PoolConfig);
}

/** A client that tells what it sends. */
function observed(onStatement: DatabaseOptions['onStatement']): typeof pg.Client {
  if (!onStatement) return pg.Client;
  class ObservedClient extends pg.Client {
    // biome-ignore lint/suspicious/noExplicitAny: passes on what node-postgres accepts in many forms
    override query(...args: any[]): any {
      const [first] = args;
      if (typeof first === 'string') onStatement?.(first, []);
      else onStatement?.(String(first?.text), first?.values ?? []);
      return (super.query as (...all: unknown[]) => unknown)(...args);
    }
  }
  return ObservedClient;
}
