import { eventLog } from '#kernel/event.ts';
import { leases } from '#kernel/leases.ts';
import { listenerStore } from '#kernel/listener.ts';
import { type Provision, provision } from '#plugins/provision.ts';
import { PrismaAccessTokens } from '#plugins/storage-prisma/platform/access-tokens.ts';
import { PrismaAccounts } from '#plugins/storage-prisma/platform/accounts.ts';
import { PrismaApiKeys } from '#plugins/storage-prisma/platform/api-keys.ts';
import { PrismaDaemons } from '#plugins/storage-prisma/platform/daemons.ts';
import { PrismaDocuments } from '#plugins/storage-prisma/platform/documents.ts';
import { PrismaEventLog } from '#plugins/storage-prisma/platform/event-log.ts';
import { PrismaExternalIdentities } from '#plugins/storage-prisma/platform/external-identities.ts';
import { PrismaHookDeliveries } from '#plugins/storage-prisma/platform/hook-deliveries.ts';
import { PrismaHooks } from '#plugins/storage-prisma/platform/hooks.ts';
import { jobStores } from '#plugins/storage-prisma/platform/job-stores.ts';
import { PrismaLeases } from '#plugins/storage-prisma/platform/leases.ts';
import { PrismaListeners } from '#plugins/storage-prisma/platform/listeners.ts';
import { PrismaModes } from '#plugins/storage-prisma/platform/modes.ts';
import { PrismaResets } from '#plugins/storage-prisma/platform/resets.ts';
import { PrismaRoles } from '#plugins/storage-prisma/platform/roles.ts';
import { PrismaSchedules } from '#plugins/storage-prisma/platform/schedules.ts';
import { PrismaSessions } from '#plugins/storage-prisma/platform/sessions.ts';
import { PrismaSettings } from '#plugins/storage-prisma/platform/settings.ts';
import { PrismaThrottle } from '#plugins/storage-prisma/platform/throttle.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
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
  provision(eventLog, (session) => new PrismaEventLog(session)),
  provision(listenerStore, (session) => new PrismaListeners(session)),
  provision(accountStore, (session) => new PrismaAccounts(session)),
  provision(roleStore, (session) => new PrismaRoles(session)),
  provision(sessionStore, (session) => new PrismaSessions(session)),
  provision(apiKeyStore, (session) => new PrismaApiKeys(session)),
  provision(externalIdentityStore, (session) => new PrismaExternalIdentities(session)),
  provision(resetStore, (session) => new PrismaResets(session)),
  provision(throttleStore, (session) => new PrismaThrottle(session)),
  provision(leases, (session) => new PrismaLeases(session)),
  provision(modeStore, (session) => new PrismaModes(session)),
  provision(daemonStore, (session) => new PrismaDaemons(session)),
  provision(scheduleStore, (session) => new PrismaSchedules(session)),
  provision(documentStore, (session) => new PrismaDocuments(session)),
  provision(settingStore, (session) => new PrismaSettings(session)),
  provision(accessTokenStore, (session) => new PrismaAccessTokens(session)),
  provision(hookStore, (session) => new PrismaHooks(session)),
  provision(hookDeliveryStore, (session) => new PrismaHookDeliveries(session)),
];
