import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { keys } from '#kernel/config.ts';
import { egress } from '#kernel/egress.ts';
import { toGlobalId } from '#kernel/id.ts';
import { definePlugin } from '#plugins/define.ts';
import { createEgress } from '#plugins/egress/guard.ts';
import { disableHook } from '#resolvers/platform/hooks/change.ts';
import { type Hooker, type HookHouse, openHooks } from '../../../support/hooks.ts';
import { openReceiver, type Receiver } from '../../../support/receiver.ts';

let house: HookHouse;
let ann: Hooker;
beforeAll(async () => {
  house = await openHooks();
  ann = await house.hooker('hook:write');
});
afterAll(() => house[Symbol.asyncDispose]());

let receiver: Receiver;
beforeEach(async () => {
  receiver = await openReceiver();
  await house.told();
});
afterEach(() => receiver[Symbol.asyncDispose]());

const hookTest = (id: string, by = ann) =>
  by.change(
    'hookTest',
    { id: toGlobalId('Hook', id) },
    'hook { id state breaker { failures } deliveries { totalCount } } attempt { status error durationMs responseExcerpt }',
  );

describe('a test of a hook', () => {
  test('sends the hook itself at once, signed, and answers what came of it', async () => {
    receiver.answer((_request, response) => {
      response.writeHead(202).end('thank you');
      return undefined;
    });
    const hook = await ann.hook({ event: 'device.*', target: receiver.url });
    const tested = await hookTest(hook.id);
    expect(tested.attempt).toEqual({
      status: 202,
      error: null,
      durationMs: expect.any(Number),
      responseExcerpt: 'thank you',
    });
    const [request] = receiver.received;
    expect(request?.headers['gatehouse-event']).toBe('platform.hook.tested');
    expect(new Webhook(hook.secret).verify(request?.body ?? '', request?.headers as Record<string, string>)).toEqual({
      hook: { target: receiver.url, id: hook.number, event: 'platform.hook.tested' },
      data: expect.objectContaining({ id: toGlobalId('Hook', hook.id), event: 'device.*', state: 'ACTIVE' }),
    });
    const [told] = (await house.tellings()).filter(({ name }) => name === 'platform.hook.tested');
    expect(told).toMatchObject({ actor: { account: ann.account.id }, data: { status: 202, error: null } });
  });

  test('that fails leaves the breaker and the deliveries as they are', async () => {
    receiver.answer(500);
    const hook = await ann.hook({ event: 'device.*', target: `${receiver.url}/fails` });
    for (let count = 0; count < 6; count += 1)
      expect((await hookTest(hook.id)).attempt).toMatchObject({ status: 500, error: 'STATUS' });
    expect((await hookTest(hook.id)).hook).toMatchObject({ breaker: { failures: 0 }, deliveries: { totalCount: 0 } });
    expect(await house.hookNow(hook.id)).toMatchObject({ breaker: { state: 'CLOSED' }, failingSince: null });
    await receiver[Symbol.asyncDispose]();
    expect((await hookTest(hook.id)).attempt).toMatchObject({ status: null, error: 'CONNECT', responseExcerpt: null });
  });

  test('goes out while the hook is disabled, and names the event that is in the log', async () => {
    const hook = await ann.hook({ event: 'site.*', target: receiver.url, payload: 'THIN' });
    await disableHook(ann.ctx, { id: hook.id });
    expect((await hookTest(hook.id)).hook.state).toBe('DISABLED');
    const [told] = (await house.tellings()).filter(({ name }) => name === 'platform.hook.tested');
    expect(receiver.received[0]?.json.data).toEqual({
      id: toGlobalId('Hook', hook.id),
      eventId: toGlobalId('HookTested', told?.id ?? ''),
    });
  });

  test('needs the right to write hooks, and the hook to be one’s own', async () => {
    const hook = await ann.hook({ event: 'circuit.*', target: receiver.url });
    expect(await hookTest(hook.id, await house.hooker())).toMatchObject({ code: 'FORBIDDEN' });
    expect(await hookTest(hook.id, await house.hooker('hook:write'))).toMatchObject({ code: 'NOT_FOUND' });
    expect(receiver.received).toEqual([]);
    expect((await hookTest(hook.id, await house.hooker('hook:admin'))).attempt).toMatchObject({ status: 204 });
  });
});

test('a target whose name leads to an internal address by then is sent nothing', async () => {
  let address = '93.184.216.34';
  const guard = definePlugin({
    name: 'egress-of-the-test',
    version: '1.0.0',
    description: 'The real guard, with names that a test resolves.',
    section: 'hooks',
    config: keys({ allow: z.array(z.string()) }),
    provides: [egress],
    setup({ provide }) {
      provide(
        egress,
        createEgress([], async () => [{ address, family: 4 }]),
      );
      return undefined;
    },
  });
  await using other = await openHooks({ guard });
  const bea = await other.hooker('*');
  const hook = await bea.hook({ event: 'site.create', target: 'https://hooks.example.org/in' });
  address = '127.0.0.1';
  expect((await hookTest(hook.id, bea)).attempt).toMatchObject({ status: null, error: 'BLOCKED_ADDRESS' });
  await bea.site();
  const [delivery] = await other.settled(hook.id, ['RETRYING']);
  expect(await other.attempts(delivery?.id ?? '')).toMatchObject([{ status: null, error: 'BLOCKED_ADDRESS' }]);
});
