import { eventLog } from '#kernel/event.ts';
import { leases } from '#kernel/leases.ts';
import { listenerStore } from '#kernel/listener.ts';
import { type Provision, provision } from '#plugins/provision.ts';
import type { Session } from '#plugins/storage-memory/database.ts';
import { MemoryAccessTokens } from '#plugins/storage-memory/platform/access-tokens.ts';
import { MemoryAccounts } from '#plugins/storage-memory/platform/accounts.ts';
import { MemoryApiKeys } from '#plugins/storage-memory/platform/api-keys.ts';
import { MemoryDaemons } from '#plugins/storage-memory/platform/daemons.ts';
import { MemoryDocuments } from '#plugins/storage-memory/platform/documents.ts';
import { MemoryEventLog } from '#plugins/storage-memory/platform/event-log.ts';
import { MemoryExternalIdentities } from '#plugins/storage-memory/platform/external-identities.ts';
import { MemoryHookDeliveries } from '#plugins/storage-memory/platform/hook-deliveries.ts';
import { MemoryHooks } from '#plugins/storage-memory/platform/hooks.ts';
import { jobStores } from '#plugins/storage-memory/platform/job-stores.ts';
import { MemoryLeases } from '#plugins/storage-memory/platform/leases.ts';
import { MemoryListeners } from '#plugins/storage-memory/platform/listeners.ts';
import { MemoryModes } from '#plugins/storage-memory/platform/modes.ts';
import { MemoryResets } from '#plugins/storage-memory/platform/resets.ts';
import { MemoryRoles } from '#plugins/storage-memory/platform/roles.ts';
import { MemorySchedules } from '#plugins/storage-memory/platform/schedules.ts';
import { MemorySessions } from '#plugins/storage-memory/platform/sessions.ts';
import { MemorySettings } from '#plugins/storage-memory/platform/settings.ts';
import { MemoryThrottle } from '#plugins/storage-memory/platform/throttle.ts';
import { accessTokenStore } from '#resolvers/platform/access/token.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { apiKeyStore } from '#resolvers/platform/api-keys/api-key.ts';
import { externalIdentityStore } from '#resolvers/platform/external-identities/external-identity.ts';
import { hookDeliveryStore } from '#resolvers/platform/hooks/delivery.ts';
import { hookStore } from '#resolvers/platform/hooks/hook.ts';
import { resetStore } from '#resolvers/platform/password-resets/reset.ts';
import { roleStore } from '#resolvers/platform/roles/role.ts';
import { scheduleStore } from '#resolvers/platform/schedules/schedule.ts';
import { sessionStore } from '#resolvers/platform/sessions/session.ts';
import { settingStore } from '#resolvers/platform/settings/setting.ts';
import { throttleStore } from '#resolvers/platform/sign-in/throttle.ts';
import { documentStore } from '#resolvers/platform/store/document.ts';
import { daemonStore } from '#resolvers/platform/system/daemon.ts';
import { modeStore } from '#resolvers/platform/system/mode.ts';

export const platformStores: readonly Provision<Session>[] = [
  ...jobStores,
  provision(eventLog, (session) => new MemoryEventLog(session)),
  provision(listenerStore, (session) => new MemoryListeners(session)),
  provision(accountStore, (session) => new MemoryAccounts(session)),
  provision(roleStore, (session) => new MemoryRoles(session)),
  provision(sessionStore, (session) => new MemorySessions(session)),
  provision(apiKeyStore, (session) => new MemoryApiKeys(session)),
  provision(externalIdentityStore, (session) => new MemoryExternalIdentities(session)),
  provision(resetStore, (session) => new MemoryResets(session)),
  provision(throttleStore, (session) => new MemoryThrottle(session)),
  provision(leases, (session) => new MemoryLeases(session)),
  provision(modeStore, (session) => new MemoryModes(session)),
  provision(daemonStore, (session) => new MemoryDaemons(session)),
  provision(scheduleStore, (session) => new MemorySchedules(session)),
  provision(documentStore, (session) => new MemoryDocuments(session)),
  provision(settingStore, (session) => new MemorySettings(session)),
  provision(accessTokenStore, (session) => new MemoryAccessTokens(session)),
  provision(hookStore, (session) => new MemoryHooks(session)),
  provision(hookDeliveryStore, (session) => new MemoryHookDeliveries(session)),
];
