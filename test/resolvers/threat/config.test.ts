import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ConflictError, ForbiddenError, InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { apiRootStore } from '#resolvers/threat/api-roots/api-root.ts';
import { createApiRoot } from '#resolvers/threat/api-roots/create.ts';
import { collectionStore } from '#resolvers/threat/collections/collection.ts';
import { createCollection } from '#resolvers/threat/collections/create.ts';
import { applyThreatConfig } from '#resolvers/threat/config/apply.ts';
import type { ConfigItem, ConfigOutcome } from '#resolvers/threat/config/outcome.ts';
import { createDataCollection } from '#resolvers/threat/data-collections/create.ts';
import { findDataCollection, listDataCollections } from '#resolvers/threat/data-collections/find.ts';
import { createService } from '#resolvers/threat/services/create.ts';
import { findService, findServicesOf, listServices } from '#resolvers/threat/services/find.ts';
import { wholePage } from '../../support/network.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
let ctx: Context;
beforeEach(async () => {
  threat = await openThreat('memory');
  ctx = threat.all;
});
afterEach(() => threat.gateway.dispose());

const apply = (document: unknown, options: { forceDelete?: boolean; dryRun?: boolean } = {}) =>
  applyThreatConfig(ctx, { document, ...options });

const keys = (items: readonly ConfigItem[]) => items.map(({ type, key }) => `${type} ${key}`);
const shown = ({ unchanged, ...lists }: ConfigOutcome) => ({
  ...Object.fromEntries(
    Object.entries(lists as Record<string, readonly ConfigItem[]>)
      .filter(([, list]) => list.length > 0)
      .map(([name, list]) => [name, keys(list)]),
  ),
  unchanged,
});
const serviceIds = async () => (await listServices(ctx, {}, wholePage)).items.map(({ node }) => node.serviceId);
const names = async () => (await listDataCollections(ctx, {}, wholePage)).items.map(({ node }) => node.name);
const served = async (name: string) => {
  const collection = await findDataCollection(ctx, { name });
  return collection && (await findServicesOf(threat.gateway.context(), collection)).map((service) => service.serviceId);
};

const openTaxii = parse(readFileSync('test/fixtures/opentaxii-data-configuration.yml', 'utf8'));

test('a document of OpenTAXII is taken as it is, and again changes nothing', async () => {
  expect(shown(await apply(openTaxii))).toEqual({
    created: [
      'InboxService inbox_open',
      'InboxService inbox_stix',
      'DiscoveryService discovery_main',
      'CollectionManagementService management_main',
      'PollService poll_main',
      'DataCollection everything',
      'DataCollection stix-only',
      'DataCollection closed',
    ],
    unchanged: 0,
  });
  expect(await findService(ctx, { serviceId: 'inbox_open' })).toMatchObject({
    acceptAllContent: true,
    destinationCollectionRequired: false,
    authenticationRequired: false,
    description: 'Takes everything',
  });
  expect(await findService(ctx, { serviceId: 'inbox_stix' })).toMatchObject({
    authenticationRequired: true,
    supportedContent: [
      { binding: 'urn:stix.mitre.org:xml:1.1.1', subtypes: [] },
      { binding: 'urn:custom.example.com:json:0.0.1', subtypes: ['alpha', 'beta'] },
    ],
  });
  expect(await findService(ctx, { serviceId: 'poll_main' })).toMatchObject({
    maxResultSize: 10,
    maxResultCount: 10_000_000,
  });
  expect(await served('everything')).toEqual(['inbox_open', 'poll_main']);
  expect(await findDataCollection(ctx, { name: 'everything' })).toMatchObject({ type: 'DATA_SET', available: true });
  expect(await findDataCollection(ctx, { name: 'closed' })).toMatchObject({ type: 'DATA_FEED', available: false });
  await threat.news();
  expect(shown(await apply(openTaxii))).toEqual({ unchanged: 8 });
  expect(await threat.news()).toEqual([]);
});

test('given keys overwrite, omitted keys stay, and the services of a data collection are replaced', async () => {
  await apply(openTaxii);
  await threat.news();
  const outcome = await apply({
    services: [
      { serviceId: 'inbox_open', available: false },
      ...openTaxii.services.slice(1).map(({ id }: { id: string }) => ({ service_id: id })),
    ],
    dataCollections: [
      { name: 'everything', description: 'all of it', services: ['poll_main'] },
      { name: 'stix-only', services: ['inbox_stix'] },
      { name: 'closed', services: [] },
    ],
  });
  expect(shown(outcome)).toEqual({ updated: ['InboxService inbox_open', 'DataCollection everything'], unchanged: 6 });
  expect(await findService(ctx, { serviceId: 'inbox_open' })).toMatchObject({
    available: false,
    description: 'Takes everything',
    acceptAllContent: true,
  });
  expect(await findDataCollection(ctx, { name: 'everything' })).toMatchObject({
    description: 'all of it',
    type: 'DATA_SET',
    acceptAllContent: true,
  });
  expect(await served('everything')).toEqual(['poll_main']);
  expect((await threat.news()).map(({ name }) => name)).toEqual([
    'threat.taxiiService.updated',
    'threat.dataCollection.updated',
    'threat.dataCollection.servicesReplaced',
  ]);
});

