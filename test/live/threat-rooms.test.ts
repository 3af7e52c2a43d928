import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { threat } from '#plugins/threat.ts';
import { createApiKey } from '#resolvers/platform/api-keys/api-keys.ts';
import { pageEvents } from '#resolvers/platform/events/queries.ts';
import type { TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import { createApiRoot } from '#resolvers/threat/api-roots/create.ts';
import { createCollection } from '#resolvers/threat/collections/create.ts';
import { updateCollection } from '#resolvers/threat/collections/update.ts';
import { addObjects } from '#resolvers/threat/objects/add.ts';
import { socketClient, subscribeOver } from '../support/clients.ts';
import { type Identity, openIdentity } from '../support/identity.ts';

let id: Identity;
let url: string;
let root: TaxiiApiRoot;
beforeAll(async () => {
  id = await openIdentity({ http: { port: 0 } }, [storageMemory, threat]);
  url = await id.gateway.listen();
  root = await createApiRoot(id.system, { title: 'root', slug: 'root' });
});
afterAll(() => id.gateway.dispose());

const page = { limit: 100, direction: 'forward', after: null, before: null, offset: 0 } as const;
const stream = `subscription ($hello: Boolean) { stixObjectAdded(hello: $hello) {
  __typename ... on StixObjectAdded { stixId } } }`;

const add = async (collection: string, stixId: string) =>
  addObjects(id.system, {
    collection: { taxiiId: collection },
    objects: [{ type: 'x-test', id: stixId, spec_version: '2.1' }],
  });
const object = () => `x-test--${crypto.randomUUID()}`;

test('what is in a public collection is streamed to everybody, and to nobody else from the moment it is not', async () => {
  const apiRoot = { slug: 'root' };
  const open = await createCollection(id.system, { apiRoot, title: 'open', isPublic: true });
  const closed = await createCollection(id.system, { apiRoot, title: 'closed' });
  const person = await id.person();
  const { key: narrow } = await createApiKey(id.system, {
    account: { id: person.account.id },
    name: 'narrow',
    permissions: [],
  });
  const clients = [socketClient(url, person.key), socketClient(url, narrow), socketClient(url)];
  const streams = clients.map((client) => subscribeOver(client, stream, { hello: true }));
  await Promise.all(streams.map((one) => one.reach(1)));
  const [first, hidden, second, third] = [object(), object(), object(), object()];
  await add(closed.id, hidden);
  await add(open.id, first);
  await Promise.all(streams.map((one) => one.reach(2)));
  await updateCollection(id.system, { by: { id: closed.id }, isPublic: true });
  await updateCollection(id.system, { by: { id: open.id }, isPublic: false });
  await add(open.id, object());
  await add(closed.id, second);
  await Promise.all(streams.map((one) => one.reach(3)));
  await updateCollection(id.system, { by: { id: open.id }, isPublic: true });
  await add(open.id, third);
  await Promise.all(streams.map((one) => one.reach(4)));
  await sleep(50);
  for (const { items } of streams)
    expect(
      items.flatMap(({ data }) => (data?.stixObjectAdded as { stixId?: string } | undefined)?.stixId ?? []),
    ).toEqual([first, second, third]);
  await Promise.all(clients.map((client) => client.dispose()));
});

test('history shows what is public now', async () => {
  const collection = await createCollection(id.system, { apiRoot: { slug: 'root' }, title: 'past' });
  const by = { id: collection.id };
  await add(collection.id, object());
  await id.told();
  const reader = await id.person(['event:read']);
  const seen = async () => {
    const ctx = id.context(await id.authenticate({ authorization: `Bearer ${reader.key}` }));
    const found = await pageEvents(ctx, { scope: [{ kind: 'collection', value: collection.id }] }, page);
    return found.items
      .map(({ node }) => node.name)
      .filter((name) => name !== 'threat.taxiiStatus.completed')
      .sort();
  };
  expect(await seen()).toEqual(['threat.taxiiCollection.created']);
  await updateCollection(id.system, { by, isPublic: true });
  await id.told();
  expect(await seen()).toEqual([
    'threat.stixObject.added',
    'threat.taxiiCollection.created',
    'threat.taxiiCollection.updated',
  ]);
  await updateCollection(id.system, { by, isPublic: false });
  await id.told();
  expect(await seen()).toEqual([
    'threat.taxiiCollection.created',
    'threat.taxiiCollection.updated',
    'threat.taxiiCollection.updated',
  ]);
});

test('what is public can be passed on by nobody, and is none of an account’s own permissions', async () => {
  const open = await createCollection(id.system, { apiRoot: { slug: 'root' }, title: 'lent', isPublic: true });
  const granter = await id.person(['account:create']);
  expect(granter.ctx.viewer.rights.covers('threat:read', { collection: open.id })).toBe(true);
  const permission = `threat:read@collection/${open.id}`;
  expect(granter.ctx.viewer.rights.texts).not.toContain(permission);
  expect(granter.ctx.viewer.rights.holds(permission)).toBe(false);
  expect(granter.ctx.viewer.rights.holds('account:create')).toBe(true);
});

test('grants are typed by alias, slug or id, kept by id, and shown by the names of the moment', async () => {
  const trust = await createApiRoot(id.system, { title: 'Trust', slug: 'trust' });
  const ask = (query: string) => id.ask(query, { authorization: `Bearer ${admin}` });
  const admin = (await id.person(['*'])).key;
  const named = await createCollection(id.system, { apiRoot: { slug: 'trust' }, title: 'n', alias: 'indicators' });
  const plain = await createCollection(id.system, { apiRoot: { slug: 'trust' }, title: 'p' });
  const permissions = [
    'threat:read@collection/trust/indicators',
    `threat:write@collection/${trust.id}/indicators`,
    `threat:read@collection/${plain.id}`,
    'threat:admin@apiRoot/trust',
    `threat:write@apiRoot/${root.id}`,
  ];
  const person = await id.person(permissions);
  expect([...person.ctx.viewer.rights.texts].sort()).toEqual(
    [
      `threat:read@collection/${named.id}`,
      `threat:write@collection/${named.id}`,
      `threat:read@collection/${plain.id}`,
      `threat:admin@apiRoot/${trust.id}`,
      `threat:write@apiRoot/${root.id}`,
    ].sort(),
  );
  const shown = await ask(`{ account(by: { name: "${person.account.name}" }) { permissions } }`);
  expect(shown.errors).toEqual([]);
  expect([...shown.data.account.permissions].sort()).toEqual(
    [
      'threat:read@collection/trust/indicators',
      'threat:write@collection/trust/indicators',
      `threat:read@collection/${plain.id}`,
      'threat:admin@apiRoot/trust',
      'threat:write@apiRoot/root',
    ].sort(),
  );
  for (const unknown of [
    'threat:read@collection/trust/none',
    `threat:read@apiRoot/${newId()}`,
    'threat:read@collection/x',
  ])
    await expect(id.person([unknown])).rejects.toThrow();
  expect(person.ctx.viewer.rights.covers('threat:write', { collection: newId(), apiRoot: root.id })).toBe(true);
});
