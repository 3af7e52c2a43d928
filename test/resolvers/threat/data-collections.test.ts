import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ConflictError, ForbiddenError, InputError, NotFoundError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { createDataCollection, type DataCollectionCreate } from '#resolvers/threat/data-collections/create.ts';
import { type DataCollection, dataCollectionGlobalId } from '#resolvers/threat/data-collections/data-collection.ts';
import { deleteDataCollection } from '#resolvers/threat/data-collections/delete.ts';
import {
  findDataCollection,
  findDataCollections,
  listDataCollections,
  listDataCollectionsOf,
} from '#resolvers/threat/data-collections/find.ts';
import { replaceDataCollectionServices } from '#resolvers/threat/data-collections/services.ts';
import { replaceDataCollection, updateDataCollection } from '#resolvers/threat/data-collections/update.ts';
import { createService } from '#resolvers/threat/services/create.ts';
import { deleteService } from '#resolvers/threat/services/delete.ts';
import { findServicesOf } from '#resolvers/threat/services/find.ts';
import type { TaxiiService } from '#resolvers/threat/services/service.ts';
import { wholePage } from '../../support/network.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
let ctx: Context;
beforeAll(async () => {
  threat = await openThreat();
  ctx = threat.all;
});
afterAll(() => threat.gateway.dispose());

const fresh = (parts: Partial<DataCollectionCreate> = {}): Promise<DataCollection> =>
  createDataCollection(ctx, { name: newId(), ...parts });

function freshService(): Promise<TaxiiService> {
  const serviceId = newId();
  return createService(ctx, { serviceId, address: `/services/${serviceId}`, kind: { inbox: {} } });
}

test('a data collection is created, changed, replaced and deleted, with an event each that names what changed', async () => {
  const service = await freshService();
  await threat.news();
  const taxiiId = '11111111-2222-4333-8444-555555555555';
  const made = await createDataCollection(ctx, {
    taxiiId: taxiiId.toUpperCase(),
    name: 'feed',
    supportedContent: ['urn:x>a', { binding: 'urn:y', subtypes: null }],
    services: [{ serviceId: service.serviceId }],
  });
  expect(made).toMatchObject({
    taxiiId,
    name: 'feed',
    type: 'DATA_FEED',
    description: null,
    acceptAllContent: false,
    available: true,
    volume: 0,
    supportedContent: [
      { binding: 'urn:x', subtypes: ['a'] },
      { binding: 'urn:y', subtypes: [] },
    ],
  });
  const changed = await updateDataCollection(ctx, { by: { taxiiId }, name: 'set', type: 'DATA_SET', description: 'd' });
  expect(changed).toMatchObject({ name: 'set', type: 'DATA_SET', description: 'd', available: true });
  expect(changed.supportedContent).toEqual(made.supportedContent);
  expect(await updateDataCollection(ctx, { by: { name: 'set' }, description: 'd' })).toEqual(changed);
  const replaced = await replaceDataCollection(ctx, { by: { name: 'set' }, name: 'set', available: false });
  expect(replaced).toMatchObject({ type: 'DATA_FEED', description: null, available: false, supportedContent: [] });
  const id = dataCollectionGlobalId(made.id);
  expect(await deleteDataCollection(ctx, { by: { id } })).toBe(made.id);
  expect(await findDataCollection(ctx, { taxiiId })).toBeNull();
  const events = await threat.news('threat.dataCollection.*');
  expect(events.map(({ name, data }) => [name, (data as { changed: string[] }).changed])).toEqual([
    ['threat.dataCollection.created', []],
    ['threat.dataCollection.updated', ['name', 'type', 'description']],
    ['threat.dataCollection.updated', ['type', 'description', 'supportedContent', 'available']],
    ['threat.dataCollection.deleted', []],
  ]);
  expect(events[0]).toMatchObject({
    subject: id,
    scope: { collection: taxiiId },
    retain: 'AUDIT',
    data: {
      dataCollection: { id, taxiiId, supportedContent: ['urn:x>a', 'urn:y'], services: [service.serviceId], volume: 0 },
    },
  });
});

