import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import {
  AuthenticationError,
  DeniedError,
  InputError,
  NotFoundError,
  UnavailableError,
  UnsupportedContentError,
} from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import type { Port } from '#kernel/port.ts';
import { pauseSubscription, unsubscribe } from '#resolvers/threat/collection-subscriptions/change.ts';
import { subscribe } from '#resolvers/threat/collection-subscriptions/subscribe.ts';
import { contentBlockStore } from '#resolvers/threat/content-blocks/content-block.ts';
import { deleteContentBlocks } from '#resolvers/threat/content-blocks/delete.ts';
import { createDataCollection } from '#resolvers/threat/data-collections/create.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';
import { submitInboxMessage } from '#resolvers/threat/inbox/submit.ts';
import { fulfillPoll } from '#resolvers/threat/polls/fulfill.ts';
import { type PollInput, type PollWire, pollDataCollection } from '#resolvers/threat/polls/poll.ts';
import { isPending, type PollPart } from '#resolvers/threat/polls/poll-part.ts';
import { resultSetStore } from '#resolvers/threat/polls/result-set.ts';
import { createService } from '#resolvers/threat/services/create.ts';
import { updateService } from '#resolvers/threat/services/update.ts';
import { at, custom, makeTaxii1, push, readWrite, stix, type Taxii1 } from '../../support/taxii1.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
let rooms: Taxii1;
let feed: DataCollection;
let somebody: Context;
beforeAll(async () => {
  threat = await openThreat('embedded', { threat: { countBlocks: true } });
  rooms = await makeTaxii1(threat.all);
});
afterAll(() => threat.gateway.dispose());

/** Each test polls a feed of its own. */
beforeEach(async () => {
  feed = await makeFeed();
  somebody = threat.as(...readWrite(feed, rooms.disabled));
});

const makeFeed = (parts: object = {}): Promise<DataCollection> =>
  createDataCollection(threat.all, {
    name: `feed-${newId()}`,
    supportedContent: [stix, custom],
    services: ['inbox-B', 'poll-A', 'collection-management-A'].map((serviceId) => ({ serviceId })),
    ...parts,
  });

const ask = (parts: Partial<PollInput> = {}, wire: PollWire = {}, ctx = somebody) =>
  pollDataCollection(
    ctx,
    { service: { serviceId: 'poll-A' }, dataCollection: { name: feed.name }, ...parts } as PollInput,
    wire,
  );

async function poll(parts: Partial<PollInput> = {}, wire: PollWire = {}): Promise<PollPart> {
  const answer = await ask(parts, wire);
  if (isPending(answer)) throw new Error('The answer is pending.');
  return answer;
}

async function fulfill(resultId: string | null, part: number, ctx = somebody): Promise<PollPart> {
  const answer = await fulfillPoll(ctx, { dataCollection: { name: feed.name }, resultId: resultId ?? '', part });
  if (isPending(answer)) throw new Error('The answer is pending.');
  return answer;
}

const labels = ({ contentBlocks }: PollPart) => contentBlocks.map(({ timestampLabel }) => timestampLabel);
const seconds = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => at(from + index));

test('a feed answers with the blocks after the begin up to the end, and tells an end to go on from', async () => {
  await push(somebody, feed, seconds(1, 5));
  const whole = await poll();
  expect(labels(whole)).toEqual(seconds(1, 5));
  expect(whole).toMatchObject({
    more: false,
    part: 1,
    resultId: null,
    begin: null,
    subscriptionId: null,
    message: null,
  });
  expect(labels(await poll({ beginExclusive: at(2), endInclusive: at(4) }))).toEqual(seconds(3, 4));
  const next = await poll({ beginExclusive: whole.end });
  expect(next).toMatchObject({ contentBlocks: [], begin: whole.end, end: whole.end });
  await push(somebody, feed, ['2200-01-01T00:00:00Z']);
  expect(labels(await poll({ beginExclusive: next.end }))).toHaveLength(1);
});