test('services that are missing are deleted, data collections disabled, or deleted by force', async () => {
  await apply(openTaxii);
  const less = {
    services: openTaxii.services.slice(1),
    collections: [{ name: 'stix-only', service_ids: ['inbox_stix'] }],
  };
  expect(shown(await apply(less))).toEqual({
    deleted: ['InboxService inbox_open'],
    disabled: ['DataCollection everything'],
    unchanged: 6,
  });
  expect(await served('everything')).toEqual(['poll_main']);
  expect(await findDataCollection(ctx, { name: 'everything' })).toMatchObject({ available: false });
  expect(shown(await apply(less))).toEqual({ unchanged: 7 });
  expect(shown(await apply(less, { forceDelete: true }))).toEqual({
    deleted: ['DataCollection closed', 'DataCollection everything'],
    unchanged: 5,
  });
  expect(await names()).toEqual(['stix-only']);
});

test('a section that is absent is not touched, and an empty one empties', async () => {
  await apply(openTaxii);
  expect(shown(await apply({ collections: [] }))).toEqual({
    disabled: ['DataCollection everything', 'DataCollection stix-only'],
    unchanged: 1,
  });
  expect(await serviceIds()).toHaveLength(5);
  expect(shown(await apply({}))).toEqual({ unchanged: 0 });
  expect(shown(await apply({ services: [] }))).toMatchObject({ deleted: { length: 5 } });
  expect(await serviceIds()).toEqual([]);
});

test('of two services with one id there is one, the last; so with everything else', async () => {
  const service = (description: string) => ({ id: 's', type: 'poll', address: '/services/s', description });
  const outcome = await apply({
    services: [service('first'), service('last')],
    dataCollections: [
      { name: 'c', description: 'first', services: [] },
      { name: 'c', description: 'last', services: ['s'] },
    ],
    apiRoots: [
      { slug: 'r', title: 'first' },
      { slug: 'r', title: 'last' },
    ],
    taxiiCollections: [
      { apiRoot: 'r', alias: 'a', title: 'first' },
      { apiRoot: 'r', alias: 'a', title: 'last' },
    ],
  });
  expect(shown(outcome)).toEqual({
    created: ['PollService s', 'DataCollection c', 'TaxiiApiRoot r', 'TaxiiCollection r/a'],
    unchanged: 0,
  });
  expect(await findService(ctx, { serviceId: 's' })).toMatchObject({ description: 'last' });
  expect(await findDataCollection(ctx, { name: 'c' })).toMatchObject({ description: 'last' });
  expect(await served('c')).toEqual(['s']);
});

test('API roots and collections that are missing are left and listed as extra, or deleted by force', async () => {
  const [kept, extra] = [
    await createApiRoot(ctx, { slug: 'kept', title: 'Kept', isDefault: true }),
    await createApiRoot(ctx, { title: 'Extra' }),
  ];
  const inKept = await createCollection(ctx, { apiRoot: { slug: 'kept' }, title: 'Old', alias: 'old' });
  await createCollection(ctx, { apiRoot: { taxiiId: extra.id }, title: 'In extra' });
  const document = {
    api_roots: [
      { slug: 'kept', title: 'Kept', is_public: 'yes' },
      { slug: 'new', title: 'New', isDefault: true },
    ],
    taxii_collections: [
      { apiRoot: 'new', alias: 'fresh', title: 'Fresh' },
      { id: inKept.id, title: 'Renamed' },
    ],
  };
  const outcome = await apply(document);
  expect(outcome.extra.map(({ type }) => type)).toEqual(['TaxiiApiRoot', 'TaxiiCollection']);
  expect(shown({ ...outcome, extra: [] })).toEqual({
    created: ['TaxiiApiRoot new', 'TaxiiCollection new/fresh'],
    updated: ['TaxiiApiRoot kept', 'TaxiiCollection kept/old'],
    unchanged: 0,
  });
  const roots = await ctx.use(apiRootStore).all();
  expect(roots.map(({ slug, isDefault, isPublic }) => [slug, isDefault, isPublic])).toEqual([
    [null, false, false],
    ['kept', false, true],
    ['new', true, false],
  ]);
  expect(await ctx.use(collectionStore).getMany([inKept.id])).toMatchObject([{ title: 'Renamed', alias: 'old' }]);
  expect(kept.id).toBe(roots[1]?.id);
  const forced = await apply(document, { forceDelete: true });
  expect(forced.deleted.map(({ type }) => type)).toEqual(['TaxiiApiRoot']);
  expect((await ctx.use(apiRootStore).all()).map(({ slug }) => slug)).toEqual(['kept', 'new']);
});

