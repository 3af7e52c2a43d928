import { z } from 'zod';
import { duration, group, keys } from '#kernel/config.ts';
import { authenticator } from '#kernel/viewer.ts';
import { argon2Hasher } from '#plugins/argon2.ts';
import { definePlugin } from '#plugins/define.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { createAuthenticator } from '#resolvers/platform/authentication/authenticator.ts';
import { roleStore } from '#resolvers/platform/roles/role.ts';
import { signInRules } from '#resolvers/platform/rules.ts';
import { passwordHasher } from '#resolvers/platform/sign-in/passwords.ts';

const attempts = () => z.number().int().min(1).max(1_000_000);

export const auth = definePlugin({
  name: 'auth',
  version: '1.0.0',
  description: 'Asks the readers of credentials who a request comes from, and keeps passwords.',
  config: keys({
    chain: z
      .array(z.string())
      .default(['bearer', 'jwt', 'authToken', 'basic', 'proxy', 'cookie'])
      .describe(
        'Readers of credentials in the order in which they are asked; a name that no plugin provides is skipped.',
      ),
    password: group({
      minLength: z.number().int().min(1).max(1024).default(12).describe('Characters that a new password must have.'),
    }),
    basic: group({
      enabled: z.boolean().default(true).describe('Whether HTTP Basic is read: name and password with each request.'),
      cache: duration().prefault('60s').describe('How long a right password is remembered, in memory alone.'),
    }),
    reset: group({
      ttl: duration().prefault('8h').describe('How long a token is good that was mailed for a new password.'),
    }),
    throttle: group({
      perPair: attempts().default(5).describe('Wrong passwords for one name from one address before attempts wait.'),
      perName: attempts().default(100).describe('The same for one name from everywhere.'),
      perAddress: attempts().default(50).describe('The same for all names from one address.'),
      window: duration().prefault('15m').describe('How long wrong passwords are counted together.'),
    }),
  }),
  uses: { accountStore, roleStore },
  provides: [authenticator, passwordHasher, signInRules],
  setup({ config, provide, context }) {
    provide(passwordHasher, argon2Hasher);
    provide(signInRules, {
      passwordMinLength: config.password.minLength,
      throttle: config.throttle,
      basic: config.basic,
      resetLife: config.reset.ttl,
    });
    provide(authenticator, createAuthenticator(context(), config.chain));
    return undefined;
  },
});
