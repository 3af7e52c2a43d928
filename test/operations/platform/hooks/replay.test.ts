import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeCursor } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import { storagePrisma } from '#plugins/storage-prisma/plugin.ts';
import { hookDeliveryStore } from '#resolvers/platform/hooks/delivery.ts';
import { type Hooker, type HookHouse, openHooks } from '../../../support/hooks.ts';

let house: HookHouse;
let ann: Hooker;
let site: string;
beforeAll(async () => {
  house = await openHooks({ works: false, storage: [storagePrisma], hooks: { replayMax: 5 } });
}, 60_000);
afterAll(() => house[Symbol.asyncDispose]());
beforeEach(async () => {
  ann = await house.hooker('*');
  site = await ann.site();
  await house.tellings();
});

let made = 0;
const hookOf = async (over: object = {}, by = ann) => {
  const { id } = await by.hook({ event: 'device.*', target: `http://127.0.0.1:9/${++made}`, ...over });
  return { row: id, id: toGlobalId('Hook', id) };
};
const device = (by = ann) => by.device(site, `d${++made}`);
const replay = (id: string, input: object, by = ann) =>
  by.change('hookReplay', { id, from: { start: true }, ...input }, 'count fromSequence toSequence');
/** The numbers of devices that were made since the last look. */
const numbers = async () =>
  (await house.tellings()).filter(({ name }) => name === 'network.device.created').map(({ sequence }) => sequence);
const cursor = async (sequence: number) => {
  const { data } = await ann.ask('{ eventLog { epoch } }');
  return encodeCursor({ epoch: data.eventLog.epoch, sequence });
};
const sequences = async (row: string) => (await house.deliveries(row)).map(({ sequence }) => sequence).sort();