test('a dry run tells what would happen, refusals included, and does nothing', async () => {
  await apply(openTaxii);
  await threat.news();
  const less = { services: openTaxii.services.slice(1), collections: [], apiRoots: [{ slug: 'r', title: 'R' }] };
  const foreseen = await apply(less, { dryRun: true, forceDelete: true });
  expect(shown(foreseen)).toEqual({
    deleted: [
      'InboxService inbox_open',
      'DataCollection closed',
      'DataCollection everything',
      'DataCollection stix-only',
    ],
    created: ['TaxiiApiRoot r'],
    unchanged: 4,
  });
  expect([await serviceIds(), await names(), await threat.news()]).toEqual([
    ['discovery_main', 'inbox_open', 'inbox_stix', 'management_main', 'poll_main'],
    ['closed', 'everything', 'stix-only'],
    [],
  ]);
  expect(await ctx.use(apiRootStore).all()).toEqual([]);
  await expect(apply({ apiRoots: [{ slug: 'a', title: 'A', taxiiId: 'x' }] }, { dryRun: true })).rejects.toThrow(
    InputError,
  );
  expect(shown(await apply(less, { forceDelete: true }))).toEqual(shown(foreseen));
});

test.each<[string, unknown, readonly string[], string]>([
  ['no object', [], ['document'], 'must be an object'],
  ['accounts', { accounts: [] }, ['document', 'accounts'], 'gatehouse account create'],
  ['an unknown section', { users: [] }, ['document', 'users'], 'There is no section users.'],
  ['a section that is no list', { services: null }, ['document', 'services'], 'must be a list'],
  ['a section twice', { collections: [], data_collections: [] }, ['document', 'data_collections'], 'given twice'],
  ['an entry that is no object', { services: ['x'] }, ['document', 'services', '0'], 'must be an object'],
  ['a service without id', { services: [{}] }, ['document', 'services', '0', 'serviceId'], 'Give serviceId'],
  [
    'a service of an unknown type',
    { services: [{ id: 's', type: 'x', address: '/services/s' }] },
    ['document', 'services', '0', 'type'],
    'type must be one of discovery, inbox, poll, collection_management.',
  ],
  [
    'a service with an unknown property',
    { services: [{ id: 's', type: 'poll', address: '/services/s', advertised_services: [] }] },
    ['document', 'services', '0'],
    'A service of type poll has no advertisedServices.',
  ],
  [
    'a service outside the prefixes',
    { services: [{ id: 's', type: 'poll', address: '/other' }] },
    ['document', 'services', '0', 'address'],
    'must lie below /services/',
  ],
  [
    'a data collection without services',
    { dataCollections: [{ name: 'c' }] },
    ['document', 'dataCollections', '0', 'services'],
    'Give services: [] for none.',
  ],
  [
    'a data collection with an unknown service',
    { collections: [{ name: 'c', service_ids: ['x'] }] },
    ['document', 'collections', '0', 'services', '0'],
    'There is no service x.',
  ],
  ['a root without a key', { apiRoots: [{ title: 'x' }] }, ['document', 'apiRoots', '0', 'slug'], 'Give slug'],
  [
    'a collection in an unknown root',
    { taxiiCollections: [{ alias: 'a', title: 'x', apiRoot: 'none' }] },
    ['document', 'taxiiCollections', '0', 'apiRoot'],
    'There is no API root none.',
  ],
  [
    'a collection with an unknown property',
    { apiRoots: [{ slug: 'r', title: 'R' }], taxiiCollections: [{ alias: 'a', title: 'x', apiRoot: 'r', foo: 1 }] },
    ['document', 'taxiiCollections', '0'],
    'A collection has no foo.',
  ],
])('a document with %s is refused, and says where', async (_, document, path, message) => {
  const refused = apply(document);
  await expect(refused).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    fields: expect.arrayContaining([{ path, message: expect.stringContaining(message) }]),
  });
  expect([await serviceIds(), await names(), await threat.news()]).toEqual([[], [], []]);
});

test('every faulty entry is named at once, and what was good is not kept', async () => {
  const service = { id: 'good', type: 'poll', address: '/services/good' };
  const refused = apply({
    services: [service, { ...service, id: 'a', address: '/x' }, { ...service, id: 'b', available: 'maybe' }],
  });
  await expect(refused).rejects.toMatchObject({
    fields: [{ path: ['document', 'services', '1', 'address'] }, { path: ['document', 'services', '2', 'available'] }],
  });
  expect(await serviceIds()).toEqual([]);
});

