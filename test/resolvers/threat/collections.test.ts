import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ConflictError, ForbiddenError, InputError, NotFoundError } from '#kernel/errors.ts';
import { newId, toGlobalId } from '#kernel/id.ts';
import type { TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import { createApiRoot } from '#resolvers/threat/api-roots/create.ts';
import { collectionStore } from '#resolvers/threat/collections/collection.ts';
import { createCollection } from '#resolvers/threat/collections/create.ts';
import { deleteCollection } from '#resolvers/threat/collections/delete.ts';
import {
  collectionsOfRoot,
  findCollection,
  findCollectionOf,
  findCollections,
  listCollections,
  rightsOn,
} from '#resolvers/threat/collections/find.ts';
import { collectionInRoot, collectionsByKeys } from '#resolvers/threat/collections/keys.ts';
import { replaceCollection, updateCollection } from '#resolvers/threat/collections/update.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
let ctx: Context;
let root: TaxiiApiRoot;
let other: TaxiiApiRoot;
beforeAll(async () => {
  threat = await openThreat();
  ctx = threat.all;
  root = await createApiRoot(ctx, { title: 'root', slug: 'root' });
  other = await createApiRoot(ctx, { title: 'other', isPublic: true });
});
afterAll(() => threat.gateway.dispose());
beforeEach(() => threat.news());

const page = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 } as const;
const make = (title: string, parts: object = {}) =>
  createCollection(ctx, { apiRoot: { slug: 'root' }, title, ...parts });

test('a collection is created, changed, replaced and deleted, with an event each', async () => {
  const taxiiId = newId();
  const made = await make('Indicators', { taxiiId, alias: 'ind', description: '', isPublicWrite: true });
  const by = { id: toGlobalId('TaxiiCollection', taxiiId) };
  expect(made).toMatchObject({ id: taxiiId, apiRootId: root.id, description: null, isPublic: false, objectCount: 0 });
  expect(await findCollection(ctx, { alias: { apiRoot: { slug: 'root' }, alias: 'ind' } })).toEqual(made);
  expect(await updateCollection(ctx, { by, description: 'a\nb' })).toMatchObject({ alias: 'ind', isPublicWrite: true });
  expect(await updateCollection(ctx, { by, alias: 'ind' })).toMatchObject({ description: 'a\nb' });
  const alias = { apiRoot: { taxiiId: root.id }, alias: 'ind' };
  expect(await replaceCollection(ctx, { by: { alias }, title: 'Others' })).toMatchObject({
    ...{ title: 'Others', alias: null, description: null, isPublicWrite: false, createdAt: made.createdAt },
  });
  expect(await deleteCollection(ctx, { by })).toBe(taxiiId);
  expect(await findCollection(ctx, by)).toBeNull();
  const events = await threat.news();
  expect(events.map(({ name }) => name)).toEqual([
    'threat.taxiiCollection.created',
    'threat.taxiiCollection.updated',
    'threat.taxiiCollection.updated',
    'threat.taxiiCollection.deleted',
  ]);
  const before = {
    ...by,
    ...{ taxiiId, apiRoot: root.id, title: 'Indicators', description: null, alias: 'ind' },
    ...{ isPublic: false, isPublicWrite: true },
  };
  expect(events[1]).toMatchObject({
    subject: by.id,
    scope: { collection: taxiiId, apiRoot: root.id, audience: 'accounts' },
    retain: 'AUDIT',
    before,
    after: { ...before, description: 'a\nb' },
    data: { taxiiCollection: { ...before, description: 'a\nb' }, changed: ['description'] },
  });
});

