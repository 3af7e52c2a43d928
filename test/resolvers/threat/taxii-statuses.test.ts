import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, NotFoundError } from '#kernel/errors.ts';
import { newId, toGlobalId } from '#kernel/id.ts';
import { apiRootStore } from '#resolvers/threat/api-roots/api-root.ts';
import { updateApiRoot } from '#resolvers/threat/api-roots/update.ts';
import type { TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { addObjects } from '#resolvers/threat/objects/add.ts';
import {
  expectStatus,
  findStatus,
  findStatuses,
  listStatuses,
  listStatusesOf,
} from '#resolvers/threat/statuses/find.ts';
import { completeInterrupted } from '#resolvers/threat/statuses/interrupted.ts';
import { type TaxiiStatus, taxiiStatusStore } from '#resolvers/threat/statuses/taxii-status.ts';
import { furnishRoom } from '../../support/taxii-rooms.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
let room: TaxiiCollection;
let sender: Context;
let owned: TaxiiStatus;
let nobodys: TaxiiStatus;
const objects = [{ type: 'x-a', id: 'x-a--00000000-0000-4000-8000-000000000001' }];
beforeAll(async () => {
  threat = await openThreat();
  room = await furnishRoom(threat);
  sender = threat.as(`threat:write@collection/${room.id}`);
  owned = (await addObjects(sender, { collection: { id: room.id }, objects })).status;
  nobodys = (await addObjects(threat.all, { collection: { id: room.id }, objects })).status;
});
afterAll(() => threat.gateway.dispose());

const page = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 } as const;
const rootOf = async () => {
  const [root] = await threat.all.use(apiRootStore).getMany([room.apiRootId]);
  if (!root) throw new Error('The root is gone.');
  return root;
};

/** The statuses that a viewer sees, by every way to look at them. */
async function seen(ctx: Context): Promise<string[]> {
  const ids = [owned.id, nobodys.id];
  const direct = (await findStatuses(ctx, ids)).flatMap((status) => status?.id ?? []);
  for (const id of ids) {
    const found = await findStatus(ctx, { taxiiId: id.toUpperCase() });
    expect(found?.id ?? null).toBe(direct.includes(id) ? id : null);
    const expected = expectStatus(ctx, await rootOf(), id);
    if (direct.includes(id)) expect((await expected).id).toBe(id);
    else await expect(expected).rejects.toThrow(NotFoundError);
  }
  const listed = await listStatuses(ctx, {}, page);
  expect(listed.items.map(({ node }) => node.id)).toEqual(direct.toReversed());
  expect(await listed.count()).toBe(direct.length);
  const ofRoot = await listStatusesOf(ctx, await rootOf(), page);
  expect(ofRoot.items.map(({ node }) => node.id)).toEqual(direct.toReversed());
  return direct;
}

test('a status is seen by its owner, by who may write to its collection, and by all who see the root of one without', async () => {
  expect(await seen(sender)).toEqual([owned.id, nobodys.id]);
  expect(await seen(threat.as(`threat:write@collection/${room.id}`))).toEqual([owned.id, nobodys.id]);
  expect(await seen(threat.as(`threat:admin@apiRoot/${room.apiRootId}`))).toEqual([owned.id, nobodys.id]);
  expect(await seen(threat.as(`threat:read@collection/${room.id}`))).toEqual([nobodys.id]);
  expect(await seen(threat.as())).toEqual([nobodys.id]);
  const { viewer } = sender;
  const unprivileged = threat.gateway.context({ viewer: { ...viewer, rights: threat.as().viewer.rights } });
  expect(await seen(unprivileged)).toEqual([owned.id, nobodys.id]);
});

test('without a credential only statuses of a public root are seen', async () => {
  expect(await seen(threat.anonymous('threat:write'))).toEqual([]);
  await updateApiRoot(threat.all, { by: { id: room.apiRootId }, isPublic: true });
  expect(await seen(threat.anonymous())).toEqual([nobodys.id]);
  expect(await seen(threat.anonymous(`threat:write@collection/${room.id}`))).toEqual([owned.id, nobodys.id]);
  await updateApiRoot(threat.all, { by: { id: room.apiRootId }, isPublic: false });
});

test('a list is narrowed to a collection and a state', async () => {
  const ids = async (input: object) => (await listStatuses(threat.all, input, page)).items.map(({ node }) => node.id);
  expect(await ids({ collection: { id: room.id }, state: 'COMPLETE' })).toEqual([nobodys.id, owned.id]);
  expect(await ids({ state: 'PENDING' })).toEqual([]);
  await expect(listStatuses(threat.all, { collection: { taxiiId: newId() } }, page)).rejects.toThrow(NotFoundError);
  await expect(listStatuses(threat.anonymous(), { collection: { id: room.id } }, page)).rejects.toThrow(
    AuthenticationError,
  );
});

test('a status of another root, and what is no id, are not found', async () => {
  const other = await furnishRoom(threat);
  const [root] = await threat.all.use(apiRootStore).getMany([other.apiRootId]);
  if (!root) throw new Error('The root is gone.');
  for (const id of [owned.id, newId(), 'no id'])
    await expect(expectStatus(threat.all, root, id)).rejects.toThrow(NotFoundError);
  expect(await findStatus(threat.all, { id: 'no id' })).toBeNull();
});

test('a request that is silent is completed for it, what it did not do counts as failure, and it is told', async () => {
  const old: TestThreat = await openThreat('memory');
  const { id, apiRootId } = await furnishRoom(old);
  const ago = (milliseconds: number) => new Date(old.all.clock.now() - milliseconds).toISOString().replace('Z', '000Z');
  const aPending = (touchedAt: string): TaxiiStatus => ({
    ...{ id: newId(), apiRootId, collectionId: id, owner: null, state: 'PENDING' },
    ...{ requestTimestamp: touchedAt, touchedAt, completedAt: null, createdAt: touchedAt, updatedAt: touchedAt },
    ...{ totalCount: 5, successCount: 2, failureCount: 1, pendingCount: 2 },
  });
  const pending = aPending(ago(301_000));
  await old.all.use(taxiiStatusStore).insert(pending);
  await old.all.use(taxiiStatusStore).insert(aPending(ago(200_000)));
  await old.news();
  expect(await completeInterrupted(old.all)).toBe(1);
  expect(await completeInterrupted(old.all)).toBe(0);
  const [status] = await old.all.use(taxiiStatusStore).getMany([pending.id]);
  expect(status).toMatchObject({ state: 'COMPLETE', successCount: 2, failureCount: 3, pendingCount: 0 });
  expect(await old.news()).toMatchObject([
    {
      name: 'threat.taxiiStatus.completed',
      subject: toGlobalId('TaxiiStatus', pending.id),
      scope: { collection: id, apiRoot: apiRootId, audience: 'accounts' },
      data: { taxiiId: pending.id, totalCount: 5, failureCount: 3 },
    },
  ]);
  await old.gateway.dispose();
});
