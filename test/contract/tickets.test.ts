import { afterAll, describe } from 'vitest';
import { systemClock } from '#kernel/clock.ts';
import { MemoryTickets } from '#plugins/storage-memory/tickets.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { PgBossTickets } from '#plugins/storage-prisma/tickets.ts';
import { embeddedDatabase, newServerDatabase, openServer, stopSharedServer } from '../support/database.ts';
import { findPostgres } from '../support/postgres.ts';
import { type TestQueue, ticketContract } from './tickets.ts';

const failed = () => undefined;

async function openMemory(): Promise<TestQueue> {
  const queue = new MemoryTickets(systemClock, failed);
  return { queue, another: async () => queue, close: async () => {} };
}

async function openBoss(
  embedded: boolean,
  open: () => Promise<Database>,
  again: (database: Database) => Promise<Database>,
): Promise<TestQueue> {
  const opened = [await open()];
  const queues = [new PgBossTickets({ pool: opened[0]?.pool as never, embedded, poll: 100, failed })];
  return {
    queue: queues[0] as PgBossTickets,
    async another() {
      const database = await again(opened[0] as Database);
      if (!opened.includes(database)) opened.push(database);
      const queue = new PgBossTickets({ pool: database.pool, embedded, poll: 100, failed });
      queues.push(queue);
      return queue;
    },
    async close() {
      for (const queue of queues) await queue.close();
      for (const database of opened) await database.close();
    },
  };
}

ticketContract('memory', openMemory);
ticketContract('embedded PostgreSQL', () => openBoss(true, embeddedDatabase, async (database) => database));

if (findPostgres()) {
  afterAll(stopSharedServer);
  let url = '';
  ticketContract('a PostgreSQL server', () =>
    openBoss(
      false,
      async () => {
        url = await newServerDatabase();
        return openServer(url);
      },
      () => openServer(url),
    ),
  );
} else {
  describe.skip('a PostgreSQL server (no initdb and postgres on this machine)', () => ticketContract('', openMemory));
}
