import { afterAll, beforeAll, expect, test } from 'vitest';
import { InputError, OutdatedError } from '#kernel/errors.ts';
import { createDevice } from '#resolvers/network/devices/create.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { openNetwork, type TestNetwork } from '../support/network.ts';

let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork('memory');
});
afterAll(() => net.gateway.dispose());

/** Work that finds itself outdated some times before it succeeds, and writes each time. */
async function tried(outdated: number) {
  const site = await net.site();
  let count = 0;
  const outcome = await net.all
    .atomically(async (ctx) => {
      count += 1;
      await createDevice(ctx, { site: { id: site.id }, hostname: `try-${count}` });
      if (count <= outdated) throw new OutdatedError('Somebody was quicker. Try again.');
      return 'done';
    })
    .catch((error: unknown) => error);
  const hostnames = (await net.events(site, 'network.device.created')).map(({ data }) => JSON.stringify(data));
  const [devices] = await net.all.use(deviceStore).count([site.id], { filter: {}, visibility: 'all' });
  return { outcome, count, devices, told: hostnames.length };
}

test('outdated work is done again, and what was given up leaves no trace', async () => {
  expect(await tried(0)).toEqual({ outcome: 'done', count: 1, devices: 1, told: 1 });
  expect(await tried(3)).toEqual({ outcome: 'done', count: 4, devices: 1, told: 1 });
});

test('work that stays outdated is refused in the end, as one may try again', async () => {
  const { outcome, ...rest } = await tried(99);
  expect(outcome).toBeInstanceOf(OutdatedError);
  expect((outcome as OutdatedError).code).toBe('UNAVAILABLE');
  expect(rest).toEqual({ count: 5, devices: 0, told: 0 });
});

test('inside another unit the whole is done again, not the part; any other failure is final', async () => {
  const calls: string[] = [];
  await net.all.atomically(async (ctx) => {
    calls.push('outer');
    await ctx.atomically(async () => {
      calls.push('inner');
      if (calls.length < 4) throw new OutdatedError('Somebody was quicker. Try again.');
    });
  });
  expect(calls).toEqual(['outer', 'inner', 'outer', 'inner']);
  let count = 0;
  const work = net.all.atomically(async () => {
    count += 1;
    throw InputError.at([], 'No.');
  });
  await expect(work).rejects.toBeInstanceOf(InputError);
  expect(count).toBe(1);
});
