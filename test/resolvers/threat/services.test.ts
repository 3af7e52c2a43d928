import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ConflictError, ForbiddenError, InputError, NotFoundError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { createDataCollection } from '#resolvers/threat/data-collections/create.ts';
import { replaceDataCollectionServices } from '#resolvers/threat/data-collections/services.ts';
import { createService, type ServiceCreate } from '#resolvers/threat/services/create.ts';
import { deleteService } from '#resolvers/threat/services/delete.ts';
import { findService, findServices, listServices } from '#resolvers/threat/services/find.ts';
import { instancesOf } from '#resolvers/threat/services/instances.ts';
import { type DiscoveryService, serviceGlobalId } from '#resolvers/threat/services/service.ts';
import { replaceService, updateService } from '#resolvers/threat/services/update.ts';
import { wholePage } from '../../support/network.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

const http = 'urn:taxii.mitre.org:protocol:http:1.0';
const https = 'urn:taxii.mitre.org:protocol:https:1.0';

let threat: TestThreat;
let ctx: Context;
beforeAll(async () => {
  threat = await openThreat();
  ctx = threat.all;
});
afterAll(() => threat.gateway.dispose());

/** A service with an id of its own. */
const fresh = (parts: Partial<ServiceCreate> = {}): ServiceCreate => {
  const serviceId = `s-${newId()}`;
  return { serviceId, address: `/services/${serviceId}`, kind: { poll: {} }, ...parts } as ServiceCreate;
};

test('a service of each kind has its defaults where nothing is said', async () => {
  const common = { description: null, protocolBindings: [], available: true, authenticationRequired: false };
  expect(await createService(ctx, fresh({ kind: { discovery: {} } }))).toMatchObject({
    ...common,
    kind: 'DISCOVERY',
    advertisedServices: [],
    baseUrl: null,
  });
  expect(await createService(ctx, fresh({ kind: { inbox: {} } }))).toMatchObject({
    ...common,
    kind: 'INBOX',
    acceptAllContent: false,
    destinationCollectionRequired: false,
    supportedContent: [],
  });
  expect(await createService(ctx, fresh({ kind: { poll: {} } }))).toMatchObject({
    ...common,
    kind: 'POLL',
    subscriptionRequired: false,
    maxResultSize: 1000,
    maxResultCount: 10_000_000,
  });
  expect(await createService(ctx, fresh({ kind: { collectionManagement: {} } }))).toMatchObject({
    ...common,
    kind: 'COLLECTION_MANAGEMENT',
    subscriptionSupported: true,
    subscriptionMessage: null,
  });
});

test('a service is created, changed, replaced and deleted, with an event each that names what changed', async () => {
  await threat.news();
  const input = fresh({
    description: '',
    protocolBindings: [https, http, https],
    baseUrl: 'https://taxii.example.org:8443/',
    kind: { inbox: { supportedContent: ['urn:x>a,b', { binding: 'urn:y' }] } },
  });
  const made = await createService(ctx, input);
  expect(made).toMatchObject({
    description: null,
    protocolBindings: [https, http],
    baseUrl: 'taxii.example.org:8443',
    supportedContent: [
      { binding: 'urn:x', subtypes: ['a', 'b'] },
      { binding: 'urn:y', subtypes: [] },
    ],
  });
  const by = { serviceId: made.serviceId };
  const changed = await updateService(ctx, {
    by,
    description: 'd',
    available: false,
    kind: { inbox: { acceptAllContent: true } },
  });
  expect(changed).toMatchObject({ description: 'd', available: false, acceptAllContent: true, baseUrl: made.baseUrl });
  expect(changed).toMatchObject({ supportedContent: [{ binding: 'urn:x' }, { binding: 'urn:y' }] });
  expect(await updateService(ctx, { by, description: 'd' })).toEqual(changed);
  const replaced = await replaceService(ctx, { by, serviceId: `new-${made.serviceId}`, address: 'http://x.example/' });
  expect(replaced).toMatchObject({
    id: made.id,
    kind: 'INBOX',
    description: null,
    protocolBindings: [],
    available: true,
    baseUrl: null,
    acceptAllContent: false,
    supportedContent: [],
    createdAt: made.createdAt,
  });
  expect(await deleteService(ctx, { by: { id: serviceGlobalId(made) } })).toBe(serviceGlobalId(made));
  expect(await findService(ctx, { id: made.id })).toBeNull();
  const events = await threat.news('threat.taxiiService.*');
  expect(events.map(({ name, data }) => [name, (data as { changed: string[] }).changed])).toEqual([
    ['threat.taxiiService.created', []],
    ['threat.taxiiService.updated', ['description', 'available', 'acceptAllContent']],
    [
      'threat.taxiiService.updated',
      [
        'serviceId',
        'address',
        'description',
        'protocolBindings',
        'available',
        'baseUrl',
        'acceptAllContent',
        'supportedContent',
      ],
    ],
    ['threat.taxiiService.deleted', []],
  ]);
  expect(events[1]).toMatchObject({
    subject: serviceGlobalId(made),
    scope: {},
    retain: 'AUDIT',
    before: { available: true },
    after: { available: false },
    data: { taxiiService: { id: serviceGlobalId(made), kind: 'INBOX', available: false } },
  });
});

