import { clock } from '#kernel/clock.ts';
import { queue } from '#kernel/tickets.ts';
import { definePlugin } from '#plugins/define.ts';
import { provideAll } from '#plugins/provision.ts';
import { openMemory } from '#plugins/storage-memory/database.ts';
import { stores } from '#plugins/storage-memory/stores.ts';
import { MemoryTickets } from '#plugins/storage-memory/tickets.ts';

export const storageMemory = definePlugin({
  name: 'storage-memory',
  version: '1.0.0',
  description: 'Keeps everything in memory, until the process ends: for trying things out and for tests.',
  uses: { clock },
  provides: [...stores.map(({ port }) => port), queue],
  setup({ ports, provide, log }) {
    const database = openMemory();
    provideAll(provide, stores, database.session);
    provide(
      queue,
      new MemoryTickets(ports.clock, (error, topic) =>
        log.error({ err: error, topic }, 'Tickets could not be taken; they come again.'),
      ),
    );
    return undefined;
  },
});
