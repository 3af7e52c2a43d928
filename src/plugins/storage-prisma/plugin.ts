import { join } from 'node:path';
import { z } from 'zod';
import { type Broadcast, broadcast } from '#kernel/broadcast.ts';
import { duration, keys, secret } from '#kernel/config.ts';
import { storageFacts } from '#kernel/storage.ts';
import { queue } from '#kernel/tickets.ts';
import { definePlugin, type GatehousePlugin } from '#plugins/define.ts';
import { provideAll } from '#plugins/provision.ts';
import { type DatabaseOptions, openDatabase } from '#plugins/storage-prisma/database.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import { stores } from '#plugins/storage-prisma/stores.ts';
import { PgBossTickets } from '#plugins/storage-prisma/tickets.ts';

const storageConfig = keys({
  url: secret(z.string().min(1))
    .optional()
    .describe('Address of a PostgreSQL server, 15 or newer; without it the embedded database is used.'),
  poolSize: z.number().int().min(1).max(1000).default(10).describe('Connections to the server, at most.'),
  transactionTimeout: duration()
    .prefault('15s')
    .describe(
      'How long a transaction may take when nobody says otherwise; no statement, lock or connection is waited for longer.',
    ),
});

/** Where the database is, by the config. */
export const databaseOptions = (config: z.output<typeof storageConfig>, dataDir: string): DatabaseOptions => ({
  url: config.url,
  directory: dataDir.startsWith('memory://') ? dataDir : join(dataDir, 'database'),
  poolSize: config.poolSize,
  timeout: config.transactionTimeout,
});

/** The embedded database belongs to this process: nobody else hears anything. */
const noProcessElse: Broadcast = { send: () => {}, listen: async () => async () => {} };

export const storagePrisma = prismaStorage();

/** The same plugin with parts of its database decided by the program that starts the gateway instead of by its config. */
export function prismaStorage(decided: Partial<DatabaseOptions> = {}): GatehousePlugin {
  return definePlugin({
    name: 'storage-prisma',
    version: '1.0.0',
    description: 'Keeps everything in PostgreSQL: a server, or one embedded in the process.',
    section: 'storage',
    config: storageConfig,
    provides: [...stores.map(({ port }) => port), storageFacts, broadcast, queue],
    async setup({ config, provide, dataDir, log }) {
      const options = { ...databaseOptions(config, dataDir), ...decided };
      const database = await openDatabase({
        onTrouble: (error) => log.warn({ err: error }, 'The database had trouble.'),
        ...options,
      });
      if (database.migrated.length > 0) log.info({ migrations: database.migrated }, 'The database was migrated.');
      provideAll(provide, stores, openSessions(database));
      provide(storageFacts, { shared: options.url !== undefined });
      provide(broadcast, database.notifier.broadcast ?? noProcessElse);
      const tickets = new PgBossTickets({
        pool: database.pool,
        embedded: options.url === undefined,
        failed: (error, topic) =>
          log.error({ err: error, topic }, 'The queue of tickets had trouble; they come again.'),
      });
      provide(queue, tickets);
      return async () => {
        await tickets.close();
        await database.close();
      };
    },
  });
}
