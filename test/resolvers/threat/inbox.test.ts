import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import {
  AuthenticationError,
  DestinationCollectionError,
  ForbiddenError,
  InputError,
  NotFoundError,
} from '#kernel/errors.ts';
import { findContentBlocks, heldReadably, listContentBlocks } from '#resolvers/threat/content-blocks/find.ts';
import { assignLabels } from '#resolvers/threat/content-blocks/label.ts';
import { createDataCollection } from '#resolvers/threat/data-collections/create.ts';
import { type DataCollection, dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { findInboxMessages, listInboxMessages, rawMessages } from '#resolvers/threat/inbox/find.ts';
import { type InboxSubmission, submitInboxMessage } from '#resolvers/threat/inbox/submit.ts';
import { createService } from '#resolvers/threat/services/create.ts';
import { wholePage } from '../../support/network.ts';
import { at, custom, invalid, makeTaxii1, push, readWrite, stix, type Taxii1 } from '../../support/taxii1.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
let rooms: Taxii1;
let somebody: Context;
beforeAll(async () => {
  threat = await openThreat();
  rooms = await makeTaxii1(threat.all);
  somebody = threat.as(...readWrite(...Object.values(rooms)));
});
afterAll(() => threat.gateway.dispose());

const volumeOf = async ({ id }: DataCollection) =>
  (await threat.all.use(dataCollectionStore).getMany([id]))[0]?.volume ?? null;

const submit = (ctx: Context, parts: Partial<InboxSubmission>, wire = {}) =>
  submitInboxMessage(
    ctx,
    {
      service: { serviceId: 'inbox-B' },
      messageId: '123',
      contentBlocks: [{ content: 'x', contentBinding: stix }],
      ...parts,
    } as InboxSubmission,
    wire,
  );

test('an inbox that takes everything keeps every block, counted and told of', async () => {
  const before = (await volumeOf(rooms.open)) ?? 0;
  await threat.news();
  const contentBlocks = [stix, invalid].map((contentBinding) => ({ content: `of ${contentBinding}`, contentBinding }));
  const done = await submit(somebody, { service: { serviceId: 'inbox-A' }, contentBlocks });
  expect(done.inboxMessage).toMatchObject({
    service: 'inbox-A',
    messageId: '123',
    contentBlockCount: 2,
    storedBlockCount: 2,
    destinationCollections: [],
    collectionTaxiiIds: [rooms.open.taxiiId],
  });
  expect(done.skipped).toEqual([]);
  expect(done.contentBlocks.map(({ content }) => content)).toEqual([`of ${stix}`, `of ${invalid}`]);
  expect(await volumeOf(rooms.open)).toBe(before + 2);
  const news = await threat.news();
  expect(news.map(({ name }) => name)).toEqual([
    'threat.inboxMessage.received',
    'threat.contentBlock.created',
    'threat.contentBlock.created',
  ]);
  expect(news[2]).toMatchObject({
    scope: { collection: [rooms.open.taxiiId] },
    data: {
      contentBlock: { timestampLabel: done.contentBlocks[1]?.timestampLabel, contentBinding: invalid },
      collections: [rooms.open.taxiiId],
      service: 'inbox-A',
      inboxMessage: news[0]?.subject,
    },
  });
});

test('an inbox that wants destinations says which there are, and one that does not refuses them', async () => {
  const refused = await submit(somebody, {}).catch((error) => error);
  expect(refused).toBeInstanceOf(DestinationCollectionError);
  expect(refused.acceptableDestinations).toEqual([
    'collection_only_stix',
    'collection_open',
    'collection_stix_and_custom',
  ]);
  const one = await submit(somebody, {
    service: { serviceId: 'inbox-A' },
    destinationCollections: ['collection_open'],
  }).catch((error) => error);
  expect(one).toBeInstanceOf(DestinationCollectionError);
  expect(one.acceptableDestinations).toEqual(['collection_open']);
  const reader = threat.as(`threat:read@collection/${rooms.open.taxiiId}`);
  await expect(submit(reader, {})).rejects.toMatchObject({ acceptableDestinations: ['collection_open'] });
});

test('a block that nobody takes is skipped with a reason, and the message is kept all the same', async () => {
  const open = await submit(somebody, {
    destinationCollections: ['collection_open'],
    contentBlocks: [{ content: 'x', contentBinding: invalid }],
  });
  expect(open).toMatchObject({
    contentBlocks: [],
    skipped: [{ position: 0, reason: 'The inbox does not take this content binding.' }],
    inboxMessage: { contentBlockCount: 1, storedBlockCount: 0 },
  });
  const some = await submit(somebody, {
    destinationCollections: ['collection_only_stix'],
    contentBlocks: [{ content: 'a', contentBinding: custom }, { content: 'b', contentBinding: stix }, { content: 'c' }],
  });
  expect(some.contentBlocks.map(({ content }) => content)).toEqual(['b']);
  expect(some.skipped).toEqual([
    { position: 0, reason: 'No data collection of the message takes this content binding.' },
    { position: 2, reason: 'The inbox does not take this content binding.' },
  ]);
  expect(await submit(somebody, { destinationCollections: ['collection_open'], contentBlocks: [] })).toMatchObject({
    skipped: [],
    inboxMessage: { contentBlockCount: 0 },
  });
});

test('ten blocks for two data collections are ten rows, and count in both', async () => {
  const [open, other] = [(await volumeOf(rooms.open)) ?? 0, (await volumeOf(rooms.stixAndCustom)) ?? 0];
  const { contentBlocks } = await submit(somebody, {
    destinationCollections: ['collection_open', 'collection_stix_and_custom', 'collection_open'],
    contentBlocks: Array.from({ length: 10 }, (_, index) => ({ content: String(index), contentBinding: custom })),
  });
  expect(await volumeOf(rooms.open)).toBe(open + 10);
  expect(await volumeOf(rooms.stixAndCustom)).toBe(other + 10);
  const reader = threat.as(`threat:read@collection/${rooms.open.taxiiId}`);
  const ids = contentBlocks.map(({ id }) => id);
  expect((await heldReadably(somebody, ids))[0]?.map(({ name }) => name)).toEqual([
    'collection_open',
    'collection_stix_and_custom',
  ]);
  expect((await heldReadably(reader, ids))[9]?.map(({ name }) => name)).toEqual(['collection_open']);
  expect(await findContentBlocks(reader, ids)).toEqual(contentBlocks);
  expect(await findContentBlocks(threat.as(), ids)).toEqual(ids.map(() => null));
});

test('refuses a whole message for a destination that is unknown, unreadable, not writable or unavailable', async () => {
  await threat.news();
  const volume = await volumeOf(rooms.open);
  const to = (ctx: Context, ...destinationCollections: string[]) => submit(ctx, { destinationCollections });
  await expect(to(somebody, 'collection_open', 'none')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'Collection none was not found',
  });
  const blind = threat.as(...readWrite(rooms.open), `threat:write@collection/${rooms.onlyStix.taxiiId}`);
  await expect(to(blind, 'collection_open', 'collection_only_stix')).rejects.toThrow(NotFoundError);
  const reader = threat.as(...readWrite(rooms.open), `threat:read@collection/${rooms.onlyStix.taxiiId}`);
  await expect(to(reader, 'collection_open', 'collection_only_stix')).rejects.toMatchObject({
    code: 'FORBIDDEN',
    message: 'User can not write to collection collection_only_stix',
  });
  const nobody = threat.anonymous(`threat:read@collection/${rooms.onlyStix.taxiiId}`);
  await expect(to(nobody, 'collection_only_stix')).rejects.toThrow(AuthenticationError);
  await expect(to(somebody, 'collection_open', 'collection_disabled')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'The collection is not available',
  });
  expect(await volumeOf(rooms.open)).toBe(volume);
  expect(await threat.news()).toEqual([]);
});

