import { z } from 'zod';
import { duration, keys } from '#kernel/config.ts';
import { secretBox } from '#kernel/secret-box.ts';
import { credentialReaders } from '#kernel/viewer.ts';
import { createApiKeyReader } from '#plugins/auth-token/api-key-reader.ts';
import { createAuthTokenReader } from '#plugins/auth-token/auth-token-reader.ts';
import { createBasicReader } from '#plugins/auth-token/basic-reader.ts';
import { createAuthTokens } from '#plugins/auth-token/tokens.ts';
import { definePlugin } from '#plugins/define.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { apiKeyStore } from '#resolvers/platform/api-keys/api-key.ts';
import { authTokens } from '#resolvers/platform/auth-tokens/auth-token.ts';
import { signInRules } from '#resolvers/platform/rules.ts';
import { passwordHasher } from '#resolvers/platform/sign-in/passwords.ts';
import { throttleStore } from '#resolvers/platform/sign-in/throttle.ts';

export const authToken = definePlugin({
  name: 'auth-token',
  version: '1.0.0',
  description: 'Accepts API keys, auth tokens and HTTP Basic.',
  section: 'auth.token',
  config: keys({
    ttl: duration().prefault('600s').describe('How long an auth token lasts.'),
    acceptSecretKey: z
      .boolean()
      .default(false)
      .describe('Whether a secret key may stand where an auth token belongs. Better make a token of it.'),
  }),
  uses: { keys: apiKeyStore, accountStore, throttleStore, passwordHasher, rules: signInRules },
  optional: { box: secretBox },
  provides: [credentialReaders, authTokens],
  setup({ config, ports, provide, context }) {
    const { clock } = context();
    const own = () => context();
    provide(authTokens, createAuthTokens(ports.box, clock, config.ttl));
    provide(credentialReaders, createApiKeyReader(ports.keys, clock));
    provide(credentialReaders, createAuthTokenReader(own, config.acceptSecretKey));
    const { basic } = ports.rules;
    if (basic.enabled) provide(credentialReaders, createBasicReader(own, basic.cache));
    return undefined;
  },
});
