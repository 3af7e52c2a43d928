import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { InputError, NotFoundError, UnavailableError, UnsupportedContentError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import {
  pauseSubscription,
  resumeSubscription,
  unsubscribe,
} from '#resolvers/threat/collection-subscriptions/change.ts';
import { findSubscriptions, listSubscriptions } from '#resolvers/threat/collection-subscriptions/find.ts';
import { manageSubscription, type SubscriptionManagement } from '#resolvers/threat/collection-subscriptions/manage.ts';
import { subscribe } from '#resolvers/threat/collection-subscriptions/subscribe.ts';
import { createService } from '#resolvers/threat/services/create.ts';
import { wholePage } from '../../support/network.ts';
import { custom, makeTaxii1, readWrite, stix, type Taxii1 } from '../../support/taxii1.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
let rooms: Taxii1;
let mine: Context;
let theirs: Context;
let admin: Context;
beforeAll(async () => {
  threat = await openThreat();
  rooms = await makeTaxii1(threat.all);
  const all = readWrite(...Object.values(rooms));
  mine = threat.as(...all);
  theirs = threat.as(...all);
  admin = threat.as(`threat:admin@collection/${rooms.onlyStix.taxiiId}`);
});
afterAll(() => threat.gateway.dispose());

const management = {
  service: { serviceId: 'collection-management-A' },
  dataCollection: { name: 'collection_only_stix' },
};
const manage = (ctx: Context, parts: Partial<SubscriptionManagement>) =>
  manageSubscription(ctx, { ...management, action: 'STATUS', ...parts } as SubscriptionManagement);
const statusOf = async (ctx: Context, id: string) => (await findSubscriptions(ctx, [id]))[0]?.status ?? null;

test('subscribing always makes a new active subscription, of the account', async () => {
  await threat.news();
  const one = await subscribe(mine, { ...management, contentBindings: [stix] });
  const other = await subscribe(mine, { ...management, contentBindings: [stix] });
  expect(other.id).not.toBe(one.id);
  expect(one).toMatchObject({
    status: 'ACTIVE',
    responseType: 'FULL',
    ownerId: mine.viewer.id,
    contentBindings: [{ binding: stix, subtypes: [] }],
  });
  expect(await threat.news()).toMatchObject([
    {
      name: 'threat.collectionSubscription.created',
      scope: { collection: rooms.onlyStix.taxiiId, account: mine.viewer.id },
      data: {
        collectionSubscription: { subscriptionId: one.id, status: 'ACTIVE' },
        collection: rooms.onlyStix.taxiiId,
      },
    },
    { name: 'threat.collectionSubscription.created' },
  ]);
});

test('pausing, resuming and ending are done once; what is ended never comes back', async () => {
  const { id } = await subscribe(mine, management);
  const by = { by: { subscriptionId: id } };
  await threat.news();
  expect(await resumeSubscription(mine, by)).toMatchObject({ status: 'ACTIVE' });
  expect(await pauseSubscription(mine, by)).toMatchObject({ status: 'PAUSED' });
  expect(await pauseSubscription(mine, by)).toMatchObject({ status: 'PAUSED' });
  expect(await resumeSubscription(mine, by)).toMatchObject({ status: 'ACTIVE' });
  expect(await unsubscribe(mine, by)).toMatchObject({ subscription: { status: 'UNSUBSCRIBED' } });
  expect(await unsubscribe(mine, by)).toMatchObject({ subscription: { status: 'UNSUBSCRIBED' } });
  expect(await resumeSubscription(mine, by)).toMatchObject({ status: 'UNSUBSCRIBED' });
  expect(await pauseSubscription(mine, by)).toMatchObject({ status: 'UNSUBSCRIBED' });
  expect((await threat.news()).map(({ name }) => name.split('.').at(-1))).toEqual([
    'paused',
    'resumed',
    'unsubscribed',
  ]);
});

test('of twenty who pause at once one does it', async () => {
  const { id } = await subscribe(mine, management);
  await threat.news();
  await Promise.all(Array.from({ length: 20 }, () => pauseSubscription(mine, { by: { subscriptionId: id } })));
  expect(await threat.news()).toHaveLength(1);
});

test('another account neither sees nor changes a subscription; who administers the data collection does', async () => {
  const { id } = await subscribe(mine, management);
  const by = { by: { subscriptionId: id } };
  expect(await statusOf(theirs, id)).toBeNull();
  await expect(pauseSubscription(theirs, by)).rejects.toThrow(NotFoundError);
  await expect(manage(theirs, { subscriptionId: id })).rejects.toThrow('Requested subscription was not found');
  expect(await unsubscribe(theirs, by)).toEqual({ subscriptionId: id, subscription: null });
  expect(await statusOf(mine, id)).toBe('ACTIVE');
  expect(await pauseSubscription(admin, by)).toMatchObject({ status: 'PAUSED' });
});

test('an owner who does not read the data collection any more cannot use his subscription', async () => {
  const { id } = await subscribe(mine, management);
  const blind: Context = threat.as();
  const former = { ...blind, viewer: { ...blind.viewer, id: mine.viewer.id } };
  await expect(pauseSubscription(former, { by: { subscriptionId: id } })).rejects.toThrow(NotFoundError);
});

test('a subscription made without a credential belongs to whoever knows its id, and is in no list', async () => {
  const nobody = threat.anonymous(`threat:read@collection/${rooms.onlyStix.taxiiId}`);
  const { id, ownerId } = await subscribe(nobody, management);
  expect(ownerId).toBeNull();
  expect(await statusOf(nobody, id)).toBe('ACTIVE');
  expect(await pauseSubscription(theirs, { by: { subscriptionId: id } })).toMatchObject({ status: 'PAUSED' });
  expect(await manage(nobody, {})).toEqual([]);
  expect((await manage(admin, {})).map((one) => one.id)).toContain(id);
  expect((await manage(theirs, {})).map((one) => one.id)).not.toContain(id);
});

test('lists tell the own ones, of a service, a status and a data collection', async () => {
  const own = threat.as(...readWrite(rooms.onlyStix, rooms.open));
  const first = await subscribe(own, management);
  const second = await subscribe(own, { ...management, dataCollection: { name: 'collection_open' } });
  await pauseSubscription(own, { by: { subscriptionId: second.id } });
  const list = async (parts: Parameters<typeof listSubscriptions>[1]) =>
    (await listSubscriptions(own, parts, wholePage)).items.map(({ node }) => node.id);
  expect(await list({})).toEqual([first.id, second.id]);
  expect(await list({ status: 'PAUSED' })).toEqual([second.id]);
  expect(await list({ dataCollection: { name: 'collection_only_stix' } })).toEqual([first.id]);
  expect(await list({ service: { serviceId: 'none' } })).toEqual([]);
  expect(await list({ service: management.service })).toEqual([first.id, second.id]);
  expect((await manage(own, {})).map(({ id }) => id)).toEqual([first.id]);
});

test('a message about subscriptions is answered as the protocol has it', async () => {
  const [made] = await manage(mine, { action: 'SUBSCRIBE', responseType: 'COUNT_ONLY' });
  const id = made?.id ?? '';
  expect(made).toMatchObject({ status: 'ACTIVE', responseType: 'COUNT_ONLY' });
  expect(await manage(mine, { subscriptionId: id })).toMatchObject([{ id, status: 'ACTIVE' }]);
  expect(await manage(mine, { action: 'PAUSE', subscriptionId: id })).toMatchObject([{ id, status: 'PAUSED' }]);
  expect(await manage(mine, { action: 'UNSUBSCRIBE', subscriptionId: 'none' })).toMatchObject([
    { id: 'none', status: 'UNSUBSCRIBED' },
  ]);
  for (const action of ['PAUSE', 'RESUME', 'UNSUBSCRIBE'] as const)
    await expect(manage(mine, { action })).rejects.toMatchObject({
      path: ['subscriptionId'],
      message: `Action "${action}" requires a subscription id`,
    });
  for (const action of ['PAUSE', 'RESUME', 'STATUS'] as const)
    await expect(manage(mine, { action, subscriptionId: newId() })).rejects.toThrow(NotFoundError);
  const elsewhere = { dataCollection: { name: 'collection_open' }, subscriptionId: id };
  for (const action of ['PAUSE', 'UNSUBSCRIBE', 'STATUS'] as const)
    await expect(manage(mine, { action, ...elsewhere })).rejects.toThrow('Requested subscription was not found');
});

test('refuses what is unknown, unreadable, unavailable, unsupported, or a service that keeps none', async () => {
  const to = (parts: object, ctx = mine) => subscribe(ctx, { ...management, ...parts });
  await expect(to({ dataCollection: { name: 'none' } })).rejects.toThrow('Requested collection was not found');
  await expect(to({}, threat.as())).rejects.toThrow('Requested collection was not found');
  await expect(to({ dataCollection: { name: 'collection_disabled' } })).rejects.toThrow(UnavailableError);
  const refused = await to({ contentBindings: [custom] }).catch((error) => error);
  expect(refused).toBeInstanceOf(UnsupportedContentError);
  expect(refused.supportedContent).toEqual([stix]);
  await createService(threat.all, {
    serviceId: 'management-B',
    address: '/services/management-B',
    kind: { collectionManagement: { subscriptionSupported: false } },
  });
  await expect(to({ service: { serviceId: 'management-B' } })).rejects.toThrow(InputError);
  await expect(to({ service: { serviceId: 'poll-A' } })).rejects.toThrow(InputError);
});
