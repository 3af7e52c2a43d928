/** A gateway that dies: at a point of a unit of work that it was told, or when it is killed while it works. */
import { createGateway } from 'gatehouse';
import { eventLog } from 'gatehouse/kernel/event';
import { newId } from 'gatehouse/kernel/id';
import { definePort } from 'gatehouse/kernel/port';
import type { Branch, Participant } from 'gatehouse/kernel/unit';
import { definePlugin } from 'gatehouse/plugins/define';
import { createDevice } from 'gatehouse/resolvers/network/devices/create';
import { deleteDevice } from 'gatehouse/resolvers/network/devices/delete';
import { deviceStore } from 'gatehouse/resolvers/network/devices/device';
import { createSite } from 'gatehouse/resolvers/network/sites/create';

const [dataDir = '', end = 'report'] = process.argv.slice(2);
type Point = 'prepare' | 'commit';

const bomb = definePort<{ join(at: Point): Promise<unknown> }>('bomb');
const die = async () => process.kill(process.pid, 'SIGKILL');
const nothing = async () => {};
const bombs: Readonly<Record<Point, Participant<Branch>>> = {
  prepare: {
    name: 'bomb',
    begin: async () => ({ prepare: async () => void (await die()), commit: nothing, rollback: nothing }),
  },
  commit: { name: 'bomb', begin: async () => ({ commit: async () => void (await die()), rollback: nothing }) },
};
const bomber = definePlugin({
  name: 'bomber',
  version: '1.0.0',
  description: 'Takes part in units of work and kills the process.',
  provides: [bomb],
  setup({ provide }) {
    provide.bound(bomb, (unit) => ({ join: async (at) => unit?.enlist(bombs[at]) }));
    return undefined;
  },
});

const gateway = await createGateway({
  folder: import.meta.dirname,
  config: {
    plugins: ['default', './plugin.ts', bomber],
    ports: { 'network.devices': 'devices-json' },
    storage: { transactionTimeout: '2s' },
    accounts: { adminPassword: 'a password of tests' },
    log: { level: 'error' },
    dataDir,
  },
});
const ctx = gateway.context();

// What the log says that there is, and what there is.
while ((await ctx.use(eventLog).number(1000)) > 0);
const logged = new Set<string>();
for (let after = 0; ; ) {
  const events = await ctx.use(eventLog).read(after, 1000);
  for (const { name, data } of events) {
    const { device } = data as { device?: { hostname: string } };
    if (name === 'network.device.created' && device) logged.add(device.hostname);
    if (name === 'network.device.deleted' && device) logged.delete(device.hostname);
  }
  if (events.length === 0) break;
  after = events.at(-1)?.sequence ?? 0;
}
const everything = { limit: 1000, direction: 'forward', after: null, before: null, offset: 0 } as const;
const [page] = await ctx.use(deviceStore).pages([null], {
  filter: {},
  order: { by: 'NATURAL', direction: 'ASC' },
  visibility: 'all',
  page: everything,
});
const stored = page?.items.map(({ node }) => node.hostname) ?? [];
process.stdout.write(`${JSON.stringify({ logged: [...logged].sort(), stored: stored.sort() })}\n`);

const site = { id: (await createSite(ctx, { name: newId() })).id };
if (end === 'prepare')
  await ctx.atomically(async (ctx) => {
    await createDevice(ctx, { site, hostname: 'died-in-prepare' });
    await ctx.use(bomb).join('prepare');
  });
if (end === 'commit')
  await ctx.atomically(async (ctx) => {
    await ctx.use(bomb).join('commit');
    await createDevice(ctx, { site, hostname: 'died-in-commit' });
  });
if (end === 'work')
  for (let n = 0; ; n += 1) {
    const { id } = await createDevice(ctx, { site, hostname: `${n}-${newId()}` });
    process.stdout.write('made\n');
    if (n % 3 === 0) await deleteDevice(ctx, { by: { id } });
  }
await gateway.dispose();