describe('a replay', () => {
  test('sends what happened before the hook was made, once for each event, both ends included', async () => {
    for (let count = 0; count < 4; count += 1) await device();
    const [first = 0, second = 0, third = 0, fourth = 0] = await numbers();
    const { id, row } = await hookOf();
    const range = { from: { cursor: await cursor(second) }, to: { cursor: await cursor(third) } };
    expect(await replay(id, range)).toMatchObject({
      count: 2,
      fromSequence: String(second),
      toSequence: String(third),
    });
    expect(await sequences(row)).toEqual([second, third]);
    const before = await house.deliveries(row);
    expect(await replay(id, { from: { cursor: await cursor(first) } })).toMatchObject({ count: 4 });
    const after = await house.deliveries(row);
    expect(await sequences(row)).toEqual([first, second, third, fourth]);
    for (const old of before) {
      const now = after.find(({ id }) => id === old.id);
      expect(now).toMatchObject({ series: 2, webhookId: old.webhookId, body: old.body, state: 'PENDING' });
    }
  });

  test('takes times, and the instant of an event belongs to either end', async () => {
    const at: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      at.push(new Date(house.clock.now()).toISOString());
      await device();
      house.clock.advance(1000);
    }
    const [one, two, three] = await numbers();
    const { id, row } = await hookOf();
    expect(await replay(id, { from: { time: at[1] }, to: { time: at[1] } })).toMatchObject({ count: 1 });
    expect(await sequences(row)).toEqual([two]);
    expect(await replay(id, { from: { time: at[0] }, to: { cursor: await cursor(one ?? 0) } })).toMatchObject({
      count: 1,
    });
    expect(await replay(id, { from: { time: at[1] } })).toMatchObject({ count: 2 });
    expect(await sequences(row)).toEqual([one, two, three]);
  });

  test('is of what the hook is for, and its owner may see', async () => {
    const ben = await house.hooker('hook:write', 'network:admin');
    const own = await device(ben);
    const foreign = await device(ann);
    const [mine, other] = await numbers();
    const narrow = await hookOf({}, ben);
    const wide = await hookOf({ globalHook: true }, ben);
    const about = await hookOf({ globalHook: true, subject: foreign }, ben);
    const elsewhere = await hookOf({ globalHook: true, scope: [{ kind: 'site', value: own }] }, ben);
    const here = await hookOf({ globalHook: true, scope: [{ kind: 'site', value: site }] }, ben);
    const since = { from: { cursor: await cursor(mine ?? 0) } };
    for (const [hook, seen] of [
      [narrow, [mine]],
      [wide, [mine, other]],
      [about, [other]],
      [elsewhere, []],
      [here, [mine, other]],
    ] as const) {
      expect(await replay(hook.id, since, ben)).toMatchObject({ count: seen.length });
      expect(await sequences(hook.row)).toEqual(seen);
    }
    const blind = await house.hooker('hook:write');
    const roles = await hookOf({ event: 'platform.role.*', globalHook: true }, blind);
    await ann.change('roleCreate', { name: `r${++made}` }, '__typename');
    await house.tellings();
    expect(await replay(roles.id, since, blind)).toMatchObject({ count: 0 });
  });

  test('sends of the dead alone what was given up', async () => {
    await device();
    await device();
    const [first = 0] = await numbers();
    const { id, row } = await hookOf();
    const since = { from: { cursor: await cursor(first) } };
    expect(await replay(id, { ...since, only: 'DEAD' })).toMatchObject({ count: 0 });
    await replay(id, since);
    await ann.change('hookDisable', { id }, '__typename');
    expect(await replay(id, since)).toMatchObject({ code: 'CONFLICT' });
    await ann.change('hookEnable', { id }, '__typename');
    const [one] = await house.deliveries(row);
    const retried = await ann.change(
      'hookDeliveryRetry',
      { id: toGlobalId('HookDelivery', one?.id ?? '') },
      'hookDelivery { state series deadReason }',
    );
    expect(retried).toMatchObject({ hookDelivery: { state: 'PENDING', series: 2, deadReason: null } });
    expect(await replay(id, { ...since, only: 'DEAD' })).toMatchObject({ count: 1 });
    expect((await house.deliveries(row)).map(({ series }) => series)).toEqual([2, 2]);
  });

  test('of too many events, or backwards, is refused and touches nothing', async () => {
    for (let count = 0; count < 6; count += 1) await device();
    const all = await numbers();
    const { id, row } = await hookOf();
    const from = { cursor: await cursor(all[0] ?? 0) };
    expect(await replay(id, { from })).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: 'The range holds more than hooks.replayMax (5) events of this hook.',
      path: ['from'],
    });
    const to = { cursor: await cursor(all[1] ?? 0) };
    expect(await replay(id, { from: { cursor: await cursor(all[2] ?? 0) }, to })).toMatchObject({
      code: 'BAD_USER_INPUT',
      path: ['to'],
    });
    expect(await replay(id, { from: { cursor: await cursor(1e9) } })).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await replay(id, { from: { cursor: 'nonsense' } })).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await house.deliveries(row)).toEqual([]);
    // Five are not too many, though the log holds others between them.
    const later = { from: { cursor: await cursor(all[1] ?? 0) } };
    expect(await replay(id, later)).toMatchObject({ count: 5 });
  });

  test('leaves out what was forgotten of a hook no more than what is new to it', async () => {
    await device();
    const [only = 0] = await numbers();
    const { id, row } = await hookOf();
    const since = { from: { cursor: await cursor(only) } };
    await replay(id, since);
    await ann.change('hookDisable', { id }, '__typename');
    await ann.change('hookEnable', { id }, '__typename');
    const { use } = house.system;
    expect(await use(hookDeliveryStore).trim({ dead: '2999-01-01T00:00:00Z', others: '2999-01-01T00:00:00Z' }, 9)).toBe(
      1,
    );
    expect(await replay(id, since)).toMatchObject({ count: 1 });
    expect((await house.deliveries(row)).map(({ series }) => series)).toEqual([1]);
  });
});