test.each<[string, Partial<ServiceCreate> | object, string]>([
  ['no service id', { serviceId: '' }, 'serviceId may not be empty.'],
  ['a long service id', { serviceId: 'x'.repeat(151) }, 'serviceId may not be longer than 150 characters.'],
  ['a path outside the prefixes', { address: '/other/x' }, 'must lie below /services/'],
  ['the prefix itself', { address: '/services/' }, 'must lie below /services/'],
  ['a way up', { address: '/services/../graphql' }, '".."'],
  ['a query', { address: '/services/x?y' }, 'path of a URL'],
  ['half an escape', { address: '/services/%4' }, 'path of a URL'],
  ['a relative path', { address: 'services/x' }, 'absolute URL'],
  ['another scheme', { address: 'ftp://x.example/' }, 'absolute URL'],
  ['a URL with blanks', { address: 'http://x.example/a b' }, 'absolute URL'],
  ['a URL with a password', { address: 'http://a:b@x.example/' }, 'no credentials'],
  ['an unknown binding', { protocolBindings: ['urn:x'] }, 'A protocol binding is'],
  ['a base that is no host', { baseUrl: 'a b' }, 'baseUrl must be a host'],
  ['no kind', { kind: {} }, 'Give exactly one of discovery, inbox, poll, collectionManagement.'],
  ['two kinds', { kind: { poll: {}, inbox: {} } }, 'Give exactly one of'],
  [
    'a property of another kind',
    { kind: { poll: { advertisedServices: [] } } },
    'Poll services have no such property.',
  ],
  ['a part of nothing', { kind: { poll: { maxResultSize: 0 } } }, 'maxResultSize must be a whole number between 1 and'],
  ['too large a part', { kind: { poll: { maxResultSize: 10_001 } } }, 'maxResultSize must be a whole number between'],
  ['a flag that is none', { available: 'yes' }, 'available must be true or false.'],
  ['a binding with blanks', { kind: { inbox: { supportedContent: ['a b'] } } }, 'white space'],
  ['a control character', { description: 'a\u0007' }, 'control characters'],
])('a service with %s is refused, and nothing is kept', async (_, parts, message) => {
  const before = (await listServices(ctx, {}, wholePage)).items.length;
  const refused = createService(ctx, fresh(parts as Partial<ServiceCreate>));
  await expect(refused).rejects.toThrow(InputError);
  await expect(refused).rejects.toThrow(message);
  expect((await listServices(ctx, {}, wholePage)).items).toHaveLength(before);
});

test('service ids and paths are unique, and the refusal says which is taken', async () => {
  const one = await createService(ctx, fresh());
  const again = createService(ctx, fresh({ serviceId: one.serviceId }));
  await expect(again).rejects.toThrow(ConflictError);
  await expect(again).rejects.toMatchObject({ path: ['serviceId'] });
  await expect(createService(ctx, fresh({ address: one.address }))).rejects.toMatchObject({ path: ['address'] });
  const other = await createService(ctx, fresh());
  const by = { serviceId: other.serviceId };
  await expect(updateService(ctx, { by, address: one.address })).rejects.toMatchObject({
    code: 'CONFLICT',
    path: ['address'],
  });
  await expect(updateService(ctx, { by, serviceId: one.serviceId })).rejects.toMatchObject({ path: ['serviceId'] });
  expect(await findService(ctx, by)).toEqual(other);
});

test('the kind of a service never changes', async () => {
  const one = await createService(ctx, fresh({ kind: { poll: {} } }));
  const by = { serviceId: one.serviceId };
  await expect(updateService(ctx, { by, kind: { inbox: {} } })).rejects.toThrow(InputError);
  const { serviceId, address } = one;
  await expect(replaceService(ctx, { by, serviceId, address, kind: { inbox: {} } })).rejects.toThrow('another kind');
  expect(await updateService(ctx, { by, kind: { poll: { maxResultSize: 7 } } })).toMatchObject({ maxResultSize: 7 });
});

