import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { threat } from '#plugins/threat.ts';
import { pauseSubscription } from '#resolvers/threat/collection-subscriptions/change.ts';
import { subscribe } from '#resolvers/threat/collection-subscriptions/subscribe.ts';
import { submitInboxMessage } from '#resolvers/threat/inbox/submit.ts';
import { socketClient, subscribeOver } from '../support/clients.ts';
import { type Identity, openIdentity } from '../support/identity.ts';
import { custom, makeTaxii1, stix, type Taxii1 } from '../support/taxii1.ts';

let id: Identity;
let url: string;
let rooms: Taxii1;
beforeAll(async () => {
  id = await openIdentity({ http: { port: 0 } }, [storageMemory, threat]);
  url = await id.gateway.listen();
  rooms = await makeTaxii1(id.system);
});
afterAll(() => id.gateway.dispose());

const blocks = `subscription ($into: [DataCollectionKey!], $bindings: [ContentBindingInput!], $after: EventCursor) {
  contentBlockCreated(dataCollections: $into, contentBindings: $bindings, after: $after, hello: true) {
    __typename
    ... on LiveItem { cursor }
    ... on ContentBlockCreated { collections serviceId data contentBlock { content collections { name } } }
  }
}`;

const items = (watched: ReturnType<typeof subscribeOver>, field: string) =>
  watched.items.slice(1).map(({ data }) => data?.[field] as Record<string, unknown>);

const submit = (content: string, contentBinding: string, ...names: string[]) =>
  submitInboxMessage(id.system, {
    service: { serviceId: 'inbox-B' },
    destinationCollections: names,
    contentBlocks: [{ content, contentBinding }],
  });

test('blocks are streamed to who reads one of their data collections, which alone are named', async () => {
  const [reader, both, nobody] = [
    await id.person([`threat:read@collection/${rooms.onlyStix.taxiiId}`]),
    await id.person(['threat:read']),
    await id.person([`threat:write@collection/${rooms.onlyStix.taxiiId}`]),
  ];
  const clients = [reader, both, both, nobody].map(({ key }) => socketClient(url, key));
  const [narrow, wide, bound, silent] = clients.map((client, index) =>
    subscribeOver(client, blocks, index === 2 ? { bindings: [{ binding: custom }] } : {}),
  );
  if (!narrow || !wide || !bound || !silent) throw new Error('Four streams were opened.');
  await Promise.all([narrow, wide, bound].map((stream) => stream.reach(1)));
  expect(JSON.stringify([await silent.ended, silent.items])).toContain('FORBIDDEN');
  await submit('first', stix, 'collection_only_stix', 'collection_open');
  await submit('second', custom, 'collection_open');
  await wide.reach(3);
  await bound.reach(2);
  await sleep(50);
  expect(items(narrow, 'contentBlockCreated')).toMatchObject([
    {
      __typename: 'ContentBlockCreated',
      collections: [rooms.onlyStix.taxiiId],
      serviceId: 'inbox-B',
      data: { collections: [rooms.onlyStix.taxiiId], contentBlock: { contentBinding: stix } },
      contentBlock: { content: 'first', collections: [{ name: 'collection_only_stix' }] },
    },
  ]);
  const all = items(wide, 'contentBlockCreated');
  expect(all.map(({ contentBlock }) => (contentBlock as { content: string }).content)).toEqual(['first', 'second']);
  expect(new Set(all[0]?.collections as string[])).toEqual(new Set([rooms.onlyStix.taxiiId, rooms.open.taxiiId]));
  expect(items(bound, 'contentBlockCreated')).toMatchObject([{ contentBlock: { content: 'second' } }]);

  const again = socketClient(url, both.key);
  const resumed = subscribeOver(again, blocks, {
    into: [{ name: 'collection_open' }],
    after: all[0]?.cursor,
  });
  await resumed.reach(2);
  expect(items(resumed, 'contentBlockCreated')).toMatchObject([{ contentBlock: { content: 'second' } }]);
  await Promise.all([...clients, again].map((client) => client.dispose()));
});

test('a stream of a data collection that the viewer does not read is refused', async () => {
  const { key } = await id.person([`threat:read@collection/${rooms.onlyStix.taxiiId}`]);
  const client = socketClient(url, key);
  const refused = subscribeOver(client, blocks, { into: [{ name: 'collection_open' }] });
  expect(JSON.stringify([await refused.ended, refused.items])).toContain('NOT_FOUND');
  await client.dispose();
});

const messages = `subscription ($service: TaxiiServiceKey) { inboxMessageReceived(service: $service, hello: true) {
  __typename ... on InboxMessageReceived { service inboxMessage { storedBlockCount contentBlocks { totalCount } } } } }`;

test('messages are streamed to administrators of one of their data collections', async () => {
  const [admin, reader] = [
    await id.person([`threat:admin@collection/${rooms.stixAndCustom.taxiiId}`]),
    await id.person(['threat:read', 'threat:write']),
  ];
  const clients = [admin, reader].map(({ key }) => socketClient(url, key));
  const [seen, refused] = clients.map((client) =>
    subscribeOver(client, messages, { service: { serviceId: 'inbox-B' } }),
  );
  if (!seen || !refused) throw new Error('Two streams were opened.');
  expect(JSON.stringify([await refused.ended, refused.items])).toContain('FORBIDDEN');
  await seen.reach(1);
  await submit('hidden', stix, 'collection_only_stix');
  await submit('shown', stix, 'collection_stix_and_custom', 'collection_only_stix');
  await seen.reach(2);
  expect(items(seen, 'inboxMessageReceived')).toEqual([
    {
      __typename: 'InboxMessageReceived',
      service: 'inbox-B',
      inboxMessage: { storedBlockCount: 1, contentBlocks: { totalCount: 1 } },
    },
  ]);
  await Promise.all(clients.map((client) => client.dispose()));
});

const changes = `subscription { collectionSubscriptionChanged(hello: true) {
  __typename ... on CollectionSubscriptionPaused { collectionSubscription { status } } } }`;

test('what becomes of a subscription is told to its owner and to administrators, and to nobody else', async () => {
  const read = `threat:read@collection/${rooms.onlyStix.taxiiId}`;
  const [owner, other, admin] = [
    await id.person([read]),
    await id.person([read]),
    await id.person([`threat:admin@collection/${rooms.onlyStix.taxiiId}`]),
  ];
  const clients = [owner, other, admin].map(({ key }) => socketClient(url, key));
  const streams = clients.map((client) => subscribeOver(client, changes));
  await Promise.all(streams.map((stream) => stream.reach(1)));
  const made = await subscribe(owner.ctx, {
    service: { serviceId: 'collection-management-A' },
    dataCollection: { name: 'collection_only_stix' },
  });
  await pauseSubscription(owner.ctx, { by: { subscriptionId: made.id } });
  await Promise.all([streams[0]?.reach(3), streams[2]?.reach(3)]);
  await sleep(50);
  const told = streams.map((stream) => items(stream, 'collectionSubscriptionChanged'));
  const both = [
    { __typename: 'CollectionSubscriptionCreated' },
    { __typename: 'CollectionSubscriptionPaused', collectionSubscription: { status: 'PAUSED' } },
  ];
  expect(told).toEqual([both, [], both]);
  await Promise.all(clients.map((client) => client.dispose()));
});
