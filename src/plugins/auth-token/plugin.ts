import { credentialReaders } from '#kernel/viewer.ts';
import { createApiKeyReader } from '#plugins/auth-token/reader.ts';
import { definePlugin } from '#plugins/define.ts';
import { apiKeyStore } from '#resolvers/platform/api-keys/api-key.ts';

export const authToken = definePlugin({
  name: 'auth-token',
  version: '1.0.0',
  description: 'Accepts API keys.',
  uses: { keys: apiKeyStore },
  provides: [credentialReaders],
  setup({ ports, provide, context }) {
    provide(credentialReaders, createApiKeyReader(ports.keys, context().clock));
    return undefined;
  },
});