test('a message without destinations is refused as a whole where one data collection is not writable', async () => {
  await createService(threat.all, {
    serviceId: 'inbox-C',
    address: '/services/inbox-C',
    kind: { inbox: { acceptAllContent: true } },
  });
  const make = (name: string) =>
    createDataCollection(threat.all, { name, acceptAllContent: true, services: [{ serviceId: 'inbox-C' }] });
  const [first, second] = [await make('c-first'), await make('c-second')];
  const half = threat.as(...readWrite(first), `threat:read@collection/${second.taxiiId}`);
  const into = { service: { serviceId: 'inbox-C' } };
  await expect(submit(half, into)).rejects.toThrow('User can not write to collection c-second');
  expect(await submit(half, into, { toAllWritable: true })).toMatchObject({ inboxMessage: { storedBlockCount: 1 } });
  expect([await volumeOf(first), await volumeOf(second)]).toEqual([1, 0]);
  const reader = threat.as(`threat:read@collection/${first.taxiiId}`);
  expect(await submit(reader, into, { toAllWritable: true })).toMatchObject({ inboxMessage: { storedBlockCount: 0 } });
});

test('a label is kept to the microsecond, unless it lies in the future', async () => {
  const past = '2020-01-01T00:00:00.123456Z';
  const { contentBlocks } = await push(somebody, rooms.stixAndCustom, [past, '2200-01-01T00:00:00Z', at(1)]);
  expect(contentBlocks[0]?.timestampLabel).toBe(past);
  expect(contentBlocks[2]?.timestampLabel).toBe(at(1));
  const assigned = Date.parse(contentBlocks[1]?.timestampLabel ?? '');
  expect(Math.abs(Date.now() - assigned)).toBeLessThan(60_000);
});

