/** The rooms and objects that the tests of TAXII 2.1 share, and who may do what there. */
import type { Context } from '#kernel/context.ts';
import { newId } from '#kernel/id.ts';
import { createApiRoot } from '#resolvers/threat/api-roots/create.ts';
import { collectionStore, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { createCollection } from '#resolvers/threat/collections/create.ts';
import { laterBy } from '#resolvers/threat/instant.ts';
import { hashOf } from '#resolvers/threat/objects/hash.ts';
import { stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';
import type { TestThreat } from './threat.ts';

const second = 1_000_000;

const idOf = (type: string, letter: string): string => `${type}--00000000-0000-4000-8000-00000000000${letter}`;

export const indicatorI = idOf('indicator', 'a');
export const indicatorJ = idOf('indicator', 'b');
export const indicatorK = idOf('indicator', 'c');
export const relationshipR = idOf('relationship', 'd');

/** The same rooms, with viewers whose rights the test decides. */
export async function furnish(threat: TestThreat, now: string) {
  const rooms = await furnishRooms(threat.all, now);
  return {
    ...rooms,
    user: threat.as(...rooms.grants, ...rooms.opened),
    anonymous: threat.anonymous(...rooms.opened),
  };
}

/**
 * Eight collections in a root of their own, and in C5 an indicator whose newest version was added first: what is last
 * and what was added last are not the same there.
 */
export async function furnishRooms(ctx: Context, now: string) {
  const root = await createApiRoot(ctx, { title: 'first title', description: 'first description' });
  const open = await createApiRoot(ctx, { title: 'second title', isPublic: true });
  const collection = (title: string, more: object = {}): Promise<TaxiiCollection> =>
    createCollection(ctx, { apiRoot: { id: root.id }, title, ...more });
  const c0 = await collection('0Read only');
  const c1 = await collection('1Write only');
  const c2 = await collection('2Read/Write');
  const c3 = await collection('3No permissions');
  const c4 = await collection('4No description', { description: '' });
  const c5 = await collection('5With alias', { alias: 'this-is-an-alias' });
  const c6 = await collection('6Public', { alias: '', isPublic: true });
  const c7 = await collection('7Publicwrite', { isPublicWrite: true });
  const at = (seconds: number) => laterBy(now, seconds * second);
  await place(ctx, c5, indicatorI, { added: now, version: at(1), specVersion: '2.0' });
  await place(ctx, c5, relationshipR, { added: at(2), version: at(3) });
  await place(ctx, c5, indicatorI, { added: at(3), version: at(-1) });
  await place(ctx, c1, indicatorJ, { added: now, version: at(1) });
  await place(ctx, c6, indicatorK, { added: now, version: at(1), specVersion: '2.0' });
  return {
    root,
    open,
    ...{ c0, c1, c2, c3, c4, c5, c6, c7 },
    at,
    /** What the usual account holds. */
    grants: [
      `threat:read@collection/${c0.id}`,
      `threat:write@collection/${c1.id}`,
      ...[c2, c4, c5].flatMap(({ id }) => [`threat:read@collection/${id}`, `threat:write@collection/${id}`]),
    ],
    /** What everybody may do. */
    opened: [`threat:read@collection/${c6.id}`, `threat:write@collection/${c7.id}`],
  };
}

/** A collection in a root of its own. */
export async function furnishRoom(threat: TestThreat, more: object = {}): Promise<TaxiiCollection> {
  const root = await createApiRoot(threat.all, { title: 'a root' });
  return createCollection(threat.all, { apiRoot: { id: root.id }, title: 'a collection', ...more });
}

/** Puts a version where and when it is wanted. */
async function place(
  ctx: Context,
  collection: TaxiiCollection,
  stixId: string,
  { added, version, specVersion = '2.1' }: { added: string; version: string; specVersion?: string },
): Promise<void> {
  const type = stixId.slice(0, -38);
  const body = { type, id: stixId, spec_version: specVersion, created: version, modified: version };
  const object = { id: newId(), stixId, type, specVersion, version, body, patternError: null };
  await ctx.atomically(async (ctx) => {
    await ctx.use(collectionStore).lock([collection.id]);
    await ctx.use(stixObjectStore).addMany(collection.id, [{ ...object, hash: hashOf(body, specVersion) }], added);
    await ctx.use(collectionStore).addToCounts([{ id: collection.id, by: 1 }]);
  });
}
