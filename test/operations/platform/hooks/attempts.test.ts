import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HookDelivery } from '#resolvers/platform/hooks/delivery.ts';
import { type Hooker, type HookHouse, type MadeHook, openHooks } from '../../../support/hooks.ts';
import { openReceiver, type Receiver } from '../../../support/receiver.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const waits = [5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour];

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
let about: string;
let made = 0;
beforeEach(async () => {
  receiver = await openReceiver();
  target = `${receiver.url}/in`;
  about = await ann.device(site, `d${++made}`);
});
afterEach(() => receiver[Symbol.asyncDispose]());

const hook = (more: Partial<Parameters<Hooker['hook']>[0]> = {}): Promise<MadeHook> =>
  ann.hook({ event: 'device.update', target, subject: about, ...more });
const happen = async (times = 1) => {
  for (let time = 0; time < times; time += 1) await ann.rename(about, `d${++made}`);
};
const goOn = (milliseconds: number) => house.clock.advance(milliseconds);
const only = async (id: string): Promise<HookDelivery> => {
  const [delivery] = await house.deliveries(id);
  if (!delivery) throw new Error('There is no delivery.');
  return delivery;
};
const attempted = (id: string, count: number) =>
  expect.poll(async () => (await only(id)).attemptCount, { timeout: 5000, interval: 10 }).toBe(count);