test('only administrators of the whole domain change services', async () => {
  const one = await createService(ctx, fresh());
  const by = { serviceId: one.serviceId };
  for (const viewer of [threat.as('threat:read', 'threat:write'), threat.as(`threat:admin@apiRoot/${newId()}`)]) {
    await expect(createService(viewer, fresh())).rejects.toThrow(ForbiddenError);
    await expect(updateService(viewer, { by })).rejects.toThrow(ForbiddenError);
    await expect(deleteService(viewer, { by })).rejects.toThrow(ForbiddenError);
  }
  await expect(deleteService(threat.anonymous('threat:read'), { by })).rejects.toThrow(AuthenticationError);
  const admin = threat.as('threat:admin');
  await expect(deleteService(admin, { by: { serviceId: 'none' } })).rejects.toThrow(NotFoundError);
  await expect(deleteService(admin, { by })).resolves.toBe(serviceGlobalId(one));
});

test('accounts see every service, others those that want no credential', async () => {
  const closed = await createService(ctx, fresh({ authenticationRequired: true }));
  const open = await createService(ctx, fresh());
  const ids = [closed.id, open.id, newId()];
  expect(await findServices(threat.as(), ids)).toEqual([closed, open, null]);
  expect(await findServices(threat.anonymous(), ids)).toEqual([null, open, null]);
  expect(await findService(threat.anonymous(), { serviceId: closed.serviceId })).toBeNull();
  const listed = async (viewer: Context) =>
    (await listServices(viewer, { kind: 'POLL' }, wholePage)).items.map(({ node }) => node.id);
  expect(await listed(threat.as())).toEqual(expect.arrayContaining([closed.id, open.id]));
  expect(await listed(threat.anonymous())).not.toContain(closed.id);
});

test('a list of services is narrowed by kind and by a data collection that the viewer reads', async () => {
  const [poll, inbox] = [await createService(ctx, fresh()), await createService(ctx, fresh({ kind: { inbox: {} } }))];
  const collection = await createDataCollection(ctx, { name: newId() });
  await replaceDataCollectionServices(ctx, {
    by: { taxiiId: collection.taxiiId },
    services: [{ serviceId: poll.serviceId }, { id: serviceGlobalId(inbox) }],
  });
  const list = async (viewer: Context, kind?: 'INBOX') => {
    const input = { dataCollection: { name: collection.name }, ...(kind && { kind }) };
    return (await listServices(viewer, input, wholePage)).items.map(({ node }) => node.id).sort();
  };
  const reader = threat.as(`threat:read@collection/${collection.taxiiId}`);
  expect(await list(reader)).toEqual([poll.id, inbox.id].sort());
  expect(await list(reader, 'INBOX')).toEqual([inbox.id]);
  expect(await list(threat.as())).toEqual([]);
});

test('a discovery tells of each service by each of its bindings, in its own order, and passes over unknown ones', async () => {
  const [one, two, silent] = [
    await createService(ctx, fresh({ protocolBindings: [http, https], baseUrl: 'b.example/x/' })),
    await createService(ctx, fresh({ protocolBindings: [https], authenticationRequired: true })),
    await createService(ctx, fresh()),
  ];
  const elsewhere = await createService(
    ctx,
    fresh({ address: 'https://elsewhere.example/poll', protocolBindings: [http] }),
  );
  const advertisedServices = [elsewhere, two, one, silent].map(({ serviceId }) => serviceId);
  const discovery = await createService(
    ctx,
    fresh({ kind: { discovery: { advertisedServices: ['none', ...advertisedServices] } } }),
  );
  const told = async (publicUrl?: string) =>
    (await instancesOf(threat.anonymous(), discovery as DiscoveryService, publicUrl)).map(
      (instance) => instance.address,
    );
  expect(await told('https://gateway.example:4000/')).toEqual([
    'https://elsewhere.example/poll',
    `https://gateway.example:4000${two.address}`,
    `http://b.example/x${one.address}`,
    `https://b.example/x${one.address}`,
  ]);
  expect((await told())[1]).toBe(two.address);
});

test('of racing callers one gets the path', async () => {
  const address = `/services/${newId()}`;
  const answers = await Promise.allSettled(Array.from({ length: 10 }, () => createService(ctx, fresh({ address }))));
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const answer of answers)
    if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'CONFLICT', path: ['address'] });
});