test('an alias is unique in its root, of racing callers one gets it, and another root may have it too', async () => {
  const one = await make('one', { alias: 'same' });
  const conflict = (work: Promise<unknown>) => work.catch((error: ConflictError) => [error.code, error.path]);
  expect(await conflict(make('two', { alias: 'same' }))).toEqual(['CONFLICT', ['alias']]);
  expect(await conflict(make('two', { taxiiId: one.id }))).toEqual(['CONFLICT', ['taxiiId']]);
  const two = await make('two');
  expect(await conflict(updateCollection(ctx, { by: { id: two.id }, alias: 'same' }))).toEqual(['CONFLICT', ['alias']]);
  const elsewhere = await createCollection(ctx, { apiRoot: { id: other.id }, title: 'x', alias: 'same' });
  expect(elsewhere.alias).toBe('same');
  const racing = await Promise.allSettled(Array.from({ length: 10 }, () => make('race', { alias: 'race' })));
  expect(racing.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(racing.every((made) => made.status === 'fulfilled' || made.reason instanceof ConflictError)).toBe(true);
});

test.each([
  [{ title: '' }, 'title'],
  [{ title: 'x'.repeat(101) }, 'title'],
  [{ alias: 'a/b' }, 'alias'],
  [{ alias: 'a?' }, 'alias'],
  [{ alias: 'a#b' }, 'alias'],
  [{ alias: 'a b' }, 'alias'],
  [{ alias: 'a\u00a0b' }, 'alias'],
  [{ alias: '..' }, 'alias'],
  [{ alias: 'x'.repeat(101) }, 'alias'],
  [{ alias: '5e113376-8a13-432d-b711-92f566ebbd92' }, 'alias'],
  [{ alias: '\ud800' }, 'alias'],
  [{ taxiiId: '1' }, 'taxiiId'],
  [{ isPublic: 1 }, 'isPublic'],
  [{ isPublicWrite: null }, 'isPublicWrite'],
  [{ description: '\u0007' }, 'description'],
  [{ apiRoot: {} }, 'apiRoot'],
  [{ apiRoot: { id: 'x', slug: 'y' } }, 'apiRoot'],
])('refuses %j', async (parts, field) => {
  const refused = await make('fine', parts).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(InputError);
  expect((refused as InputError).path[0]).toBe(field);
  expect(await threat.news()).toEqual([]);
});

test('an empty alias is none, and another may be any text that a segment can hold', async () => {
  expect(await make('none', { alias: '' })).toMatchObject({ alias: null });
  const odd = await make('odd', { alias: 'é%2F+&=;😀' });
  expect(await collectionInRoot(ctx, root.id, 'é%2F+&=;😀')).toEqual(odd);
  expect(await collectionInRoot(ctx, other.id, 'é%2F+&=;😀')).toBeNull();
  expect(await collectionInRoot(ctx, root.id, odd.id.toUpperCase())).toEqual(odd);
  expect(await collectionInRoot(ctx, other.id, odd.id)).toBeNull();
});

test('an unknown root is not found, whoever may make collections somewhere', async () => {
  await expect(createCollection(ctx, { apiRoot: { slug: 'none' }, title: 'x' })).rejects.toThrow(NotFoundError);
  const some = threat.as(`threat:admin@apiRoot/${newId()}`);
  await expect(createCollection(some, { apiRoot: { slug: 'none' }, title: 'x' })).rejects.toThrow(NotFoundError);
  await expect(createCollection(some, { apiRoot: { id: root.id }, title: 'x' })).rejects.toThrow(ForbiddenError);
});

test('one that holds objects is deleted only by force', async () => {
  const full = await make('full');
  await ctx.use(collectionStore).addToCounts([{ id: full.id, by: 1 }]);
  await expect(deleteCollection(ctx, { by: { id: full.id } })).rejects.toThrow(
    'full holds 1 version of objects. Delete them first, or give force: true.',
  );
  expect(await deleteCollection(ctx, { by: { id: full.id }, force: true })).toBe(full.id);
});

test('changes need threat:admin on the collection or its root', async () => {
  const made = await make('guarded');
  const by = { id: made.id };
  const changes = (who: Context) => [
    updateCollection(who, { by, title: 'x' }),
    replaceCollection(who, { by, title: 'x' }),
    deleteCollection(who, { by }),
  ];
  const readers = [threat.as('threat:read', 'threat:write'), threat.as(`threat:admin@collection/${newId()}`)];
  for (const who of readers) for (const work of changes(who)) await expect(work).rejects.toThrow(ForbiddenError);
  for (const work of changes(threat.anonymous())) await expect(work).rejects.toThrow(AuthenticationError);
  const one = threat.as(`threat:admin@collection/${made.id}`);
  expect(await updateCollection(one, { by, title: 'by its own' })).toMatchObject({ title: 'by its own' });
  await expect(createCollection(one, { apiRoot: { id: root.id }, title: 'x' })).rejects.toThrow(ForbiddenError);
  const all = threat.as(`threat:admin@apiRoot/${root.id}`);
  expect(await createCollection(all, { apiRoot: { id: root.id }, title: 'x' })).toMatchObject({ title: 'x' });
  expect(await deleteCollection(all, { by })).toBe(made.id);
});

test('a list of a root shows all its collections to every account, by title, with the rights on each', async () => {
  const own = await createApiRoot(ctx, { title: 'listed' });
  const add = (title: string, parts: object = {}) =>
    createCollection(ctx, { apiRoot: { id: own.id }, title, ...parts });
  const [b, a, c] = [await add('b'), await add('a', { isPublic: true }), await add('c', { isPublicWrite: true })];
  const who = threat.as(`threat:write@collection/${b.id}`);
  const list = await listCollections(who, { apiRoot: { id: own.id } }, page);
  expect(list.items.map(({ node }) => [node.title, rightsOn(who, node)])).toEqual([
    ['a', { canRead: true, canWrite: false }],
    ['b', { canRead: false, canWrite: true }],
    ['c', { canRead: false, canWrite: true }],
  ]);
  expect(await list.count()).toBe(3);
  const anonymous = threat.anonymous();
  await expect(listCollections(anonymous, { apiRoot: { id: own.id } }, page)).rejects.toThrow(AuthenticationError);
  await expect(listCollections(anonymous, { apiRoot: { slug: 'none' } }, page)).rejects.toThrow(AuthenticationError);
  await expect(listCollections(who, { apiRoot: { slug: 'none' } }, page)).rejects.toThrow(NotFoundError);
  expect(await findCollections(anonymous, [a.id, b.id, c.id])).toEqual([a, null, c]);
  await expect(findCollection(anonymous, { id: b.id })).rejects.toThrow(AuthenticationError);
  expect(await findCollection(anonymous, { taxiiId: c.id })).toEqual(c);
  const everywhere = await listCollections(anonymous, {}, page);
  expect(everywhere.items.every(({ node }) => node.apiRootId === other.id)).toBe(true);
});

test('keys name collections in few reads, however many', async () => {
  const made = await Promise.all(['k1', 'k2', 'k3'].map((alias) => make(alias, { alias })));
  const keys = [
    { id: toGlobalId('TaxiiCollection', made[0]?.id ?? '') },
    { alias: { apiRoot: { slug: 'root' }, alias: 'k2' } },
    { taxiiId: made[2]?.id ?? '' },
    { alias: { apiRoot: { id: other.id }, alias: 'k1' } },
    { alias: { apiRoot: { slug: 'none' }, alias: 'k1' } },
    { taxiiId: 'no uuid' },
    { id: toGlobalId('TaxiiApiRoot', made[0]?.id ?? '') },
  ];
  expect(await collectionsByKeys(ctx, keys)).toEqual([...made, null, null, null, null]);
  const many = Array.from({ length: 20 }, () => keys).flat();
  expect(await threat.statements(() => collectionsByKeys(ctx, many))).toBe(4);
  const [first] = made;
  expect(await findCollectionOf(ctx, root, { alias: 'k1' })).toEqual(first);
  expect(await findCollectionOf(ctx, other, { taxiiId: first?.id ?? '' })).toBeNull();
});

test('the collections of many roots come in one read', async () => {
  const roots = await Promise.all(Array.from({ length: 10 }, (_, n) => createApiRoot(ctx, { title: `many ${n}` })));
  await Promise.all(roots.map(({ id }) => createCollection(ctx, { apiRoot: { id }, title: `of ${id}` })));
  const fresh = threat.as();
  const statements = await threat.statements(async () => {
    const pages = await Promise.all(roots.map((one) => collectionsOfRoot(fresh, one, page)));
    expect(pages.map(({ items }) => items.map(({ node }) => node.title))).toEqual(roots.map(({ id }) => [`of ${id}`]));
  });
  expect(statements).toBe(1);
});
