import { z } from 'zod';
import { keys, secret } from '#kernel/config.ts';
import { eventLog } from '#kernel/event.ts';
import { grants } from '#kernel/grants.ts';
import { definePlugin } from '#plugins/define.ts';
import { authTokenDoors } from '#plugins/doors/auth-tokens.ts';
import { signInDoors } from '#plugins/doors/sign-in.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { accountEvents } from '#resolvers/platform/accounts/events.ts';
import { derivedGrants } from '#resolvers/platform/accounts/grant.ts';
import { apiKeyStore } from '#resolvers/platform/api-keys/api-key.ts';
import { apiKeyEvents } from '#resolvers/platform/api-keys/events.ts';
import { eventLogRenewed, eventLogTrimmed } from '#resolvers/platform/events/retention.ts';
import { externalIdentityStore } from '#resolvers/platform/external-identities/external-identity.ts';
import { prepareIdentity } from '#resolvers/platform/first-start.ts';
import { resetStore } from '#resolvers/platform/password-resets/reset.ts';
import { platformAreas } from '#resolvers/platform/rights/areas.ts';
import { roleEvents } from '#resolvers/platform/roles/events.ts';
import { roleStore } from '#resolvers/platform/roles/role.ts';
import { accountRules, signInRules } from '#resolvers/platform/rules.ts';
import { sessionEvents } from '#resolvers/platform/sessions/events.ts';
import { sessionIssuer, sessionStore } from '#resolvers/platform/sessions/session.ts';
import { passwordHasher } from '#resolvers/platform/sign-in/passwords.ts';
import { loginThrottled, throttleStore } from '#resolvers/platform/sign-in/throttle.ts';
import { accounts } from '#schema/platform/account.ts';
import { apiKeys } from '#schema/platform/api-key.ts';
import { connections } from '#schema/platform/connection.ts';
import { events } from '#schema/platform/event.ts';
import { passwordResets } from '#schema/platform/password-reset.ts';
import { roles } from '#schema/platform/role.ts';
import { secretKeys } from '#schema/platform/secret-key.ts';
import { sessions } from '#schema/platform/session.ts';
import { signIn } from '#schema/platform/sign-in.ts';

export const platform = definePlugin({
  name: 'platform',
  version: '1.0.0',
  description: 'Accounts, roles, sessions and API keys, and the first start.',
  section: 'accounts',
  config: keys({
    defaultRoles: z.array(z.string()).default([]).describe('Roles of an account whose maker gives none.'),
    adminName: z.string().default('admin').describe('Name of the administrator that the first start makes.'),
    adminEmail: z.string().optional().describe('His email. Also read from GATEHOUSE_ADMIN_EMAIL.'),
    adminPassword: secret(z.string())
      .optional()
      .describe('His password; without it one is made and printed once. Also read from GATEHOUSE_ADMIN_PASSWORD.'),
  }),
  permissions: platformAreas,
  events: [
    ...accountEvents,
    ...roleEvents,
    ...sessionEvents,
    ...apiKeyEvents,
    loginThrottled,
    eventLogTrimmed,
    eventLogRenewed,
  ],
  routes: [...signInDoors, ...authTokenDoors],
  checks: [
    {
      name: 'eventLog',
      async check(ctx) {
        await ctx.use(eventLog).state();
      },
    },
  ],
  schema(builder) {
    events(builder);
    connections(builder);
    accounts(builder);
    roles(builder);
    sessions(builder);
    apiKeys(builder);
    signIn(builder);
    secretKeys(builder);
    passwordResets(builder);
  },
  uses: {
    eventLog,
    accountStore,
    roleStore,
    sessionStore,
    apiKeyStore,
    externalIdentityStore,
    resetStore,
    throttleStore,
    passwordHasher,
    rules: signInRules,
  },
  optional: { sessionIssuer },
  provides: [grants, accountRules],
  async setup({ config, ports, provide, context }) {
    provide(grants, derivedGrants);
    provide(accountRules, { defaultRoles: config.defaultRoles });
    const made = await prepareIdentity(context(), {
      name: config.adminName,
      email: config.adminEmail ?? null,
      password: config.adminPassword ?? null,
      passwordMinLength: ports.rules.passwordMinLength,
    });
    if (made !== null) printOnce(config.adminName, made);
    return undefined;
  },
});

/** Past the log, which is kept: the password is for whoever starts the gateway, and for now. */
function printOnce(name: string, password: string): void {
  process.stderr.write(
    `\nThe first administrator is "${name}" with the password ${password}\nIt is shown this once and must be changed at the first sign-in.\n\n`,
  );
}