test('assigned labels rise above the newest one, whatever the clock says', () => {
  const now = Date.UTC(2026, 0, 1);
  expect(assignLabels([null, null, '2020-01-01T00:00:00.000000Z', null], now, null)).toEqual([
    '2026-01-01T00:00:00.000000Z',
    '2026-01-01T00:00:00.000001Z',
    '2020-01-01T00:00:00.000000Z',
    '2026-01-01T00:00:00.000002Z',
  ]);
  expect(assignLabels([null], now, '2026-05-05T05:05:05.999999Z')).toEqual(['2026-05-05T05:05:06.000000Z']);
  expect(assignLabels(['2026-01-01T00:00:00.000999Z', '2026-01-01T00:00:00.001000Z'], now, null)).toEqual([
    '2026-01-01T00:00:00.000999Z',
    '2026-01-01T00:00:00.000000Z',
  ]);
});

test('twenty messages at once keep every block, with labels that nobody shares', async () => {
  const before = (await volumeOf(rooms.onlyStix)) ?? 0;
  const done = await Promise.all(
    Array.from({ length: 20 }, () => submit(somebody, { destinationCollections: ['collection_only_stix'] })),
  );
  const labels = done.flatMap(({ contentBlocks }) => contentBlocks.map(({ timestampLabel }) => timestampLabel));
  expect(new Set(labels).size).toBe(20);
  expect(await volumeOf(rooms.onlyStix)).toBe(before + 20);
});

test.each([
  ['content', 'a\u0000b'],
  ['content', '\u0008'],
  ['content', 'half \ud800'],
  ['content', '\uffff'],
  ['message', '\u0001'],
  ['contentBinding', 'urn:x>a,b'],
  ['timestampLabel', 'yesterday'],
  ['timestampLabel', '0000-01-01T00:00:00Z'],
])('refuses a block with %s %j, and names it', async (field, value) => {
  const block = { content: 'x', contentBinding: stix, [field]: value };
  const refused = await submit(somebody, {
    destinationCollections: ['collection_open'],
    contentBlocks: [{ content: 'good', contentBinding: stix }, block],
  }).catch((error) => error);
  expect(refused).toBeInstanceOf(InputError);
  expect(refused.fields[0].path.slice(0, 3)).toEqual(['contentBlocks', '1', field]);
});

