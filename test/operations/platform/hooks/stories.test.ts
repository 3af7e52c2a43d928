import { afterAll, beforeAll, expect } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import { eventLog } from '#kernel/event.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { tellStories } from '../../../support/stories.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await createGateway({
    config: {
      plugins: ['default'],
      dataDir: 'memory://hooks-stories',
      log: { level: 'silent' },
      accounts: { adminPassword: 'correct horse battery' },
      hooks: { allow: ['127.0.0.1'] },
    },
  });
  for (const name of ['ann', 'ben']) await createAccount(gateway.context(), { name, permissions: [], roles: [] });
}, 60_000);
afterAll(() => gateway.dispose());

tellStories(import.meta.dirname, async (operation) => {
  // A replay sends what has a number.
  await expect.poll(() => gateway.context().use(eventLog).countUnnumbered()).toBe(0);
  return gateway.execute(operation);
});