test('a service of another type under a known id is refused', async () => {
  await createService(ctx, { serviceId: 's', address: '/services/s', kind: { poll: {} } });
  await expect(apply({ services: [{ id: 's', type: 'inbox', address: '/services/s' }] })).rejects.toThrow(
    's is a service of type poll, which never changes',
  );
});

test('services may swap their paths, and take that of one that goes', async () => {
  await apply({
    services: ['a', 'b', 'c'].map((id) => ({ id, type: 'poll', address: `/services/${id}` })),
  });
  const document = {
    services: [
      { id: 'a', address: '/services/b' },
      { id: 'b', address: '/services/a' },
      { id: 'd', type: 'inbox', address: '/services/c' },
    ],
  };
  expect(shown(await apply(document))).toEqual({
    created: ['InboxService d'],
    updated: ['PollService a', 'PollService b'],
    deleted: ['PollService c'],
    unchanged: 0,
  });
  expect(await findService(ctx, { serviceId: 'a' })).toMatchObject({ address: '/services/b' });
  const taken = { services: [...document.services, { id: 'e', type: 'poll', address: '/services/c' }] };
  await expect(apply(taken)).rejects.toThrow(ConflictError);
  expect(await serviceIds()).toEqual(['a', 'b', 'd']);
});

test('only who administers the whole domain applies a document', async () => {
  const collection = await createDataCollection(ctx, { name: 'c' });
  const input = { document: {} };
  await expect(
    applyThreatConfig(threat.as('threat:write', `threat:admin@collection/${collection.taxiiId}`), input),
  ).rejects.toThrow(ForbiddenError);
  await expect(applyThreatConfig(threat.anonymous(), input)).rejects.toThrow(AuthenticationError);
  await expect(applyThreatConfig(threat.as('threat:admin'), input)).resolves.toMatchObject({ unchanged: 0 });
});

test('a collection is never given the id of a data collection, nor the reverse', async () => {
  const { taxiiId } = await createDataCollection(threat.all, { name: 'a-feed-of-ids' });
  const root = await createApiRoot(threat.all, { title: 'R', slug: 'of-ids' });
  const inRoot = { apiRoot: { id: root.id }, title: 'C' };
  const conflict = new ConflictError(`A data collection ${taxiiId} exists already.`, ['taxiiId']);
  await expect(createCollection(threat.all, { ...inRoot, taxiiId })).rejects.toThrow(conflict);
  const document = { taxiiCollections: [{ taxiiId, apiRoot: 'of-ids', title: 'C' }] };
  await expect(applyThreatConfig(threat.all, { document })).rejects.toThrow(taxiiId);
  expect(await threat.all.use(collectionStore).getMany([taxiiId])).toEqual([null]);
  const { id } = await createCollection(threat.all, inRoot);
  await expect(createDataCollection(threat.all, { name: 'another', taxiiId: id })).rejects.toThrow(
    new ConflictError(`A collection ${id} exists already.`, ['taxiiId']),
  );
  const both = { dataCollections: [{ name: 'another', taxiiId: id, services: [] }] };
  await expect(applyThreatConfig(threat.all, { document: both })).rejects.toThrow(id);
});

test('racing documents that want the same all succeed, and each thing is made once', async () => {
  const raced = await openThreat();
  const outcomes = await Promise.all(
    [1, 2, 3].map(() =>
      applyThreatConfig(raced.all, { document: { ...openTaxii, apiRoots: [{ slug: 'r', title: 'R' }] } }),
    ),
  );
  const created = outcomes.flatMap((outcome) => keys(outcome.created));
  expect(created).toHaveLength(9);
  expect(new Set(created).size).toBe(9);
  expect(outcomes.map(({ unchanged }) => unchanged).sort()).toEqual([0, 9, 9]);
  await raced.gateway.dispose();
});

test('a large document takes as many statements as a small one', async () => {
  const counted = await openThreat();
  const documentOf = (count: number, prefix = newId()) => ({
    services: [],
    dataCollections: Array.from({ length: count }, (_, index) => ({ name: `${prefix}-${index}`, services: [] })),
    apiRoots: Array.from({ length: count }, (_, index) => ({ slug: `${prefix}-${index}`, title: `R ${index}` })),
  });
  const cost = (document: unknown) => counted.statements(() => applyThreatConfig(counted.all, { document }));
  await cost(documentOf(2));
  const small = await cost(documentOf(2));
  expect(await cost(documentOf(40))).toBe(small);
  await counted.gateway.dispose();
});
