import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeCursor, eventLog } from '#kernel/event.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { deleteAccount } from '#resolvers/platform/accounts/delete.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { deleteHook } from '#resolvers/platform/hooks/change.ts';
import { hookDeliveryStore } from '#resolvers/platform/hooks/delivery.ts';
import { replayHook } from '#resolvers/platform/hooks/replay.ts';
import { retryHookDelivery } from '#resolvers/platform/hooks/retry.ts';
import { type Hooker, type HookHouse, openHooks } from '../../../support/hooks.ts';
import { openReceiver, type Receiver } from '../../../support/receiver.ts';

let house: HookHouse;
let ann: Hooker;
let site: string;
beforeAll(async () => {
  house = await openHooks();
  ann = await house.hooker('*');
  site = await ann.site();
});
afterAll(() => house[Symbol.asyncDispose]());

let receiver: Receiver;
let target: string;
beforeEach(async () => {
  receiver = await openReceiver();
  target = `${receiver.url}/in`;
});
afterEach(() => receiver[Symbol.asyncDispose]());

let made = 0;
const devices = async (count: number, by = ann, place = site) => {
  const inputs = Array.from({ length: count }, () => ({ site: { id: place }, hostname: `m${++made}` }));
  const { data } = await by.ask(
    'mutation ($inputs: [DeviceCreateInput!]!) { deviceCreateMany(inputs: $inputs) { __typename } }',
    { inputs },
  );
  expect(data.deviceCreateMany.__typename).toBe('DeviceCreateManySuccess');
};
const here = { event: 'device.create', scope: [] };

/** Answers no request until it is let go. */
function held(): { readonly respond: () => Promise<void>; go(): void } {
  let go = () => {};
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  return { respond: () => gone, go };
}

describe('a target', () => {
  test('gets no more than four requests at once, and all in the end', async () => {
    const hold = held();
    receiver.answer(async (_request, response) => {
      await hold.respond();
      response.writeHead(200).end();
    });
    const hooks = await Promise.all(
      ['/a', '/b'].map((path) => ann.hook({ ...here, target: `${receiver.url}${path}` })),
    );
    await devices(10);
    await receiver.until(4);
    expect(await receiver.quiet()).toHaveLength(4);
    hold.go();
    for (const { id } of hooks) await house.settled(id, Array(10).fill('SUCCEEDED'));
    expect(receiver.mostAtOnce).toBe(4);
    for (const { id } of hooks) await deleteHook(ann.ctx, { id });
  });

  test('that does not answer slows no other', async () => {
    await using dead = await openReceiver(() => undefined);
    const [silent, lively] = await Promise.all([
      ann.hook({ ...here, target: dead.url }),
      ann.hook({ ...here, target }),
    ]);
    await devices(40);
    const began = performance.now();
    await house.settled(lively?.id ?? '', Array(40).fill('SUCCEEDED'));
    // Requests to the silent one take two seconds each, and four of them are out.
    expect(performance.now() - began).toBeLessThan(1500);
    expect(dead.received).toHaveLength(4);
    await deleteHook(ann.ctx, { id: silent?.id ?? '' });
    await deleteHook(ann.ctx, { id: lively?.id ?? '' });
  });

  test('that fails on one path does not stop another path', async () => {
    receiver.answer(({ path }) => (path === '/bad' ? 500 : 200));
    const [bad, good] = await Promise.all(
      ['/bad', '/good'].map((path) => ann.hook({ ...here, target: `${receiver.url}${path}` })),
    );
    await devices(30);
    await house.settled(good?.id ?? '', Array(30).fill('SUCCEEDED'));
    await expect.poll(async () => (await house.hookNow(bad?.id ?? '')).breaker.state).toBe('OPEN');
    const tried = receiver.received.filter(({ path }) => path === '/bad').length;
    expect(tried).toBeGreaterThanOrEqual(5);
    expect(tried).toBeLessThanOrEqual(8);
    await deleteHook(ann.ctx, { id: bad?.id ?? '' });
    await deleteHook(ann.ctx, { id: good?.id ?? '' });
  });
});

test('in all no more requests are out than the config says', async () => {
  await using few = await openHooks({ hooks: { concurrency: 3 } });
  const hold = held();
  receiver.answer(async (_request, response) => {
    await hold.respond();
    response.writeHead(200).end();
  });
  await using second = await openReceiver(async (_request, response) => {
    await hold.respond();
    response.writeHead(200).end();
  });
  const bea = await few.hooker('*');
  const place = await bea.site();
  const hooks = await Promise.all([target, second.url].map((url) => bea.hook({ ...here, target: url })));
  await devices(5, bea, place);
  await expect.poll(() => receiver.received.length + second.received.length).toBe(3);
  await second.quiet();
  expect(receiver.received.length + second.received.length).toBe(3);
  hold.go();
  for (const { id } of hooks) await few.settled(id, Array(5).fill('SUCCEEDED'));
});

