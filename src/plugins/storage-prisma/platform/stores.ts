import { eventLog } from '#kernel/event.ts';
import { listenerStore } from '#kernel/listener.ts';
import { type Provision, provision } from '#plugins/provision.ts';
import { PrismaAccounts } from '#plugins/storage-prisma/platform/accounts.ts';
import { PrismaApiKeys } from '#plugins/storage-prisma/platform/api-keys.ts';
import { PrismaEventLog } from '#plugins/storage-prisma/platform/event-log.ts';
import { PrismaListeners } from '#plugins/storage-prisma/platform/listeners.ts';
import { PrismaRoles } from '#plugins/storage-prisma/platform/roles.ts';
import { PrismaSessions } from '#plugins/storage-prisma/platform/sessions.ts';
import { PrismaThrottle } from '#plugins/storage-prisma/platform/throttle.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { apiKeyStore } from '#resolvers/platform/api-keys/api-key.ts';
import { roleStore } from '#resolvers/platform/roles/role.ts';
import { sessionStore } from '#resolvers/platform/sessions/session.ts';
import { throttleStore } from '#resolvers/platform/sign-in/throttle.ts';

export const platformStores: readonly Provision<Session>[] = [
  provision(eventLog, (session) => new PrismaEventLog(session)),
  provision(listenerStore, (session) => new PrismaListeners(session)),
  provision(accountStore, (session) => new PrismaAccounts(session)),
  provision(roleStore, (session) => new PrismaRoles(session)),
  provision(sessionStore, (session) => new PrismaSessions(session)),
  provision(apiKeyStore, (session) => new PrismaApiKeys(session)),
  provision(throttleStore, (session) => new PrismaThrottle(session)),
];