test.each<[string, object, string]>([
  ['no name', { name: '' }, 'name may not be empty.'],
  ['a long name', { name: 'x'.repeat(301) }, 'name may not be longer than 300 characters.'],
  ['a blank in its name', { name: 'a b' }, 'only what a URI may'],
  ['a letter beyond ASCII in its name', { name: 'é' }, 'only what a URI may'],
  ['half an escape in its name', { name: '%4' }, 'only what a URI may'],
  ['a TAXII id that is no UUID', { taxiiId: 'x' }, 'taxiiId must be a UUID.'],
  ['an unknown type', { type: 'FEED' }, 'type must be DATA_FEED or DATA_SET.'],
  ['a binding without a name', { supportedContent: [''] }, 'A binding'],
  ['a flag that is none', { available: 1 }, 'available must be true or false.'],
  ['unknown services', { services: [{ serviceId: 'none-1' }, { serviceId: 'none-2' }] }, "serviceId='none-2'"],
])('a data collection with %s is refused', async (_, parts, message) => {
  const refused = fresh(parts as Partial<DataCollectionCreate>);
  await expect(refused).rejects.toThrow(InputError);
  await expect(refused).rejects.toThrow(message);
});

test('names and TAXII ids are unique', async () => {
  const one = await fresh();
  await expect(fresh({ name: one.name })).rejects.toThrow(ConflictError);
  await expect(fresh({ taxiiId: one.taxiiId })).rejects.toMatchObject({ code: 'CONFLICT', path: ['taxiiId'] });
  const other = await fresh();
  await expect(updateDataCollection(ctx, { by: { name: other.name }, name: one.name })).rejects.toMatchObject({
    code: 'CONFLICT',
    path: ['name'],
  });
  expect(await findDataCollection(ctx, { name: other.name })).toEqual(other);
});

test('a data collection is visible to those who may read it, and to nobody else', async () => {
  const [one, other] = [await fresh(), await fresh()];
  const read = `threat:read@collection/${one.taxiiId}`;
  for (const viewer of [threat.as(read), threat.anonymous(read), threat.as(`threat:admin@collection/${one.taxiiId}`)]) {
    expect(await findDataCollections(viewer, [one.id, other.id])).toEqual([one, null]);
    expect(await findDataCollection(viewer, { name: other.name })).toBeNull();
    const page = await listDataCollections(viewer, {}, wholePage);
    expect([page.items.map(({ node }) => node.id), await page.count()]).toEqual([[one.id], 1]);
  }
  const writer = threat.as(`threat:write@collection/${one.taxiiId}`);
  expect(await findDataCollection(writer, { name: one.name })).toBeNull();
  expect((await listDataCollections(writer, {}, wholePage)).items).toEqual([]);
});

test('who administers a data collection changes it, and others are told as little as they may know', async () => {
  const one = await fresh();
  const by = { name: one.name };
  const scope = `@collection/${one.taxiiId}`;
  await expect(
    updateDataCollection(threat.as(`threat:admin${scope}`), { by, description: 'x' }),
  ).resolves.toMatchObject({
    description: 'x',
  });
  await expect(updateDataCollection(threat.as(`threat:read${scope}`), { by })).rejects.toThrow(ForbiddenError);
  await expect(updateDataCollection(threat.as(), { by })).rejects.toThrow(ForbiddenError);
  const elsewhere = `threat:admin@collection/${newId()}`;
  await expect(updateDataCollection(threat.as(elsewhere), { by })).rejects.toThrow(NotFoundError);
  await expect(deleteDataCollection(threat.as(elsewhere, `threat:read${scope}`), { by })).rejects.toThrow(
    ForbiddenError,
  );
  await expect(deleteDataCollection(threat.anonymous(`threat:read${scope}`), { by })).rejects.toThrow(
    AuthenticationError,
  );
  await expect(createDataCollection(threat.as(`threat:admin${scope}`), { name: newId() })).rejects.toThrow(
    ForbiddenError,
  );
});