describe('the hooks of an account', () => {
  const change = async (id: string, isActive: boolean) => {
    const [account] = await house.system.use(accountStore).getMany([id]);
    await updateAccount(house.system, { by: { id }, etag: account?.etag ?? '', isActive });
  };

  test('rest while it may not act, come back with it, and go with it', async () => {
    const gil = await house.hooker('hook:write', 'network:admin');
    const hook = await gil.hook({ ...here, target, globalHook: true });
    receiver.answer(500);
    await devices(1);
    await house.settled(hook.id, ['RETRYING']);
    await change(gil.account.id, false);
    expect(await house.settled(hook.id, ['DEAD'])).toMatchObject([{ deadReason: 'SUSPENDED' }]);
    expect((await house.hookNow(hook.id)).state).toBe('SUSPENDED');
    receiver.answer(200);
    await devices(1);
    await change(gil.account.id, true);
    expect((await house.hookNow(hook.id)).state).toBe('ACTIVE');
    await devices(1);
    const all = await house.settled(hook.id, ['DEAD', 'SUCCEEDED']);
    expect(receiver.received.at(-1)?.json.data.hostname).toBe(`m${made}`);
    const [account] = await house.system.use(accountStore).getMany([gil.account.id]);
    await deleteAccount(house.system, { by: { id: gil.account.id }, etag: account?.etag ?? '' });
    await expect(house.hookNow(hook.id)).rejects.toThrow('There is no hook');
    await devices(1);
    await receiver.quiet();
    expect(await house.deliveries(hook.id)).toEqual(all);
    expect(receiver.received).toHaveLength(2);
  });
});

describe('what was sent', () => {
  test('is sent again by a replay, with the same webhook-id and body, together with what never was', async () => {
    const start = await house.system.use(eventLog).state();
    await devices(1);
    const hook = await ann.hook({ ...here, target });
    await devices(1);
    await house.settled(hook.id, ['SUCCEEDED']);
    const from = { cursor: encodeCursor({ epoch: start.epoch, sequence: start.head + 1 }) };
    expect(await replayHook(ann.ctx, { id: hook.id, from })).toMatchObject({ count: 2 });
    const requests = await receiver.until(3);
    const ids = requests.map(({ headers }) => headers['webhook-id']);
    expect(ids.filter((id) => id === ids[0])).toHaveLength(2);
    const bodies = requests.filter(({ headers }) => headers['webhook-id'] === ids[0]).map(({ body }) => body);
    expect(new Set(bodies).size).toBe(1);
    await house.settled(hook.id, ['SUCCEEDED', 'SUCCEEDED']);
    const again = (await house.deliveries(hook.id)).find(({ webhookId }) => webhookId === ids[0]);
    expect(again).toMatchObject({ series: 2, attemptCount: 1 });
    expect(await house.attempts(again?.id ?? '')).toMatchObject([{ series: 1 }, { series: 2 }]);
    await deleteHook(ann.ctx, { id: hook.id });
  });

  test('is sent again alone when that is asked for', async () => {
    receiver.answer(500);
    const hook = await ann.hook({ ...here, target });
    await devices(2);
    const [first] = await house.settled(hook.id, ['RETRYING', 'RETRYING']);
    receiver.answer(200);
    await retryHookDelivery(ann.ctx, { id: first?.id ?? '' });
    await house.settled(hook.id, ['SUCCEEDED', 'RETRYING']);
    expect(receiver.received[2]?.headers['webhook-id']).toBe(first?.webhookId);
    await deleteHook(ann.ctx, { id: hook.id });
    await house.settled(hook.id, ['SUCCEEDED', 'CANCELLED']);
  });
});

test('the figures count attempts by outcome, deliveries by state and open breakers', async () => {
  receiver.answer(({ path }) => (path === '/ok' ? 200 : 500));
  const [good, bad] = await Promise.all(
    ['/ok', '/bad'].map((path) => ann.hook({ ...here, target: `${receiver.url}${path}` })),
  );
  const before = await figures();
  await devices(5);
  await house.settled(good?.id ?? '', Array(5).fill('SUCCEEDED'));
  await house.settled(bad?.id ?? '', Array(5).fill('RETRYING'));
  const after = await figures();
  const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  expect(grown('gatehouse_hook_attempts_total{outcome="SUCCEEDED"}')).toBe(5);
  expect(grown('gatehouse_hook_attempts_total{outcome="STATUS"}')).toBe(5);
  expect(grown('gatehouse_hook_deliveries{state="SUCCEEDED"}')).toBe(5);
  expect(grown('gatehouse_hook_deliveries{state="RETRYING"}')).toBe(5);
  expect(grown('gatehouse_hook_breakers_open')).toBe(1);
  expect(await house.system.use(hookDeliveryStore).countByState()).toMatchObject({ RETRYING: 5 });
});

async function figures(): Promise<ReadonlyMap<string, number>> {
  const answer = await house.gateway.fetch(
    new Request('http://here/metrics', { headers: { authorization: `Bearer ${ann.key}` } }),
  );
  const lines = (await answer.text()).split('\n').filter((line) => line.startsWith('gatehouse_hook_'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}
