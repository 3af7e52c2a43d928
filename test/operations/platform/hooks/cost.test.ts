import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clock } from '#kernel/clock.ts';
import { sweepers } from '#kernel/sweeper.ts';
import { queue } from '#kernel/tickets.ts';
import { definePlugin } from '#plugins/define.ts';
import { provideAll } from '#plugins/provision.ts';
import { MemoryTickets } from '#plugins/storage-memory/tickets.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import { stores } from '#plugins/storage-prisma/stores.ts';
import { replayHook } from '#resolvers/platform/hooks/replay.ts';
import { embeddedDatabase } from '../../../support/database.ts';
import { type Hooker, type HookHouse, openHooks } from '../../../support/hooks.ts';

let statements = 0;
const countingStorage = definePlugin({
  name: 'storage-counting',
  version: '1.0.0',
  description: 'The embedded database, with a count of its statements.',
  uses: { clock },
  provides: [...stores.map(({ port }) => port), queue],
  async setup({ ports, provide }) {
    const database = await embeddedDatabase({
      onStatement: () => {
        statements += 1;
      },
    });
    provideAll(provide, stores, openSessions(database));
    provide(queue, new MemoryTickets(ports.clock, () => undefined));
    return () => database.close();
  },
});

let house: HookHouse;
let ann: Hooker;
beforeAll(async () => {
  house = await openHooks({ works: false, storage: [countingStorage] });
  ann = await house.hooker('*');
  const site = await ann.site();
  for (let count = 0; count < 3; count += 1) await ann.device(site, `d${count}`);
  await house.told();
  for (let count = 0; count < 12; count += 1) {
    const hook = await ann.hook({ event: 'device.*', target: `http://127.0.0.1:9/${count}` });
    await replayHook(ann.ctx, { id: hook.id, from: { start: true } });
  }
}, 60_000);
afterAll(() => house[Symbol.asyncDispose]());

async function cost(query: string): Promise<number> {
  await ann.ask('{ profile { account { name } } }');
  const before = statements;
  const { errors } = await ann.ask(query);
  expect(errors).toBeUndefined();
  return statements - before;
}

describe('hooks', () => {
  test('with all that belongs to them cost the same, however many are read', async () => {
    const hooks = (first: number) => `{ hooks(first: ${first}) { totalCount nodes {
      number owner { name } secrets { createdAt }
      deliveries(first: 2) { totalCount nodes { state body attempts { status } event { name } hook { number } } }
    } } }`;
    const [few, many] = [await cost(hooks(2)), await cost(hooks(12))];
    expect(many).toBe(few);
    expect(many).toBeLessThanOrEqual(12);
  });

  test('and their deliveries too', async () => {
    const deliveries = (first: number) =>
      `{ hookDeliveries(first: ${first}) { nodes { state body attempts { status } event { name } hook { number } } } }`;
    expect(await cost(deliveries(30))).toBe(await cost(deliveries(2)));
  });

  test('forget what was delivered or given up when its time is over', async () => {
    const sweeper = house.system.all(sweepers).find(({ name }) => name === 'deliveries of hooks');
    const { data } = await ann.ask('{ hooks(first: 2) { nodes { id } } }');
    const [dead, gone] = data.hooks.nodes as { id: string }[];
    await ann.change('hookDisable', { id: dead?.id }, '__typename');
    await ann.change('hookDelete', { id: gone?.id }, '__typename');
    const count = async () => {
      while (((await sweeper?.sweep(house.system)) ?? 0) > 0);
      const answer = await ann.ask('{ hookDeliveries { totalCount } }');
      return answer.data.hookDeliveries.totalCount as number;
    };
    const day = 86_400_000;
    expect(await count()).toBe(36);
    house.clock.advance(14 * day - 1000);
    expect(await count()).toBe(36);
    house.clock.advance(2000);
    expect(await count()).toBe(33);
    house.clock.advance(16 * day - 3000);
    expect(await count()).toBe(33);
    house.clock.advance(4000);
    expect(await count()).toBe(30);
  });
});
