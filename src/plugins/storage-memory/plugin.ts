import { definePlugin } from '#plugins/define.ts';
import { provideAll } from '#plugins/provision.ts';
import { openMemory } from '#plugins/storage-memory/database.ts';
import { stores } from '#plugins/storage-memory/stores.ts';

export const storageMemory = definePlugin({
  name: 'storage-memory',
  version: '1.0.0',
  description: 'Keeps everything in memory, until the process ends: for trying things out and for tests.',
  provides: stores.map(({ port }) => port),
  setup({ provide }) {
    const database = openMemory();
    provideAll(provide, stores, database.session);
    return undefined;
  },
});