test('the services of a data collection are replaced as a set, and unknown ones are named', async () => {
  const [one, a, b] = [await fresh(), await freshService(), await freshService()];
  await threat.news();
  const by = { name: one.name };
  const replace = (...services: { serviceId: string }[]) =>
    replaceDataCollectionServices(ctx, { by, services: services.map(({ serviceId }) => ({ serviceId })) });
  const attached = async () => (await findServicesOf(threat.gateway.context(), one)).map(({ id }) => id);
  await replace(b, a, a);
  expect(await attached()).toEqual([a.id, b.id]);
  await replace(a, b);
  await replace(b);
  expect(await attached()).toEqual([b.id]);
  const refused = replace(b, { serviceId: 'none-1' }, { serviceId: 'none-2' });
  await expect(refused).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    fields: [
      { path: ['services', '1'], message: "Service not found: serviceId='none-1'." },
      { path: ['services', '2'], message: "Service not found: serviceId='none-2'." },
    ],
  });
  expect(await attached()).toEqual([b.id]);
  await deleteService(ctx, { by: { serviceId: b.serviceId } });
  expect(await attached()).toEqual([]);
  const events = await threat.news('threat.dataCollection.servicesReplaced');
  expect(
    events.map(({ before, after }) => [before, after].map((side) => (side as { services: string[] }).services)),
  ).toEqual([
    [[], [a.serviceId, b.serviceId]],
    [[a.serviceId, b.serviceId], [b.serviceId]],
  ]);
});

test('the data collections of a service are those that it serves and that the viewer reads', async () => {
  const [one, other, service] = [await fresh(), await fresh(), await freshService()];
  for (const collection of [one, other])
    await replaceDataCollectionServices(ctx, {
      by: { name: collection.name },
      services: [{ serviceId: service.serviceId }],
    });
  const reader = threat.as(`threat:read@collection/${one.taxiiId}`);
  const ids = async (viewer: Context) =>
    (await listDataCollections(viewer, { service: { serviceId: service.serviceId } }, wholePage)).items.map(
      ({ node }) => node.id,
    );
  expect((await ids(ctx)).sort()).toEqual([one.id, other.id].sort());
  expect(await ids(reader)).toEqual([one.id]);
  expect(await ids(threat.as())).toEqual([]);
});

test('the services and the collections of many are found in a constant number of statements', async () => {
  const service = await freshService();
  const collections: DataCollection[] = [];
  for (let count = 0; count < 5; count += 1)
    collections.push(await fresh({ services: [{ serviceId: service.serviceId }] }));
  const cost = async (some: readonly DataCollection[]) => {
    const viewer = threat.gateway.context();
    return threat.statements(() => Promise.all(some.map((collection) => findServicesOf(viewer, collection))));
  };
  expect(await cost(collections)).toBe(await cost(collections.slice(0, 1)));
  const services = await Promise.all([1, 2, 3].map(freshService));
  const viewer = threat.gateway.context();
  const statements = await threat.statements(() =>
    Promise.all(services.map(({ id }) => listDataCollectionsOf(viewer, id, wholePage))),
  );
  expect(statements).toBe(1);
});

test('racing replacements leave the services of one of them', async () => {
  const one = await fresh();
  const services = await Promise.all([1, 2, 3, 4].map(freshService));
  await Promise.all(
    services.map(({ serviceId }) =>
      replaceDataCollectionServices(ctx, { by: { name: one.name }, services: [{ serviceId }] }),
    ),
  );
  expect(await findServicesOf(threat.gateway.context(), one)).toHaveLength(1);
});
