import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ForbiddenError } from '#kernel/errors.ts';
import type { InlineRun } from '#kernel/job-run.ts';
import type { Port } from '#kernel/port.ts';
import { createApiRoot } from '#resolvers/threat/api-roots/create.ts';
import { unsubscribe } from '#resolvers/threat/collection-subscriptions/change.ts';
import { findSubscriptions } from '#resolvers/threat/collection-subscriptions/find.ts';
import { subscribe } from '#resolvers/threat/collection-subscriptions/subscribe.ts';
import { collectionStore } from '#resolvers/threat/collections/collection.ts';
import { createCollection } from '#resolvers/threat/collections/create.ts';
import { findContentBlocks } from '#resolvers/threat/content-blocks/find.ts';
import { dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { findInboxMessages } from '#resolvers/threat/inbox/find.ts';
import { inboxMessageStore } from '#resolvers/threat/inbox/inbox-message.ts';
import { dataCollectionByKey } from '#resolvers/threat/keys.ts';
import { addObjects } from '#resolvers/threat/objects/add.ts';
import { stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';
import { pollDataCollection } from '#resolvers/threat/polls/poll.ts';
import { retentionJob } from '#resolvers/threat/retention/job.ts';
import { runRetention, sweepThreat } from '#resolvers/threat/retention/run.ts';
import { at, makeTaxii1, push, type Taxii1 } from '../../support/taxii1.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

const none = {
  statuses: 0,
  resultSets: 0,
  contentBlocks: 0,
  supersededVersions: 0,
  inboxMessages: 0,
  endedSubscriptions: 0,
  interruptedStatuses: 0,
};

let forgetful: TestThreat;
let faithful: TestThreat;
beforeAll(async () => {
  const retention = { resultSets: 0, contentBlocks: 0, inboxMessages: 0, endedSubscriptions: 0 };
  forgetful = await openThreat('embedded', { threat: { retention } });
  faithful = await openThreat('memory');
});
afterAll(async () => {
  await forgetful.gateway.dispose();
  await faithful.gateway.dispose();
});

const management = {
  service: { serviceId: 'collection-management-A' },
  dataCollection: { name: 'collection_only_stix' },
};

/** Blocks, a message, a result set, an active subscription and an ended one. */
async function fill(ctx: Context, { onlyStix }: Taxii1) {
  const labels = Array.from({ length: 25 }, (_, index) => at(index));
  const { contentBlocks, inboxMessage } = await push(ctx, onlyStix, labels);
  await pollDataCollection(ctx, { ...management, service: { serviceId: 'poll-A' } });
  const active = await subscribe(ctx, management);
  const { id } = await subscribe(ctx, management);
  await unsubscribe(ctx, { by: { subscriptionId: id } });
  // The instants of the retention lie after these.
  await new Promise((resolve) => setTimeout(resolve, 5));
  return { blockIds: contentBlocks.map(({ id }) => id), messageId: inboxMessage.id, active: active.id, ended: id };
}

test('a dry run counts what a sweep removes, and removes nothing', async () => {
  const rooms = await makeTaxii1(forgetful.all);
  const { blockIds, messageId, active, ended } = await fill(forgetful.all, rooms);
  const due = { ...none, resultSets: 1, contentBlocks: 25, inboxMessages: 1, endedSubscriptions: 1 };
  await forgetful.news();
  expect(await runRetention(forgetful.all, { dryRun: true })).toEqual(due);
  expect(await forgetful.news()).toEqual([]);
  expect(await findContentBlocks(forgetful.all, blockIds.slice(0, 1))).toMatchObject([{ id: blockIds[0] }]);

  expect(await runRetention(forgetful.all, {})).toEqual(due);
  expect(await findContentBlocks(forgetful.all, blockIds)).toEqual(blockIds.map(() => null));
  expect(await findInboxMessages(forgetful.all, [messageId])).toEqual([null]);
  expect(await findSubscriptions(forgetful.all, [active, ended])).toMatchObject([{ id: active }, null]);
  expect((await forgetful.all.use(dataCollectionStore).getMany([rooms.onlyStix.id]))[0]?.volume).toBe(0);
  const news = await forgetful.news();
  expect(news.filter(({ name }) => name === 'threat.contentBlock.removed')).toHaveLength(25);
  expect(news.at(-1)).toMatchObject({ name: 'threat.retention.swept', data: due });

  expect(await runRetention(forgetful.all, {})).toEqual(none);
  expect(await forgetful.news()).toEqual([]);
});

test('keeps by default everything but what is long over', async () => {
  await fill(faithful.all, await makeTaxii1(faithful.all));
  expect(await runRetention(faithful.all, {})).toEqual(none);
});

test('only administrators of everything sweep', async () => {
  const run = (ctx: Context) => runRetention(ctx, { dryRun: true });
  await expect(run(faithful.as('threat:read', 'threat:write'))).rejects.toThrow(ForbiddenError);
  await expect(run(faithful.anonymous())).rejects.toThrow(AuthenticationError);
  expect(await run(faithful.as('threat:admin'))).toEqual(none);
});

/** What a run of the job tells in its own log. */
function aRun(ctx: Context) {
  const lines: string[] = [];
  const tell = (message: string) => lines.push(message);
  const log = { debug: tell, info: tell, warning: tell, error: tell, critical: tell };
  return { run: { ctx, log, signal: new AbortController().signal } as unknown as InlineRun, lines };
}

test('the job does it every hour, with the rights of the system', async () => {
  expect(retentionJob).toMatchObject({
    name: 'threat.retention.sweep',
    schedule: '17 * * * *',
    timezone: 'UTC',
    isolation: 'INLINE',
    runAs: 'SYSTEM',
    properties: { attempts: 3 },
    handler: sweepThreat,
  });
  const { run, lines } = aRun(faithful.all);
  await sweepThreat(run);
  expect(lines).toContain('resultSets: 0');
});

test('what cannot be swept does not keep the rest', async () => {
  const onlyStix = await dataCollectionByKey(forgetful.all, { name: 'collection_only_stix' });
  if (!onlyStix) throw new Error('The test before made it.');
  await push(forgetful.all, onlyStix, [at(1)]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const broken: Context = {
    ...forgetful.all,
    use<T extends object>(port: Port<T>): T {
      if (port.name === inboxMessageStore.name) throw new Error('The archive is on fire.');
      return forgetful.all.use(port);
    },
  };
  await subscribe(forgetful.all, management).then(({ id }) =>
    unsubscribe(forgetful.all, { by: { subscriptionId: id } }),
  );
  await new Promise((resolve) => setTimeout(resolve, 5));
  const { run } = aRun(broken);
  await expect(sweepThreat(run)).rejects.toThrow('Could not be swept: inboxMessages.');
  expect(await runRetention(forgetful.all, { dryRun: true })).toEqual({ ...none, inboxMessages: 1 });
});

test('versions that a newer one has followed go, with an event each and the count of their collection', async () => {
  const versions = await openThreat('embedded', { threat: { retention: { supersededVersions: 0 } } });
  const root = await createApiRoot(versions.all, { title: 'root' });
  const collection = await createCollection(versions.all, { apiRoot: { id: root.id }, title: 'versions' });
  const id = 'x-test--5e113376-8a13-432d-b711-92f566ebbd92';
  const created = '2020-01-01T00:00:00Z';
  const objects = ['2020-01-01T00:00:00Z', '2021-01-01T00:00:00Z', '2022-01-01T00:00:00Z'].map((modified) => ({
    ...{ type: 'x-test', spec_version: '2.1', id, created, modified },
  }));
  await addObjects(versions.all, { collection: { taxiiId: collection.id }, objects });
  await new Promise((resolve) => setTimeout(resolve, 5));
  await versions.news();
  expect(await runRetention(versions.all, { dryRun: true })).toEqual({ ...none, supersededVersions: 2 });
  expect(await runRetention(versions.all, {})).toEqual({ ...none, supersededVersions: 2 });
  expect((await versions.news()).map(({ name }) => name)).toEqual([
    'threat.stixObject.deleted',
    'threat.stixObject.deleted',
    'threat.retention.swept',
  ]);
  const [kept] = await versions.all.use(collectionStore).getMany([collection.id]);
  expect(kept?.objectCount).toBe(1);
  const [last] = await versions.all.use(stixObjectStore).getByVersion([{ collectionId: collection.id, stixId: id }]);
  expect(last).toMatchObject({ version: '2022-01-01T00:00:00.000000Z', isFirst: true, isLast: true });
  await versions.gateway.dispose();
});
