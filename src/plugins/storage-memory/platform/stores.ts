import { eventLog } from '#kernel/event.ts';
import { listenerStore } from '#kernel/listener.ts';
import { type Provision, provision } from '#plugins/provision.ts';
import type { Session } from '#plugins/storage-memory/database.ts';
import { MemoryAccounts } from '#plugins/storage-memory/platform/accounts.ts';
import { MemoryApiKeys } from '#plugins/storage-memory/platform/api-keys.ts';
import { MemoryEventLog } from '#plugins/storage-memory/platform/event-log.ts';
import { MemoryListeners } from '#plugins/storage-memory/platform/listeners.ts';
import { MemoryRoles } from '#plugins/storage-memory/platform/roles.ts';
import { MemorySessions } from '#plugins/storage-memory/platform/sessions.ts';
import { MemoryThrottle } from '#plugins/storage-memory/platform/throttle.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { apiKeyStore } from '#resolvers/platform/api-keys/api-key.ts';
import { roleStore } from '#resolvers/platform/roles/role.ts';
import { sessionStore } from '#resolvers/platform/sessions/session.ts';
import { throttleStore } from '#resolvers/platform/sign-in/throttle.ts';

export const platformStores: readonly Provision<Session>[] = [
  provision(eventLog, (session) => new MemoryEventLog(session)),
  provision(listenerStore, (session) => new MemoryListeners(session)),
  provision(accountStore, (session) => new MemoryAccounts(session)),
  provision(roleStore, (session) => new MemoryRoles(session)),
  provision(sessionStore, (session) => new MemorySessions(session)),
  provision(apiKeyStore, (session) => new MemoryApiKeys(session)),
  provision(throttleStore, (session) => new MemoryThrottle(session)),
];