describe('an attempt', () => {
  test('that failed is made again with the same body and the same webhook-id', async () => {
    receiver.answer((_request, _response, count) => (count === 1 ? 500 : 200));
    const { id } = await hook();
    await happen();
    await house.settled(id, ['RETRYING']);
    goOn(4 * second);
    expect(await receiver.quiet(100)).toHaveLength(1);
    goOn(second);
    const [first, again] = await receiver.until(2);
    expect(again?.body).toBe(first?.body);
    expect(again?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(Number(again?.headers['webhook-timestamp'])).toBe(Number(first?.headers['webhook-timestamp']) + 5);
    expect(again?.headers['webhook-signature']).not.toBe(first?.headers['webhook-signature']);
    const [delivery] = await house.settled(id, ['SUCCEEDED']);
    expect(await house.attempts(delivery?.id ?? '')).toMatchObject([
      { number: 1, series: 1, status: 500, error: 'STATUS' },
      { number: 2, series: 1, status: 200, error: null },
    ]);
    expect(await house.hookNow(id)).toMatchObject({ breaker: { state: 'CLOSED', failures: 0 }, failingSince: null });
  });

  test('is the last after ten of them: the delivery is dead, and the log says so', async () => {
    await house.told();
    receiver.answer(500);
    const { id } = await hook();
    await happen();
    for (const [index, wait] of waits.entries()) {
      await attempted(id, index + 1);
      const due = (await only(id)).nextAttemptAt;
      expect(Date.parse(due ?? '') - house.clock.now()).toBe(wait);
      // Past the pause of the breaker, which opens with the fifth.
      goOn(Math.max(wait, 15 * minute));
    }
    const [dead] = await house.settled(id, ['DEAD']);
    expect(dead).toMatchObject({ deadReason: 'EXHAUSTED', attemptCount: 10, nextAttemptAt: null });
    expect(receiver.received).toHaveLength(10);
    const [told] = (await house.tellings()).filter(({ name }) => name === 'platform.hookDelivery.deadLettered');
    expect(told?.scope).toMatchObject({ account: ann.account.id });
    expect(told?.data).toMatchObject({ hookDelivery: { state: 'DEAD', attemptCount: 10, deadReason: 'EXHAUSTED' } });
    goOn(30 * hour);
    expect(await receiver.quiet()).toHaveLength(10);
  });

  test('waits at least as long as the target asked for', async () => {
    const began = house.clock.now();
    const date = new Date(began + 2 * hour).toUTCString();
    const asked = ['90', date, '864000'];
    receiver.answer((_request, response, count) => {
      response.writeHead(503, { 'retry-after': asked[count - 1] }).end();
      return undefined;
    });
    const { id } = await hook();
    await happen();
    const waited: number[] = [];
    for (const [index] of asked.entries()) {
      await attempted(id, index + 1);
      const wait = Date.parse((await only(id)).nextAttemptAt ?? '') - house.clock.now();
      waited.push(wait);
      goOn(wait);
    }
    expect(waited).toEqual([90 * second, Date.parse(date) - began - 90 * second, 24 * hour]);
  });

  test('does not follow a redirect', async () => {
    await using elsewhere = await openReceiver();
    receiver.answer((_request, response) => {
      response.writeHead(307, { location: elsewhere.url }).end();
      return undefined;
    });
    const { id } = await hook();
    await happen();
    const [delivery] = await house.settled(id, ['RETRYING']);
    expect(await house.attempts(delivery?.id ?? '')).toMatchObject([{ status: 307, error: 'REDIRECT' }]);
    expect(elsewhere.received).toEqual([]);
  });

  test('ends after its time, whether the target is silent or never comes to an end', async () => {
    await using quick = await openHooks({ hooks: { timeout: '300ms' } });
    const bea = await quick.hooker('*');
    const place = await bea.site();
    receiver.answer((request, response) => {
      if (request.path === '/slow') {
        response.writeHead(200);
        response.flushHeaders();
      }
      return undefined;
    });
    const silent = await bea.hook({ event: 'device.create', target: `${receiver.url}/silent` });
    const slow = await bea.hook({ event: 'device.create', target: `${receiver.url}/slow` });
    await bea.device(place, 'timed');
    for (const { id } of [silent, slow]) {
      const [delivery] = await quick.settled(id, ['RETRYING']);
      const [attempt] = await quick.attempts(delivery?.id ?? '');
      expect(attempt).toMatchObject({ status: null, error: 'TIMEOUT', responseExcerpt: null });
      expect(attempt?.durationMs).toBeGreaterThanOrEqual(290);
      expect(attempt?.durationMs).toBeLessThan(2000);
    }
  });

  test('keeps 4 KiB of the answer, and reads no more than 64 KiB of it', async () => {
    let written = 0;
    receiver.answer((_request, response) => {
      response.writeHead(500);
      const write = () => {
        while (written < 1024 * 1024 * 64 && response.write('ä\u0000b'.repeat(4096))) written += 16_384;
      };
      response.on('drain', write).on('error', () => undefined);
      write();
      return undefined;
    });
    const { id } = await hook();
    await happen();
    const [delivery] = await house.settled(id, ['RETRYING']);
    const [attempt] = await house.attempts(delivery?.id ?? '');
    expect(attempt).toMatchObject({ status: 500, error: 'STATUS' });
    expect(attempt?.responseExcerpt).toMatch(/^(äb)+ä?$/);
    expect(Buffer.byteLength(attempt?.responseExcerpt ?? '')).toBeLessThanOrEqual(4096);
    expect(Buffer.byteLength(attempt?.responseExcerpt ?? '')).toBeGreaterThan(3000);
    expect(written).toBeLessThan(1024 * 1024 * 32);
  });

  test('says why there was no answer', async () => {
    await using closed = await openReceiver();
    const { id } = await hook({ target: `${closed.url}/gone` });
    await closed[Symbol.asyncDispose]();
    const broken = await hook({ target: target.replace('http:', 'https:') });
    await happen();
    const errorOf = async (hookId: string) => {
      const [delivery] = await house.settled(hookId, ['RETRYING']);
      return (await house.attempts(delivery?.id ?? ''))[0]?.error;
    };
    expect(await errorOf(id)).toBe('CONNECT');
    expect(await errorOf(broken.id)).toBe('TLS');
  });
});

describe('a hook', () => {
  test('whose target is gone for good is disabled at once, and all that waits for it is given up', async () => {
    receiver.answer((_request, _response, count) => (count === 1 ? 500 : 410));
    const { id } = await hook();
    await happen();
    await house.settled(id, ['RETRYING']);
    await happen();
    expect(await house.settled(id, ['DEAD', 'DEAD'])).toMatchObject([
      { deadReason: 'DISABLED' },
      { deadReason: 'DISABLED' },
    ]);
    expect(await house.hookNow(id)).toMatchObject({ state: 'DISABLED', disabledReason: 'GONE' });
    await happen();
    goOn(hour);
    expect(await receiver.quiet()).toHaveLength(2);
    expect(await house.told()).toContain('hook.disabled');
  });

  test('that took nothing for five days is disabled', async () => {
    receiver.answer(500);
    const { id } = await hook();
    await happen();
    await house.settled(id, ['RETRYING']);
    goOn(5 * 24 * hour - second);
    await attempted(id, 2);
    expect((await house.hookNow(id)).state).toBe('ACTIVE');
    goOn(5 * minute);
    await house.settled(id, ['DEAD']);
    expect(await house.hookNow(id)).toMatchObject({ state: 'DISABLED', disabledReason: 'FAILING' });
  });

  test.each([429, 502, 504])('that is answered %s sends nothing at all for a minute', async (status) => {
    receiver.answer((_request, _response, count) => (count === 1 ? status : 200));
    const { id } = await hook();
    await happen();
    await house.settled(id, ['RETRYING']);
    await happen(2);
    goOn(59 * second);
    expect(await receiver.quiet(150)).toHaveLength(1);
    expect((await house.deliveries(id)).map(({ attemptCount }) => attemptCount)).toEqual([1, 0, 0]);
    goOn(second);
    await house.settled(id, ['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    expect(receiver.received).toHaveLength(4);
  });

  test('that is asked to wait longer sends nothing until then', async () => {
    receiver.answer((_request, response, count) => {
      if (count > 1) return 200;
      response.writeHead(429, { 'retry-after': '600' }).end();
      return undefined;
    });
    const { id } = await hook();
    await happen();
    await house.settled(id, ['RETRYING']);
    await happen();
    goOn(599 * second);
    expect(await receiver.quiet(150)).toHaveLength(1);
    goOn(second);
    await house.settled(id, ['SUCCEEDED', 'SUCCEEDED']);
  });

  test('that failed five times in a row pauses, tries one, and goes on when it succeeds', async () => {
    receiver.answer(500);
    const { id } = await hook();
    for (let count = 1; count <= 5; count += 1) {
      await happen();
      await receiver.until(count);
      await house.settled(id, Array(count).fill('RETRYING'));
    }
    expect((await house.hookNow(id)).breaker).toEqual({
      state: 'OPEN',
      until: new Date(house.clock.now() + 30 * second).toISOString(),
      failures: 5,
    });
    await happen(3);
    goOn(29 * second);
    expect(await receiver.quiet(150)).toHaveLength(5);
    expect((await house.deliveries(id)).slice(5).map(({ attemptCount }) => attemptCount)).toEqual([0, 0, 0]);

    let release = () => {};
    receiver.answer(async (_request, response) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      response.writeHead(500).end();
    });
    goOn(second);
    await receiver.until(6);
    expect((await house.hookNow(id)).breaker.state).toBe('HALF_OPEN');
    expect(await receiver.quiet(150)).toHaveLength(6);
    release();
    await expect.poll(async () => (await house.hookNow(id)).breaker.state).toBe('OPEN');
    expect((await house.hookNow(id)).breaker.until).toBe(new Date(house.clock.now() + minute).toISOString());

    receiver.answer(200);
    goOn(59 * second);
    expect(await receiver.quiet(150)).toHaveLength(6);
    goOn(second);
    await receiver.until(10);
    expect((await house.hookNow(id)).breaker).toEqual({ state: 'CLOSED', until: null, failures: 0 });
    // The one that tried in vain has five minutes to wait, by its own schedule.
    goOn(5 * minute);
    await house.settled(id, Array(8).fill('SUCCEEDED'));
  });

  test('has the next event of a subject wait for the one before, where it asks for that', async () => {
    receiver.answer((_request, _response, count) => (count <= 2 ? 500 : 200));
    const other = await ann.device(site, `o${made}`);
    const { id } = await hook({ ordering: 'SUBJECT', subject: null, scope: [{ kind: 'site', value: site }] });
    await happen();
    await house.settled(id, ['RETRYING']);
    await happen();
    await ann.rename(other, `p${made}`);
    await house.settled(id, ['RETRYING', 'PENDING', 'RETRYING']);
    goOn(5 * second);
    await house.settled(id, ['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    const mine = receiver.received.filter(({ json }) => json.data.id === about).map(({ json }) => json.data.hostname);
    expect(mine).toEqual([`d${made - 1}`, `d${made - 1}`, `d${made}`]);
  });
});
