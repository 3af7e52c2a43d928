import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ConflictError, ForbiddenError, InputError, NotFoundError } from '#kernel/errors.ts';
import { newId, toGlobalId } from '#kernel/id.ts';
import { apiRootPath, apiRootStore } from '#resolvers/threat/api-roots/api-root.ts';
import { createApiRoot } from '#resolvers/threat/api-roots/create.ts';
import { deleteApiRoot } from '#resolvers/threat/api-roots/delete.ts';
import { discover, findApiRoot, findApiRoots, listApiRoots, seenRoots } from '#resolvers/threat/api-roots/find.ts';
import { replaceApiRoot, updateApiRoot } from '#resolvers/threat/api-roots/update.ts';
import { collectionStore } from '#resolvers/threat/collections/collection.ts';
import { createCollection } from '#resolvers/threat/collections/create.ts';
import { findCollection } from '#resolvers/threat/collections/find.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
let ctx: Context;
beforeAll(async () => {
  threat = await openThreat();
  ctx = threat.all;
});
afterAll(() => threat.gateway.dispose());
beforeEach(() => threat.news());

const page = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 } as const;
const defaults = async () => (await ctx.use(apiRootStore).all()).filter(({ isDefault }) => isDefault);

test('an API root is created, changed, replaced and deleted, with an event each', async () => {
  const root = await createApiRoot(ctx, { title: 'Trust', slug: 'trust', description: '', isPublic: true });
  const by = { id: toGlobalId('TaxiiApiRoot', root.id) };
  expect(root).toMatchObject({ description: null, isDefault: false, isPublic: true });
  expect(root.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  expect(apiRootPath(root)).toBe('/taxii2/trust/');
  expect(await findApiRoot(ctx, { slug: 'trust' })).toEqual(root);
  expect(await updateApiRoot(ctx, { by, title: 'Trusted' })).toMatchObject({ slug: 'trust', isPublic: true });
  expect(await updateApiRoot(ctx, { by, title: 'Trusted', slug: 'trust' })).toMatchObject({ title: 'Trusted' });
  const replaced = await replaceApiRoot(ctx, { by: { taxiiId: root.id.toUpperCase() }, title: 'Other' });
  expect(replaced).toMatchObject({ slug: null, isPublic: false, createdAt: root.createdAt });
  expect(apiRootPath(replaced)).toBe(`/taxii2/${root.id}/`);
  expect(await deleteApiRoot(ctx, { by })).toBe(root.id);
  expect(await findApiRoot(ctx, by)).toBeNull();
  const events = await threat.news();
  expect(events.map(({ name }) => name)).toEqual([
    'threat.taxiiApiRoot.created',
    'threat.taxiiApiRoot.updated',
    'threat.taxiiApiRoot.updated',
    'threat.taxiiApiRoot.deleted',
  ]);
  const before = { ...by, taxiiId: root.id, slug: 'trust', title: 'Trust', description: null, isDefault: false };
  expect(events[1]).toMatchObject({
    subject: by.id,
    scope: { apiRoot: root.id, audience: 'accounts' },
    retain: 'AUDIT',
    before: { ...before, isPublic: true },
    after: { ...before, title: 'Trusted', isPublic: true },
    data: { taxiiApiRoot: { ...before, title: 'Trusted', isPublic: true }, changed: ['title'] },
  });
  expect(events[2]?.data).toMatchObject({ changed: ['slug', 'title', 'isPublic'] });
});

test('a second default takes the place of the first, and both are told', async () => {
  const one = await createApiRoot(ctx, { title: 'one', isDefault: true });
  const taxiiId = newId().toUpperCase();
  const two = await createApiRoot(ctx, { title: 'two', isDefault: true, taxiiId });
  expect(two.id).toBe(taxiiId.toLowerCase());
  expect(await defaults()).toEqual([two]);
  const again = await updateApiRoot(ctx, { by: { id: one.id }, isDefault: true });
  expect(await defaults()).toEqual([again]);
  const told = (await threat.news()).map(({ name, data }) => {
    const { taxiiApiRoot: root, changed } = data as { taxiiApiRoot: Record<string, unknown>; changed: string[] };
    return [name.split('.')[2], root.title, root.isDefault, changed];
  });
  expect(told).toEqual([
    ['created', 'one', true, []],
    ['updated', 'one', false, ['isDefault']],
    ['created', 'two', true, []],
    ['updated', 'two', false, ['isDefault']],
    ['updated', 'one', true, ['isDefault']],
  ]);
  expect(await updateApiRoot(ctx, { by: { id: one.id }, isDefault: true })).toEqual(again);
  expect(await updateApiRoot(ctx, { by: { id: one.id }, isDefault: false })).toMatchObject({ isDefault: false });
  expect(await defaults()).toEqual([]);
});

test('of ten that become the default at once one is left, and none fails', async () => {
  const roots = await Promise.all(
    Array.from({ length: 5 }, (_, index) => createApiRoot(ctx, { title: `r${index}`, isDefault: true })),
  );
  await Promise.all([
    ...roots.map(({ id }) => updateApiRoot(ctx, { by: { id }, isDefault: true, title: `now ${id}` })),
    ...roots.map((_, index) => createApiRoot(ctx, { title: `s${index}`, isDefault: true })),
  ]);
  expect(await defaults()).toHaveLength(1);
});

test('one who administers an API root alone takes the default from none that he does not administer', async () => {
  const [mine, theirs] = [
    await createApiRoot(ctx, { title: 'mine' }),
    await createApiRoot(ctx, { title: 'theirs', isDefault: true }),
  ];
  const some = threat.as(`threat:admin@apiRoot/${mine.id}`);
  await expect(updateApiRoot(some, { by: { id: mine.id }, isDefault: true })).rejects.toThrow(ForbiddenError);
  expect(await defaults()).toEqual([theirs]);
  await updateApiRoot(ctx, { by: { id: theirs.id }, isDefault: false });
  expect(await updateApiRoot(some, { by: { id: mine.id }, isDefault: true })).toMatchObject({ isDefault: true });
});

test('a taken slug or UUID is refused as a conflict that names the field', async () => {
  const root = await createApiRoot(ctx, { title: 'one', slug: 'taken' });
  const other = await createApiRoot(ctx, { title: 'other' });
  const path = (work: Promise<unknown>) => work.catch((error: ConflictError) => [error.code, error.path]);
  expect(await path(createApiRoot(ctx, { title: 'two', slug: 'taken' }))).toEqual(['CONFLICT', ['slug']]);
  expect(await path(createApiRoot(ctx, { title: 'two', taxiiId: root.id }))).toEqual(['CONFLICT', ['taxiiId']]);
  expect(await path(updateApiRoot(ctx, { by: { id: other.id }, slug: 'taken' }))).toEqual(['CONFLICT', ['slug']]);
  const racing = await Promise.allSettled(
    Array.from({ length: 10 }, () => createApiRoot(ctx, { title: 'race', slug: 'race' })),
  );
  expect(racing.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(racing.every((one) => one.status === 'fulfilled' || one.reason instanceof ConflictError)).toBe(true);
});

test.each([
  [{ title: '' }, ['title']],
  [{ title: 'x'.repeat(101) }, ['title']],
  [{ title: 'a\nb' }, ['title']],
  [{ title: null }, ['title']],
  [{}, ['title']],
  [{ title: 'x', slug: 'UPPER' }, ['slug']],
  [{ title: 'x', slug: '-a' }, ['slug']],
  [{ title: 'x', slug: 'a-' }, ['slug']],
  [{ title: 'x', slug: 'a'.repeat(64) }, ['slug']],
  [{ title: 'x', slug: 'a b' }, ['slug']],
  [{ title: 'x', slug: 'a/b' }, ['slug']],
  [{ title: 'x', slug: '5e113376-8a13-432d-b711-92f566ebbd92' }, ['slug']],
  [{ title: 'x', taxiiId: 'no uuid' }, ['taxiiId']],
  [{ title: 'x', isDefault: 'yes' }, ['isDefault']],
  [{ title: 'x', isPublic: null }, ['isPublic']],
  [{ title: 'x', description: 'a\u0000' }, ['description']],
])('refuses %j', async (input, path) => {
  const refused = await createApiRoot(ctx, input as never).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(InputError);
  expect((refused as InputError).path).toEqual(path);
  expect(await threat.news()).toEqual([]);
});

test('takes slugs and titles at their limits', async () => {
  const slug = `a${'-'.repeat(61)}z`;
  expect(await createApiRoot(ctx, { title: '😀'.repeat(100), slug })).toMatchObject({ slug });
  expect(await createApiRoot(ctx, { title: 'x', slug: '7' })).toMatchObject({ slug: '7' });
  expect(await createApiRoot(ctx, { title: 'x', slug: '' })).toMatchObject({ slug: null });
});

test('with collections it is deleted only by force, and they with it', async () => {
  const root = await createApiRoot(ctx, { title: 'full' });
  const collections = await Promise.all(
    ['a', 'b'].map((title) => createCollection(ctx, { apiRoot: { id: root.id }, title })),
  );
  await ctx.use(collectionStore).addToCounts([{ id: collections[0]?.id ?? '', by: 3 }]);
  await expect(deleteApiRoot(ctx, { by: { id: root.id } })).rejects.toThrow(
    'It has 2 collections with 3 versions of objects. Delete them first, or give force: true.',
  );
  expect(await findApiRoot(ctx, { id: root.id })).toEqual(root);
  await threat.news();
  expect(await deleteApiRoot(ctx, { by: { id: root.id }, force: true })).toBe(root.id);
  expect(await Promise.all(collections.map(({ id }) => findCollection(ctx, { id })))).toEqual([null, null]);
  expect((await threat.news()).map(({ name }) => name)).toEqual([
    'threat.taxiiCollection.deleted',
    'threat.taxiiCollection.deleted',
    'threat.taxiiApiRoot.deleted',
  ]);
});

test('a collection that is made while its API root is deleted is in no root that is gone', async () => {
  const root = await createApiRoot(ctx, { title: 'going' });
  const [made, gone] = await Promise.allSettled([
    createCollection(ctx, { apiRoot: { id: root.id }, title: 'coming' }),
    deleteApiRoot(ctx, { by: { id: root.id } }),
  ]);
  const left = await ctx.use(collectionStore).idsInRoots([root.id]);
  expect(left.length).toBe(gone.status === 'fulfilled' ? 0 : 1);
  expect([made.status, gone.status].filter((status) => status === 'fulfilled')).toHaveLength(1);
});

test('changes need threat:admin, everywhere or on the root, and tell nobody else what there is', async () => {
  const root = await createApiRoot(ctx, { title: 'guarded', slug: 'guarded' });
  const by = { id: root.id };
  const changes = (who: Context, key: object) => [
    updateApiRoot(who, { by: key as never, title: 'x' }),
    replaceApiRoot(who, { by: key as never, title: 'guarded' }),
    deleteApiRoot(who, { by: key as never }),
  ];
  for (const key of [by, { id: newId() }]) {
    for (const work of changes(threat.as('threat:read', 'threat:write'), key))
      await expect(work).rejects.toThrow(ForbiddenError);
    for (const work of changes(threat.anonymous('threat:read'), key))
      await expect(work).rejects.toThrow(AuthenticationError);
  }
  const elsewhere = threat.as(`threat:admin@apiRoot/${newId()}`);
  for (const work of changes(elsewhere, by)) await expect(work).rejects.toThrow(ForbiddenError);
  for (const work of changes(elsewhere, { slug: 'none' })) await expect(work).rejects.toThrow(NotFoundError);
  await expect(createApiRoot(elsewhere, { title: 'x' })).rejects.toThrow(ForbiddenError);
  const mine = threat.as(`threat:admin@apiRoot/${root.id}`);
  expect(await updateApiRoot(mine, { by, title: 'mine' })).toMatchObject({ title: 'mine' });
  expect(await deleteApiRoot(mine, { by: { slug: 'guarded' } })).toBe(root.id);
});

test('every account sees every API root, anonymous the public ones', async () => {
  const own = await openThreat('memory');
  const [open, closed] = [
    await createApiRoot(own.all, { title: 'open', isPublic: true }),
    await createApiRoot(own.all, { title: 'closed', isDefault: true }),
  ];
  const [account, anonymous] = [own.as(), own.anonymous('threat:read', 'threat:write', 'threat:admin')];
  expect(await findApiRoot(account, { id: closed.id })).toEqual(closed);
  expect(await findApiRoot(account, { slug: 'none' })).toBeNull();
  expect(await findApiRoot(anonymous, { id: open.id })).toEqual(open);
  await expect(findApiRoot(anonymous, { id: closed.id })).rejects.toThrow(AuthenticationError);
  await expect(findApiRoot(anonymous, { slug: 'none' })).rejects.toThrow(AuthenticationError);
  expect(await findApiRoots(anonymous, [closed.id, open.id, newId()])).toEqual([null, open, null]);
  const titles = async (who: Context) => (await listApiRoots(who, page)).items.map(({ node }) => node.title);
  expect([await titles(account), await titles(anonymous)]).toEqual([['closed', 'open'], ['open']]);
  const found = await discover(anonymous);
  expect(found).toMatchObject({ title: 'Gatehouse', description: null, contact: null });
  expect(found.roots.map(({ title, isDefault }) => [title, isDefault])).toEqual([
    ['closed', true],
    ['open', false],
  ]);
  expect(seenRoots(anonymous, found.roots)).toEqual([open]);
  await own.gateway.dispose();
});