test('content is kept as it came: any text that XML has, untouched', async () => {
  const content = '\t<a>\r\n é e\u0301 𝄞 "\\ &amp; ]]>\u0085</a> ';
  const { contentBlocks } = await submit(somebody, {
    destinationCollections: ['collection_open'],
    contentBlocks: [{ content, contentIsXml: true, contentBinding: stix, message: 'A word.' }],
  });
  const [kept] = await findContentBlocks(
    somebody,
    contentBlocks.map(({ id }) => id),
  );
  expect(kept).toMatchObject({ content, contentIsXml: true, message: 'A word.' });
});

test('an inbox is asked for by its key: an unknown one, one of another kind and a closed one refuse', async () => {
  await expect(submit(somebody, { service: { serviceId: 'none' } })).rejects.toThrow(NotFoundError);
  await expect(submit(somebody, { service: { serviceId: 'poll-A' } })).rejects.toThrow(
    'poll-A is no inbox service, but a poll one.',
  );
  const make = (serviceId: string, parts: object) =>
    createService(threat.all, { serviceId, address: `/services/${serviceId}`, kind: { inbox: {} }, ...parts });
  await make('inbox-closed', { authenticationRequired: true });
  await make('inbox-off', { available: false });
  const nobody = threat.anonymous('threat:admin');
  await expect(submit(nobody, { service: { serviceId: 'inbox-closed' } })).rejects.toThrow(AuthenticationError);
  await expect(submit(somebody, { service: { serviceId: 'inbox-off' } })).rejects.toThrow(
    'The service is not available',
  );
});

test('messages are read by who administers one of their data collections, with the bytes they came in', async () => {
  const raw = Buffer.from('<xml/>');
  const { inboxMessage } = await submit(
    somebody,
    { destinationCollections: ['collection_open'] },
    { raw, resultId: 'r', recordCount: 7, partialCount: true },
  );
  const admin = threat.as(`threat:admin@collection/${rooms.open.taxiiId}`);
  const other = threat.as(`threat:admin@collection/${rooms.onlyStix.taxiiId}`);
  expect(await findInboxMessages(admin, [inboxMessage.id])).toEqual([inboxMessage]);
  expect(await findInboxMessages(other, [inboxMessage.id])).toEqual([null]);
  expect(inboxMessage).toMatchObject({ resultId: 'r', recordCount: 7, partialCount: true, hasRaw: true });
  expect(Buffer.from((await rawMessages(admin, [inboxMessage.id]))[0] ?? []).toString()).toBe('<xml/>');
  const seen = async (ctx: Context) =>
    (await listInboxMessages(ctx, { service: { serviceId: 'inbox-B' } }, wholePage)).items.map(({ node }) => node.id);
  expect(await seen(admin)).toContain(inboxMessage.id);
  expect(await seen(other)).not.toContain(inboxMessage.id);
  await expect(seen(somebody)).rejects.toThrow(ForbiddenError);
  await expect(seen(threat.anonymous())).rejects.toThrow(AuthenticationError);
});

test('the blocks of a data collection are listed by label within a window', async () => {
  const feed = await createDataCollection(threat.all, {
    name: 'listed',
    acceptAllContent: true,
    services: [{ serviceId: 'inbox-B' }],
  });
  const reader = threat.as(...readWrite(feed));
  await push(reader, feed, [at(3), at(1), at(2)]);
  const list = async (parts: object) =>
    (await listContentBlocks(reader, { dataCollection: { name: 'listed' }, ...parts }, wholePage)).items.map(
      ({ node }) => node.timestampLabel,
    );
  expect(await list({})).toEqual([at(1), at(2), at(3)]);
  expect(await list({ beginExclusive: at(1), endInclusive: at(2) })).toEqual([at(2)]);
  expect(await list({ contentBindings: [custom] })).toEqual([]);
  await expect(listContentBlocks(threat.as(), { dataCollection: { name: 'listed' } }, wholePage)).rejects.toThrow(
    NotFoundError,
  );
});
