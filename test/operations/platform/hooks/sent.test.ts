import { createPublicKey, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeCursor } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { disableHook, enableHook, rotateHookSecret } from '#resolvers/platform/hooks/change.ts';
import { type Hooker, type HookHouse, openHooks } from '../../../support/hooks.ts';
import { openReceiver, type Received, type Receiver } from '../../../support/receiver.ts';

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
const device = (by = ann) => by.device(site, `r${++made}`);
const bodies = async (count: number) => (await receiver.until(count)).map(({ json }) => json);
const wordsOf = (received: readonly Received[]) => received.map(({ json }) => json.hook.event);

describe('a hook', () => {
  test('is sent what changed byte for byte as NSoT did, signed for the reference verifier', async () => {
    const id = await device();
    const hook = await ann.hook({ event: 'device.update', target, globalHook: true });
    await ann.rename(id, 'renamed');
    const [request] = await receiver.until(1);
    expect(request?.body).toBe(
      `{"hook":{"target":"${target}","id":${hook.number},"event":"device.update"},"data":{"attributes":{},"hostname":"renamed","site_id":"${site}","id":"${id}"}}`,
    );
    expect(request).toMatchObject({ method: 'POST', path: '/in' });
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^Gatehouse\/\d+\.\d+\.\d+$/),
      'webhook-id': expect.stringMatching(/^msg_[a-z2-7]{32}$/),
      'webhook-timestamp': String(Math.floor(house.clock.now() / 1000)),
      'gatehouse-event': 'network.device.updated',
    });
    const headers = request?.headers as Record<string, string>;
    expect(new Webhook(hook.secret).verify(request?.body ?? '', headers)).toMatchObject({ data: { id } });
    const [delivery] = await house.settled(hook.id, ['SUCCEEDED']);
    expect(headers['webhook-id']).toBe(delivery?.webhookId);
    expect(decodeCursor(headers['gatehouse-cursor'] ?? '').sequence).toBe(delivery?.sequence);
    await receiver.quiet();
    expect(receiver.received).toHaveLength(1);
  });

  test('is told by NSoT’s words where it asked by them, of additions, changes and removals', async () => {
    await ann.hook({ event: 'device.*', target, scope: [{ kind: 'site', value: site }] });
    const id = await device();
    await ann.rename(id, `n${made}`);
    await ann.change('deviceDelete', { by: { id } }, '__typename');
    expect(wordsOf(await receiver.until(3))).toEqual(['device.create', 'device.update', 'device.delete']);
    expect(receiver.received[2]?.json.data).toEqual({ attributes: {}, hostname: `n${made}`, site_id: site, id });
  });

  test('in the form STANDARD has the change where it asked for it, in the form THIN nothing but ids', async () => {
    const id = await device();
    const common = { event: 'network.device.updated', subject: id };
    await ann.hook({ ...common, target: `${target}/a`, payload: 'STANDARD', includeChange: true });
    await ann.hook({ ...common, target: `${target}/b`, payload: 'THIN' });
    await ann.rename(id, 'thin');
    const received = await receiver.until(2);
    const at = (path: string) => received.find((request) => request.path === path)?.json;
    const shape = { type: 'network.device.updated', timestamp: expect.stringMatching(/^20.*\.\d{6}Z$/) };
    const before = { id, siteId: site, hostname: `r${made}`, attributes: {} };
    expect(at('/in/a')).toEqual({
      ...shape,
      data: { id, site_id: site, hostname: 'thin', attributes: {} },
      before,
      after: { ...before, hostname: 'thin' },
    });
    expect(at('/in/b')).toEqual({ ...shape, data: { id, eventId: expect.any(String) } });
  });

  test('of an owner is told of what he does himself, unless it is a global one', async () => {
    const bob = await house.hooker('network:admin', 'hook:write');
    const mine = await bob.hook({ event: 'device.create', target: `${target}/mine` });
    const all = await bob.hook({ event: 'device.create', target: `${target}/all`, globalHook: true });
    await device(ann);
    await house.settled(all.id, ['SUCCEEDED']);
    await device(bob);
    await house.settled(all.id, ['SUCCEEDED', 'SUCCEEDED']);
    expect(await house.deliveries(mine.id)).toHaveLength(1);
    expect((await receiver.until(3)).map(({ path }) => path).sort()).toEqual(['/in/all', '/in/all', '/in/mine']);
  });

  test('is told of what its scope or its subject names, and of nothing else', async () => {
    const other = await ann.site();
    const [one, two] = [await device(), await device()];
    const here = await ann.hook({ event: 'device.*', target: `${target}/1`, scope: [{ kind: 'site', value: other }] });
    const about = await ann.hook({ event: 'device.*', target: `${target}/2`, subject: two });
    await ann.rename(one, `x${made}`);
    await ann.rename(two, `y${made}`);
    await ann.device(other, 'far');
    await receiver.until(2);
    expect((await house.settled(here.id, ['SUCCEEDED']))[0]?.eventName).toBe('network.device.created');
    expect((await house.settled(about.id, ['SUCCEEDED']))[0]?.subject).toBe(two);
  });

  test('is told once of each thing of a bulk, and of nothing that was rolled back or changed nothing', async () => {
    const hook = await ann.hook({ event: 'device.*', target, scope: [{ kind: 'site', value: site }] });
    const many = `mutation ($inputs: [DeviceCreateInput!]!) { deviceCreateMany(inputs: $inputs) { __typename } }`;
    const inputs = ['b1', 'b2', 'b3'].map((hostname) => ({ site: { id: site }, hostname }));
    const again = [{ site: { id: site }, hostname: 'b4' }, inputs[0]];
    expect((await ann.ask(many, { inputs })).data.deviceCreateMany.__typename).toBe('DeviceCreateManySuccess');
    expect((await ann.ask(many, { inputs: again })).data.deviceCreateMany.__typename).toBe('ConflictError');
    const [{ data: same }] = await bodies(3);
    await ann.rename(same.id, same.hostname);
    await receiver.quiet();
    expect(wordsOf(receiver.received)).toEqual(['device.create', 'device.create', 'device.create']);
    expect((await bodies(3)).map(({ data }) => data.hostname).sort()).toEqual(['b1', 'b2', 'b3']);
    expect(await house.deliveries(hook.id)).toHaveLength(3);
  });

  test('is not told of what happened before it was made, or while it was disabled', async () => {
    await device();
    const hook = await ann.hook({ event: 'device.create', target });
    await device();
    await house.settled(hook.id, ['SUCCEEDED']);
    await disableHook(ann.ctx, { id: hook.id });
    await device();
    await enableHook(ann.ctx, { id: hook.id });
    await device();
    const [first, second] = await bodies(2);
    expect([first.data.hostname, second.data.hostname]).toEqual([`r${made - 2}`, `r${made}`]);
    await receiver.quiet();
    expect(await house.deliveries(hook.id)).toHaveLength(2);
  });

  test('for everything is told of no hooks and no deliveries', async () => {
    const hook = await ann.hook({ event: '*', target });
    const own = await ann.hook({ event: 'platform.hook.*', target: `${target}/own` });
    await disableHook(ann.ctx, { id: own.id });
    await enableHook(ann.ctx, { id: own.id });
    await device();
    await house.settled(hook.id, ['SUCCEEDED']);
    expect(receiver.received.map(({ json }) => json.hook.event)).toEqual(['network.device.created']);
    expect(await house.deliveries(own.id)).toEqual([]);
    await disableHook(ann.ctx, { id: hook.id });
  });

  test('shows secrets of no domain, whatever it is for', async () => {
    const hook = await ann.hook({ event: 'platform.*', target });
    const account = await ann.change(
      'accountCreate',
      { name: `new${Date.now()}`, password: 'correct horse battery' },
      'account { id }',
    );
    await house.settled(hook.id, ['SUCCEEDED']);
    const [body] = await bodies(1);
    expect(body.data).toMatchObject({ id: account.account.id, kind: 'HUMAN' });
    expect(Object.keys(body.data).sort()).toEqual([
      'email',
      'id',
      'isActive',
      'kind',
      'mustChangePassword',
      'name',
      'permissions',
      'realName',
      'roles',
    ]);
    await disableHook(ann.ctx, { id: hook.id });
  });
});