test('the end of an open poll is the newest label there is, or the begin, or the birth of the data collection', async () => {
  expect(await poll()).toMatchObject({ end: feed.createdAt });
  const later = '2150-01-01T00:00:00.000000Z';
  expect(await poll({ beginExclusive: later })).toMatchObject({ begin: later, end: later });
  const [newest] = (await push(somebody, feed, ['2200-01-01T00:00:00Z'])).contentBlocks;
  expect(await poll()).toMatchObject({ end: newest?.timestampLabel });
  expect(await poll({ endInclusive: at(9) })).toMatchObject({ end: at(9) });
});

test('a set tells only the end that was asked for', async () => {
  feed = await makeFeed({ type: 'DATA_SET' });
  somebody = threat.as(...readWrite(feed));
  await push(somebody, feed, seconds(1, 2));
  expect(await poll()).toMatchObject({ begin: null, end: null });
  expect(await poll({ endInclusive: at(1) })).toMatchObject({ end: at(1) });
});

test('more than one part holds makes a result set, whose parts have every block once', async () => {
  await push(somebody, feed, seconds(1, 45));
  await threat.news();
  const first = await poll();
  expect(first).toMatchObject({ more: true, part: 1, recordCount: { count: 15, partial: true } });
  expect(labels(first)).toEqual(seconds(1, 20));
  const news = await threat.news();
  expect(news).toMatchObject([
    {
      name: 'threat.resultSet.created',
      data: { resultId: first.resultId, collection: feed.taxiiId, service: 'poll-A' },
      scope: { collection: feed.taxiiId, account: somebody.viewer.id },
    },
  ]);
  const third = await fulfill(first.resultId, 3);
  expect(third).toMatchObject({ more: false, part: 3, resultId: first.resultId, begin: null, end: first.end });
  expect(labels(third)).toEqual(seconds(41, 45));
  expect(labels(await fulfill(first.resultId, 2))).toEqual(seconds(21, 40));
  expect(await fulfill(first.resultId, 1)).toMatchObject({ more: true, contentBlocks: first.contentBlocks });
  for (const part of [4, 5, 1000, 2 ** 31 - 1])
    expect(await fulfill(first.resultId, part)).toMatchObject({ contentBlocks: [], more: false, part });
});

test('exactly one part is no result set, and no empty part follows', async () => {
  await push(somebody, feed, seconds(1, 20));
  expect(await poll()).toMatchObject({ more: false, resultId: null, recordCount: { count: 15, partial: true } });
  await push(somebody, feed, seconds(21, 40));
  const first = await poll();
  expect(await fulfill(first.resultId, 2)).toMatchObject({ more: false });
});

test('blocks that come and go meanwhile make no part overlap another, and lose none of those left', async () => {
  await push(
    somebody,
    feed,
    seconds(1, 60).map((label) => label.replace('.000000', '.500000')),
  );
  const first = await poll();
  await deleteContentBlocks(somebody, {
    dataCollection: { name: feed.name },
    beginExclusive: at(9),
    endInclusive: at(31),
  });
  await push(somebody, feed, seconds(40, 50));
  const rest = [2, 3, 4].map((part) => fulfill(first.resultId, part));
  const parts = [first, ...(await Promise.all(rest))];
  const told = parts.flatMap(labels);
  expect(new Set(told).size).toBe(told.length);
  expect(told).toEqual(told.toSorted());
  for (const second of [...seconds(1, 8), ...seconds(32, 60)])
    expect(told).toContain(second.replace('.000000', '.500000'));
});

test('a part that was told once is told the same again', async () => {
  await push(somebody, feed, seconds(1, 50));
  const first = await poll();
  const second = await fulfill(first.resultId, 2);
  await push(
    somebody,
    feed,
    seconds(1, 30).map((label) => label.replace('.000000', '.700000')),
  );
  const again = await fulfill(first.resultId, 2);
  expect(labels(again).filter((label) => label.endsWith('.000000Z'))).toEqual(labels(second));
  expect(labels(again).at(-1)).toBe(at(40));
  expect(labels(await fulfill(first.resultId, 3))).toEqual(seconds(41, 50));
});

