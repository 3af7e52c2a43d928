import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { toGlobalId } from '#kernel/id.ts';
import { subscriptionStore } from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import { subscribe } from '#resolvers/threat/collection-subscriptions/subscribe.ts';
import { applyThreatConfig } from '#resolvers/threat/config/apply.ts';
import { contentBlockStore } from '#resolvers/threat/content-blocks/content-block.ts';
import { createDataCollection } from '#resolvers/threat/data-collections/create.ts';
import { type DataCollection, dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { deleteDataCollection } from '#resolvers/threat/data-collections/delete.ts';
import { findDataCollection } from '#resolvers/threat/data-collections/find.ts';
import { submitInboxMessage } from '#resolvers/threat/inbox/submit.ts';
import { pollDataCollection } from '#resolvers/threat/polls/poll.ts';
import { resultSetStore } from '#resolvers/threat/polls/result-set.ts';
import { createService } from '#resolvers/threat/services/create.ts';
import { deleteService } from '#resolvers/threat/services/delete.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
let ctx: Context;
beforeAll(async () => {
  threat = await openThreat();
  ctx = threat.all;
  const service = (serviceId: string, kind: object) =>
    createService(ctx, { serviceId, address: `/services/${serviceId}`, kind: kind as { poll: object } });
  await service('inbox', { inbox: { acceptAllContent: true, destinationCollectionRequired: true } });
  await service('poll', { poll: { maxResultSize: 1 } });
  await service('management', { collectionManagement: {} });
});
afterAll(() => threat.gateway.dispose());

let [one, other]: DataCollection[] = [];
beforeEach(async () => {
  const services = ['inbox', 'poll', 'management'].map((serviceId) => ({ serviceId }));
  const fresh = () => createDataCollection(ctx, { name: crypto.randomUUID(), acceptAllContent: true, services });
  [one, other] = [await fresh(), await fresh()];
});

const nameOf = (collection: DataCollection | undefined) => collection?.name ?? '';

async function push(count: number, ...collections: (DataCollection | undefined)[]): Promise<string[]> {
  const { contentBlocks } = await submitInboxMessage(ctx, {
    service: { serviceId: 'inbox' },
    destinationCollections: collections.map(nameOf),
    contentBlocks: Array.from({ length: count }, (_, index) => ({ content: `block ${index}` })),
  });
  return contentBlocks.map(({ id }) => id);
}

const kept = async (ids: readonly string[]) =>
  (await ctx.use(contentBlockStore).getMany(ids)).map((block) => block !== null);

test('a deleted data collection takes the blocks with it that no other holds', async () => {
  const mine = await push(2, one);
  const shared = await push(2, one, other);
  const theirs = await push(1, other);
  await threat.news();
  await deleteDataCollection(ctx, { by: { name: nameOf(one) } });
  expect(await kept([...mine, ...shared, ...theirs])).toEqual([false, false, true, true, true]);
  expect(await findDataCollection(ctx, { name: nameOf(other) })).toMatchObject({ volume: 3 });
  const events = await threat.news();
  expect(events.map(({ name, data }) => [name, (data as { deleted?: boolean }).deleted])).toEqual([
    ['threat.contentBlock.removed', true],
    ['threat.contentBlock.removed', true],
    ['threat.contentBlock.removed', false],
    ['threat.contentBlock.removed', false],
    ['threat.dataCollection.deleted', undefined],
  ]);
  expect(events.at(-1)).toMatchObject({ data: { dataCollection: { name: nameOf(one), volume: 4 } } });
});

test('its result sets and subscriptions go with it, and those of others stay', async () => {
  const subscriptions = await Promise.all(
    [one, other].map((collection) =>
      subscribe(ctx, { service: { serviceId: 'management' }, dataCollection: { name: nameOf(collection) } }),
    ),
  );
  const results: (string | null)[] = [];
  for (const collection of [one, other]) {
    await push(2, collection);
    const answer = await pollDataCollection(ctx, {
      service: { serviceId: 'poll' },
      dataCollection: { name: nameOf(collection) },
    });
    results.push('part' in answer ? (answer as { resultId: string | null }).resultId : null);
  }
  await deleteDataCollection(ctx, { by: { taxiiId: one?.taxiiId ?? '' } });
  const left = await ctx.use(subscriptionStore).getMany(subscriptions.map(({ id }) => id));
  expect(left.map((subscription) => subscription !== null)).toEqual([false, true]);
  const sets = await ctx.use(resultSetStore).getMany(results.map((id) => id ?? ''));
  expect(sets.map((set) => set !== null)).toEqual([false, true]);
});

test('more blocks than one batch are all deleted', async () => {
  const inserted = 5003;
  const now = '2026-01-01T00:00:00.000000Z';
  const blocks = Array.from({ length: inserted }, (_, index) => ({
    block: {
      id: `0191af5e-0000-7000-8000-${String(index).padStart(12, '0')}`,
      timestampLabel: now,
      contentBinding: null,
      content: 'x',
      contentIsXml: false,
      message: null,
      inboxMessageId: null,
      createdAt: now,
    },
    dataCollectionIds: [one?.id ?? ''],
  }));
  await ctx.use(contentBlockStore).add(blocks);
  await ctx.use(dataCollectionStore).addToVolumes([{ id: one?.id ?? '', by: inserted }]);
  await deleteDataCollection(ctx, { by: { name: nameOf(one) } });
  expect(await kept([blocks[0]?.block.id ?? '', blocks.at(-1)?.block.id ?? ''])).toEqual([false, false]);
  expect(await findDataCollection(ctx, { name: nameOf(one) })).toBeNull();
}, 60_000);

test('a document that leaves it out deletes it by force, with its blocks', async () => {
  const [mine] = await push(1, one);
  const document = { dataCollections: [{ name: nameOf(other), services: ['inbox'] }] };
  const { disabled } = await applyThreatConfig(ctx, { document });
  expect(disabled.map(({ key }) => key)).toContain(nameOf(one));
  expect(await kept([mine ?? ''])).toEqual([true]);
  const { deleted } = await applyThreatConfig(ctx, { document, forceDelete: true });
  expect(deleted.map(({ key }) => key)).toContain(nameOf(one));
  expect(await kept([mine ?? ''])).toEqual([false]);
});

test('a push that races with the deletion is kept nowhere, or refused', async () => {
  const pushes = await Promise.allSettled([
    push(1, one),
    deleteDataCollection(ctx, { by: { name: nameOf(one) } }),
    push(1, one),
  ]);
  expect(pushes[1]?.status).toBe('fulfilled');
  for (const outcome of [pushes[0], pushes[2]]) {
    if (outcome?.status === 'fulfilled') expect(await kept(outcome.value as string[])).toEqual([false]);
    else expect(outcome?.reason).toMatchObject({ code: 'NOT_FOUND' });
  }
});

test('a deleted service takes its subscriptions with it, and inbox messages keep its id', async () => {
  await createService(ctx, {
    serviceId: 'second',
    address: '/services/second',
    kind: { collectionManagement: {} },
  });
  await createService(ctx, {
    serviceId: 'short-lived',
    address: '/services/short-lived',
    kind: { inbox: { acceptAllContent: true } },
  });
  const services = ['second', 'short-lived', 'management'].map((serviceId) => ({ serviceId }));
  const collection = await createDataCollection(ctx, { name: crypto.randomUUID(), acceptAllContent: true, services });
  const at = (serviceId: string) =>
    subscribe(ctx, { service: { serviceId }, dataCollection: { name: collection.name } });
  const [gone, stays] = [await at('second'), await at('management')];
  const { inboxMessage } = await submitInboxMessage(ctx, { service: { serviceId: 'short-lived' }, contentBlocks: [] });
  await deleteService(ctx, { by: { serviceId: 'second' } });
  await deleteService(ctx, { by: { serviceId: 'short-lived' } });
  const left = await ctx.use(subscriptionStore).getMany([gone.id, stays.id]);
  expect(left.map((subscription) => subscription !== null)).toEqual([false, true]);
  const { data, errors } = await threat.gateway.execute({
    document: '{ inboxMessages(first: 1000) { nodes { id serviceId service { serviceId } } } }',
  });
  expect(errors).toBeUndefined();
  expect((data as { inboxMessages: { nodes: object[] } }).inboxMessages.nodes).toContainEqual({
    id: toGlobalId('InboxMessage', inboxMessage.id),
    serviceId: 'short-lived',
    service: null,
  });
});
