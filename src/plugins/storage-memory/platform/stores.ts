import { eventLog } from '#kernel/event.ts';
import { type Provision, provision } from '#plugins/provision.ts';
import type { Session } from '#plugins/storage-memory/database.ts';
import { MemoryEventLog } from '#plugins/storage-memory/platform/event-log.ts';

export const platformStores: readonly Provision<Session>[] = [
  provision(eventLog, (session) => new MemoryEventLog(session)),
];