test('a part ends before its contents grow too heavy', async () => {
  const light = await openThreat('memory', { threat: { maxPageBytes: 100 } });
  const { stixAndCustom } = await makeTaxii1(light.all);
  const blocks = seconds(1, 5);
  await push(light.all, stixAndCustom, blocks, { content: 'x'.repeat(40) });
  const input = { service: { serviceId: 'poll-A' }, dataCollection: { name: stixAndCustom.name } } as PollInput;
  const first = (await pollDataCollection(light.all, input)) as PollPart;
  expect(labels(first)).toEqual(blocks.slice(0, 2));
  expect(first.recordCount).toBeNull();
  const third = await fulfillPoll(light.all, { ...input, resultId: first.resultId ?? '', part: 3 });
  expect(labels(third as PollPart)).toEqual(blocks.slice(4));
  await light.gateway.dispose();
});

test('a poll for the count alone tells how many there are, and how to have them', async () => {
  await push(somebody, feed, seconds(1, 10));
  expect(await poll({ responseType: 'COUNT_ONLY' })).toMatchObject({
    contentBlocks: [],
    recordCount: { count: 10, partial: false },
    more: false,
    resultId: null,
  });
  await push(somebody, feed, seconds(11, 30));
  const counted = await poll({ responseType: 'COUNT_ONLY' });
  expect(counted).toMatchObject({ contentBlocks: [], recordCount: { count: 15, partial: true }, more: true });
  expect(labels(await fulfill(counted.resultId, 1))).toEqual(seconds(1, 20));
  expect(labels(await fulfill(counted.resultId, 2))).toEqual(seconds(21, 30));
});

test('a poll is for the bindings that are requested and supported', async () => {
  await push(somebody, feed, seconds(1, 2));
  await push(somebody, feed, seconds(3, 3), { contentBinding: custom });
  expect(labels(await poll({ contentBindings: [custom, 'urn:none'] }))).toEqual(seconds(3, 3));
  const refused = await ask({ contentBindings: ['urn:none'] }).catch((error) => error);
  expect(refused).toBeInstanceOf(UnsupportedContentError);
  expect(refused.supportedContent).toEqual([stix, custom]);
});

test('refusals come in the order of the protocol', async () => {
  await updateService(threat.all, { by: { serviceId: 'poll-A' }, kind: { poll: { subscriptionRequired: true } } });
  const unknown = { dataCollection: { name: 'none' } };
  await expect(ask(unknown)).rejects.toMatchObject({ code: 'DENIED', message: 'Subscription id is required' });
  await updateService(threat.all, { by: { serviceId: 'poll-A' }, kind: { poll: { subscriptionRequired: false } } });
  const backwards = { beginExclusive: at(2), endInclusive: at(1), contentBindings: ['urn:none'] };
  const worst = { ...backwards, subscriptionId: 'none' };
  await expect(ask({ ...worst, ...unknown })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'Requested collection was not found',
  });
  await expect(ask(worst, {}, threat.as())).rejects.toThrow('Requested collection was not found');
  await expect(ask({ ...worst, dataCollection: { name: 'collection_disabled' } })).rejects.toThrow(UnavailableError);
  await expect(ask(worst)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'Requested subscription was not found',
  });
  await expect(ask(backwards, { hasQuery: true })).rejects.toMatchObject({
    path: ['beginExclusive'],
    message: 'Exclusive begin timestamp label is later than inclusive end timestamp label',
  });
  await expect(ask({ contentBindings: ['urn:none'] }, { hasQuery: true })).rejects.toMatchObject({ path: ['query'] });
  await expect(ask({ contentBindings: ['urn:none'] })).rejects.toThrow(UnsupportedContentError);
  await expect(ask({ beginExclusive: 'yesterday' })).rejects.toThrow(InputError);
});

test('a data collection answers only to the services that it is attached to', async () => {
  await createService(threat.all, { serviceId: 'poll-B', address: '/services/poll-B', kind: { poll: {} } });
  await expect(ask({ service: { serviceId: 'poll-B' } })).rejects.toThrow('Requested collection was not found');
  await push(somebody, feed, seconds(1, 21));
  const { resultId } = await poll();
  const foreign = {
    service: { serviceId: 'poll-B' },
    dataCollection: { name: feed.name },
    resultId: resultId ?? '',
    part: 2,
  };
  await expect(fulfillPoll(somebody, foreign)).rejects.toThrow(NotFoundError);
});

