import { eventLog } from '#kernel/event.ts';
import { type Provision, provision } from '#plugins/provision.ts';
import { PrismaEventLog } from '#plugins/storage-prisma/platform/event-log.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';

export const platformStores: readonly Provision<Session>[] = [
  provision(eventLog, (session) => new PrismaEventLog(session)),
];
