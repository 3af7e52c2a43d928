/** Gatehouse as it is started for a day's work, with one field more: `hello`, which asks nothing of anybody. */
import { createGateway } from '../../src/gateway.ts';
import { definePlugin } from '../../src/plugins/define.ts';
import { loadInventory, type Published } from '../../test/support/inventory.ts';
import { answerParent, given } from '../harness/child.ts';
import { connections } from '../harness/load.ts';
import { profiler } from '../harness/profiler.ts';
import { type Amounts, fill } from './fill.ts';
import { mutate } from './mutate.ts';

const admin = { name: 'admin', password: 'bench-7Qm2-nowhere-else' } as const;

const hello = definePlugin({
  name: 'hello',
  version: '1.0.0',
  description: 'Says hello.',
  schema(builder) {
    builder.queryField('hello', (t) => t.string({ description: 'World.', resolve: () => 'world' }));
  },
});

/** Room for as many subscriptions of one viewer as a benchmark opens. */
const manyOfOne = 100_000;

const gateway = await createGateway({
  config: {
    plugins: ['default', hello],
    dataDir: 'memory://bench',
    storage: { url: given<{ url: string }>().url, poolSize: connections.pool },
    http: { port: 0 },
    log: { level: 'warn' },
    accounts: { adminName: admin.name, adminPassword: admin.password },
    live: { max: { perAddress: manyOfOne, perAccount: manyOfOne, subscriptions: manyOfOne } },
  },
});
gateway.work();

answerParent(
  await gateway.listen(),
  {
    fill: (amounts: Amounts) => fill(gateway, amounts),
    loadInventory: (published: readonly Published[]) => loadInventory(gateway.context(), published),
    letAnybodyIn,
    makeKey,
    signIn,
    ...profiler(),
  },
  () => gateway.dispose(),
);

/** The peers ask nobody for a credential. Gatehouse checks the rights of nobody in particular, which are these. */
async function letAnybodyIn(): Promise<void> {
  const by = { name: 'anonymous' };
  const { data } = await gateway.execute({ document: '{ role(by: { name: "anonymous" }) { etag } }' });
  const role = data?.role as { readonly etag: string } | undefined;
  await mutate(gateway, 'roleUpdate', {
    input: { by, etag: role?.etag, permissions: ['network:read', 'network:create'] },
  });
}

/** A credential of the administrator that lasts. */
async function makeKey(): Promise<unknown> {
  const input = { account: { name: admin.name }, name: 'bench' };
  return (await mutate(gateway, 'apiKeyCreate', { input }, 'key')).key;
}

/** A credential of the administrator that a session is kept for. */
async function signIn(): Promise<unknown> {
  return (await mutate(gateway, 'login', { input: admin }, 'token')).token;
}