test('a subscription says what is polled; one that rests or is ended cannot be polled by', async () => {
  await push(somebody, feed, seconds(1, 2));
  await push(somebody, feed, seconds(3, 3), { contentBinding: custom });
  const management = { service: { serviceId: 'collection-management-A' }, dataCollection: { name: feed.name } };
  const bound = await subscribe(somebody, { ...management, contentBindings: [custom] });
  const byIt = { subscriptionId: bound.id, contentBindings: [stix], responseType: 'COUNT_ONLY' as const };
  const part = await poll(byIt);
  expect(part.subscriptionId).toBe(bound.id);
  expect(labels(part)).toEqual(seconds(3, 3));
  const counting = await subscribe(somebody, { ...management, responseType: 'COUNT_ONLY' });
  expect(await poll({ subscriptionId: counting.id })).toMatchObject({ contentBlocks: [], recordCount: { count: 3 } });
  await expect(ask(byIt, {}, threat.as(...readWrite(feed)))).rejects.toThrow('Requested subscription was not found');
  await pauseSubscription(somebody, { by: { subscriptionId: bound.id } });
  await expect(ask(byIt)).rejects.toThrow(new DeniedError('The subscription is paused'));
  await unsubscribe(somebody, { by: { subscriptionId: bound.id } });
  await expect(ask(byIt)).rejects.toThrow(new DeniedError('The subscription is ended'));
});

test('a result set is had by who reads its data collection, and by its own id only', async () => {
  await push(somebody, feed, seconds(1, 21));
  const { resultId } = await poll();
  const other = await makeFeed();
  const both = threat.as(...readWrite(feed, other));
  const asked = (parts: object) =>
    fulfillPoll(both, { dataCollection: { name: feed.name }, resultId: resultId ?? '', part: 2, ...parts });
  await expect(asked({ dataCollection: { name: other.name } })).rejects.toThrow('Requested result set was not found');
  await expect(asked({ resultId: newId() })).rejects.toThrow(NotFoundError);
  await expect(asked({ resultId: 'garbage' })).rejects.toThrow(NotFoundError);
  await expect(asked({ part: 0 })).rejects.toThrow(InputError);
  await expect(fulfill(resultId, 2, threat.as())).rejects.toThrow('Requested collection was not found');
  expect(labels((await asked({})) as PollPart)).toEqual([at(21)]);
});

test('TAXII 1.0 polls feeds only, and is answered in one part that cuts no label in two', async () => {
  await push(somebody, feed, seconds(1, 19));
  await push(
    somebody,
    feed,
    Array.from({ length: 30 }, () => at(20)),
  );
  const only = await poll({}, { feedsOnly: true });
  expect(only).toMatchObject({ more: false, message: null });
  expect(only.contentBlocks).toHaveLength(49);
  await push(somebody, feed, seconds(21, 22));
  const cut = await poll({}, { feedsOnly: true });
  expect(cut).toMatchObject({ more: true, resultId: null, end: at(20) });
  expect(cut.message).toContain('more content blocks');
  expect(cut.contentBlocks).toHaveLength(49);
  expect(labels(await poll({ beginExclusive: cut.end }, { feedsOnly: true }))).toEqual(seconds(21, 22));
  feed = await makeFeed({ type: 'DATA_SET' });
  somebody = threat.as(...readWrite(feed));
  await expect(ask({}, { feedsOnly: true })).rejects.toThrow('is not a Data Feed, it is a Data Set');
});

/** The same context over a storage that is slower than those that come with Gatehouse, or that has no result sets. */
const withStores = (ctx: Context, parts: { readonly slow?: true; readonly resultSets?: null }): Context => ({
  ...ctx,
  use<T extends object>(port: Port<T>): T {
    const store = ctx.use(port);
    if (!parts.slow || port.name !== contentBlockStore.name) return store;
    return new Proxy(store, {
      get(target, name) {
        if (name === 'read') return async () => 'NOT_READY';
        const method = Reflect.get(target, name) as () => unknown;
        return method.bind(target);
      },
    });
  },
  find: (port) => (port.name === resultSetStore.name && parts.resultSets === null ? null : ctx.find(port)),
});