describe('rights', () => {
  test('decide when the row is made: what the owner may not see makes none', async () => {
    const carl = await house.hooker('hook:write');
    const dora = await house.hooker('hook:write', 'network:read');
    const [blind, seeing] = await Promise.all(
      [carl, dora].map((who, n) => who.hook({ event: 'device.create', target: `${target}/${n}`, globalHook: true })),
    );
    await device();
    await house.settled(seeing?.id ?? '', ['SUCCEEDED']);
    expect(await house.deliveries(blind?.id ?? '')).toEqual([]);
  });

  test('decide again before each attempt: what the owner may no longer see is given up unsent', async () => {
    const eve = await house.hooker('hook:write', 'network:read');
    receiver.answer(500);
    const hook = await eve.hook({ event: 'device.create', target, globalHook: true });
    await device();
    await house.settled(hook.id, ['RETRYING']);
    await updateAccount(house.system, {
      by: { id: eve.account.id },
      etag: eve.account.etag,
      permissions: ['hook:write'],
    });
    await house.told();
    house.clock.advance(6000);
    const [dead] = await house.settled(hook.id, ['DEAD']);
    expect(dead).toMatchObject({ deadReason: 'FORBIDDEN', attemptCount: 1, nextAttemptAt: null });
    expect(receiver.received).toHaveLength(1);
    const [told] = (await house.tellings()).filter(({ name }) => name === 'platform.hookDelivery.deadLettered');
    expect(told?.data).toMatchObject({
      hookDelivery: { id: toGlobalId('HookDelivery', dead?.id ?? ''), deadReason: 'FORBIDDEN' },
    });
  });

  test('decide what of an event is shown: names of what the owner may not see are left out', async () => {
    const parent = await ann.change('networkCreate', { site: { id: site }, cidr: '10.0.0.0/8' }, 'network { id }');
    const open = await ann.change('networkCreate', { site: { id: site }, cidr: '10.1.0.0/16' }, 'network { id }');
    const fred = await house.hooker('hook:write', `network:read@network/${open.network.id}`);
    const everything = await ann.hook({ event: 'network.update', target: `${target}/ann`, globalHook: true });
    const part = await fred.hook({ event: 'network.update', target: `${target}/fred`, globalHook: true });
    const input = { by: { id: open.network.id }, attributes: {}, state: 'RESERVED' };
    await ann.change('networkUpdate', input, 'network { id }');
    await house.settled(everything.id, ['SUCCEEDED']);
    await house.settled(part.id, ['SUCCEEDED']);
    const at = (path: string) => receiver.received.find((request) => request.path === path)?.json.data;
    expect(at('/in/ann')).toMatchObject({ id: open.network.id, parent_id: parent.network.id, parent: '10.0.0.0/8' });
    expect(at('/in/fred')).toMatchObject({ id: open.network.id, parent_id: null, parent: null });
  });
});

