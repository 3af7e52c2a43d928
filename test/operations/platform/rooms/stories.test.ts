import { afterAll, beforeAll } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { tellStories } from '../../../support/stories.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await createGateway({
    config: {
      plugins: ['default'],
      dataDir: 'memory://rooms-stories',
      log: { level: 'silent' },
      accounts: { adminPassword: 'correct horse battery' },
      settings: { defaults: { _general: { language: 'en' } } },
      store: { default: { theme: 'light' } },
    },
  });
  await createAccount(gateway.context(), { name: 'ann', permissions: [], roles: [] });
}, 60_000);
afterAll(() => gateway.dispose());

tellStories(import.meta.dirname, (operation) => gateway.execute(operation));