test('a store that is not ready refuses who does not wait, and is asked again by who does', async () => {
  await push(somebody, feed, seconds(1, 3));
  const slow = withStores(somebody, { slow: true });
  await expect(ask({}, {}, slow)).rejects.toThrow(UnavailableError);
  const pending = await ask({ allowAsynch: true }, {}, slow);
  expect(pending).toMatchObject({ estimatedWait: 300, willPush: false });
  if (!isPending(pending)) throw new Error('Nothing is pending.');
  expect(labels(await fulfill(pending.resultId, 1))).toEqual(seconds(1, 3));
  const without = withStores(slow, { resultSets: null });
  await expect(ask({ allowAsynch: true }, {}, without)).rejects.toThrow('Poll fulfilment is not supported');
});

test('a storage without result sets answers in one part and fulfils nothing', async () => {
  await push(somebody, feed, seconds(1, 30));
  const without = withStores(somebody, { resultSets: null });
  const part = (await ask({}, {}, without)) as PollPart;
  expect(part).toMatchObject({ more: true, resultId: null, end: at(20) });
  await expect(fulfill(newId(), 1, without)).rejects.toThrow(new DeniedError('Poll fulfilment is not supported'));
});

test('a poll costs the same statements whatever the place', async () => {
  await push(somebody, feed, seconds(1, 100));
  const first = await threat.statements(() => poll({ endInclusive: at(19) }));
  expect(await threat.statements(() => poll({ beginExclusive: at(80), endInclusive: at(100) }))).toBe(first);
});

test('each account reads and fills the data collections of a closed service that it has rights on', async () => {
  const kinds = {
    'inbox-D': { inbox: { acceptAllContent: true, destinationCollectionRequired: true } },
    'poll-D': { poll: {} },
  };
  for (const [serviceId, kind] of Object.entries(kinds))
    await createService(threat.all, {
      serviceId,
      address: `/services/${serviceId}`,
      authenticationRequired: true,
      kind: kind as never,
    });
  const services = [{ serviceId: 'inbox-D' }, { serviceId: 'poll-D' }];
  const make = (name: string) => createDataCollection(threat.all, { name, acceptAllContent: true, services });
  const [first, second] = [await make('collection-1'), await make('collection-2')];
  const johnny = threat.as(`threat:read@collection/${first.taxiiId}`, ...readWrite(second));
  const billy = threat.as(...readWrite(first));
  const wally = threat.as('*');
  const closed = { service: { serviceId: 'poll-D' } };
  const pull = (ctx: Context, name: string) => ask({ ...closed, dataCollection: { name } }, {}, ctx);
  const send = (ctx: Context, name: string, wire = {}) =>
    submitInboxMessage(
      ctx,
      {
        service: { serviceId: 'inbox-D' },
        destinationCollections: [name],
        contentBlocks: [{ content: 'x', contentBinding: custom }],
      },
      wire,
    );
  expect(await pull(johnny, 'collection-1')).toMatchObject({ more: false });
  await expect(pull(billy, 'collection-2')).rejects.toThrow(NotFoundError);
  expect(await pull(wally, 'collection-2')).toMatchObject({ more: false });
  await expect(send(johnny, 'collection-1')).rejects.toMatchObject({
    code: 'FORBIDDEN',
    message: 'User can not write to collection collection-1',
  });
  expect(await send(johnny, 'collection-2')).toMatchObject({ inboxMessage: { storedBlockCount: 1 } });
  // TAXII 1.0 names nothing: what he cannot fill is passed over.
  expect(await send(johnny, '', { toAllWritable: true })).toMatchObject({
    inboxMessage: { storedBlockCount: 1, collectionTaxiiIds: [second.taxiiId] },
  });
  await expect(pull(threat.anonymous('*'), 'collection-1')).rejects.toThrow(AuthenticationError);
  await expect(send(threat.anonymous('*'), 'collection-1')).rejects.toThrow(AuthenticationError);
});