describe('a signature', () => {
  test('is made with both secrets while one takes over from the other, newest first', async () => {
    const id = await device();
    const hook = await ann.hook({ event: 'device.update', target, subject: id });
    const rotated = await rotateHookSecret(ann.ctx, { id: hook.id, keepOld: 3600 });
    await ann.rename(id, 's1');
    const [both] = await receiver.until(1);
    const headers = both?.headers as Record<string, string>;
    const signatures = headers['webhook-signature']?.split(' ') ?? [];
    expect(signatures).toHaveLength(2);
    for (const [index, secret] of [rotated.secret, hook.secret].entries()) {
      const alone = { ...headers, 'webhook-signature': signatures[index] ?? '' };
      expect(new Webhook(secret).verify(both?.body ?? '', alone)).toMatchObject({ data: { id } });
      expect(new Webhook(secret).verify(both?.body ?? '', headers)).toMatchObject({ data: { id } });
    }
    house.clock.advance(3_600_001);
    await ann.rename(id, 's2');
    const last = (await receiver.until(2))[1]?.headers['webhook-signature'];
    expect(String(last).split(' ')).toHaveLength(1);
    house.clock.jump(Date.now());
  });

  test('by Ed25519 is checked with the public key that everybody may read', async () => {
    const id = await device();
    const hook = await ann.hook({ event: 'device.update', target, subject: id, signing: 'ED25519' });
    const publicKey = Buffer.from(hook.secret.replace('whsk_', ''), 'base64').subarray(32);
    await ann.rename(id, 'e1');
    const [request] = await receiver.until(1);
    const { 'webhook-id': webhookId, 'webhook-timestamp': at, 'webhook-signature': signature } = request?.headers ?? {};
    const x = publicKey.toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const text = Buffer.from(`${webhookId}.${at}.${request?.body}`);
    expect(verify(null, text, key, Buffer.from(String(signature).replace('v1a,', ''), 'base64'))).toBe(true);
  });
});
