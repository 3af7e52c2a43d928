import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { prismaStorage } from '#plugins/storage-prisma/plugin.ts';
import { embeddedTemplate, newServerDatabase, stopSharedServer } from '../../../support/database.ts';
import { ask, type GatewayProcess, signIn, startProcess } from '../../../support/gateway-process.ts';
import { type HookHouse, openHooks } from '../../../support/hooks.ts';
import { findPostgres } from '../../../support/postgres.ts';
import { openReceiver } from '../../../support/receiver.ts';

const secret = 'a secret of tests that is long enough for the gateway';

const processes = new Set<GatewayProcess>();
afterEach(async () => {
  await Promise.all([...processes].map((running) => running.kill()));
  processes.clear();
});
afterAll(stopSharedServer);

test('on the embedded database deliveries go out, are tried again and are done with', { timeout: 60_000 }, async () => {
  await using receiver = await openReceiver((_request, _response, count) => (count === 1 ? 500 : 204));
  await using house = await openHooks({ storage: [prismaStorage({ from: await embeddedTemplate() })] });
  const ann = await house.hooker('*');
  const site = await ann.site();
  const hook = await ann.hook({ event: 'device.create', target: receiver.url, ordering: 'SUBJECT' });
  await ann.device(site, 'r1');
  const [waiting] = await house.settled(hook.id, ['RETRYING']);
  house.clock.advance(5000);
  const [done] = await house.settled(hook.id, ['SUCCEEDED']);
  expect(done).toMatchObject({ id: waiting?.id, attemptCount: 2, nextAttemptAt: null });
  expect(await house.attempts(done?.id ?? '')).toMatchObject([{ status: 500 }, { status: 204 }]);
});

/** A gateway in this process on a server that others use too. */
const openOn = (url: string, works = true): Promise<HookHouse> =>
  openHooks({ storage: [prismaStorage()], config: { storage: { url, poolSize: 5 }, secret }, works });

describe.skipIf(!findPostgres())('on one server', () => {
  test('two gateways send each event once', { timeout: 120_000 }, async () => {
    const url = await newServerDatabase();
    await using receiver = await openReceiver();
    await using one = await openOn(url);
    await using two = await openOn(url);
    const [ann, bob] = [await one.hooker('*'), await two.hooker('*')];
    const site = await ann.site();
    const hook = await ann.hook({ event: 'device.create', target: receiver.url, globalHook: true });
    await Promise.all(
      Array.from({ length: 60 }, (_, number) => (number % 2 === 0 ? ann : bob).device(site, `r${number}`)),
    );
    await one.settled(hook.id, Array(60).fill('SUCCEEDED'));
    const hostnames = receiver.received.map(({ json }) => json.data.hostname);
    expect(hostnames).toHaveLength(60);
    expect(new Set(hostnames).size).toBe(60);
  });

  test('what one gateway changes wakes the other, which does the work', { timeout: 120_000 }, async () => {
    const url = await newServerDatabase();
    await using receiver = await openReceiver();
    await using serving = await openOn(url, false);
    await using working = await openOn(url);
    const ann = await serving.hooker('*');
    const hook = await ann.hook({ event: 'site.create', target: receiver.url });
    await ann.site();
    await receiver.until(1);
    await working.settled(hook.id, ['SUCCEEDED']);
  });

  test('what a killed process had under way is sent by another, as the same delivery', {
    timeout: 120_000,
  }, async () => {
    const url = await newServerDatabase();
    // The first request is never answered: it is under way when its process dies.
    await using receiver = await openReceiver((_request, _response, count) => (count === 1 ? undefined : 204));
    const config = {
      storage: { url },
      secret,
      http: { port: 0 },
      hooks: { allow: ['127.0.0.1'], timeout: '2s' },
      worker: { minFreeMemoryMb: 0, maxCpu: 100 },
    };
    const first = await startProcess(config);
    processes.add(first);
    const token = await signIn(first.url);
    const created = await ask<{ hookCreate: { hook: { id: string } } }>(
      first.url,
      'mutation ($input: HookCreateInput!) { hookCreate(input: $input) { ... on HookCreateSuccess { hook { id } } } }',
      { input: { event: 'site.create', target: receiver.url } },
      token,
    );
    await ask(first.url, 'mutation { siteCreate(input: { name: "SJC" }) { __typename } }', {}, token);
    await receiver.until(1);
    await first.kill();
    processes.delete(first);

    const second = await startProcess(config);
    processes.add(second);
    const [lost, again] = await receiver.until(2, 40_000);
    expect(again?.headers['webhook-id']).toBe(lost?.headers['webhook-id']);
    expect(again?.body).toBe(lost?.body);
    const deliveries = 'query ($id: ID!) { hookDeliveries(filter: { hook: $id }) { nodes { state attemptCount } } }';
    const read = async () => {
      const id = created.hookCreate.hook.id;
      return (
        await ask<{ hookDeliveries: { nodes: unknown[] } }>(second.url, deliveries, { id }, await signIn(second.url))
      ).hookDeliveries.nodes;
    };
    await expect.poll(read, { timeout: 10_000, interval: 200 }).toEqual([{ state: 'SUCCEEDED', attemptCount: 1 }]);
  });
});
