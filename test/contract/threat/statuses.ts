import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import {
  type StatusProgress,
  type StatusVisibility,
  type TaxiiStatus,
  taxiiStatusStore,
} from '#resolvers/threat/statuses/taxii-status.ts';
import { request, sees } from '../network/support.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { at, stixId } from './stix-support.ts';

const everything: StatusVisibility = { owner: null, written: 'all', apiRootIds: 'all' };

const aStatus = (parts: Partial<TaxiiStatus> = {}): TaxiiStatus => ({
  id: newId(),
  apiRootId: newId(),
  collectionId: newId(),
  owner: null,
  state: 'PENDING',
  requestTimestamp: at(0),
  touchedAt: at(0),
  completedAt: null,
  totalCount: 0,
  successCount: 0,
  failureCount: 0,
  pendingCount: 0,
  createdAt: at(0),
  updatedAt: at(0),
  ...parts,
});

const counts = (successCount: number, failureCount: number, pendingCount: number) => ({
  successCount,
  failureCount,
  pendingCount,
  totalCount: successCount + failureCount + pendingCount,
});

const detail = (digit: number, message: string | null = null) => ({
  stixId: stixId('x-a', digit),
  version: `2024-01-01T12:00:00.00000${digit}Z`,
  message,
});

/** What every storage of statuses holds. */
export function statusContract(name: string, open: OpenStorage): void {
  describe(`statuses in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(taxiiStatusStore);

    const advance = (id: string, progress: Partial<StatusProgress>) =>
      storage.atomically((use) =>
        use(taxiiStatusStore).advance(id, {
          ...counts(0, 0, 0),
          state: 'COMPLETE',
          at: at(1),
          successes: [],
          failures: [],
          pendings: [],
          ...progress,
        }),
      );
    const details = async (id: string, outcome: Parameters<ReturnType<typeof store>['details']>[1]) =>
      (await store().details([id], outcome, request()))[0]?.items.map(({ node }) => node) ?? null;

    test('follows a request from its first batch to its last', async () => {
      const status = aStatus();
      await store().insert(status);
      const first = await advance(status.id, {
        ...counts(1, 1, 2),
        state: 'PENDING',
        successes: [detail(3)],
        failures: [detail(9, 'type: is missing')],
        pendings: [detail(1), detail(2)],
      });
      expect(first).toEqual({ ...status, ...counts(1, 1, 2), touchedAt: at(1), updatedAt: at(1) });
      expect(await details(status.id, 'PENDING')).toEqual([detail(1), detail(2)]);
      const last = await advance(status.id, { ...counts(3, 1, 0), at: at(2), successes: [detail(1), detail(2, 'x')] });
      expect(last).toMatchObject({ state: 'COMPLETE', completedAt: at(2), pendingCount: 0 });
      expect(await store().getMany([newId(), status.id, 'no id'])).toEqual([null, last, null]);
      expect(await details(status.id, 'SUCCESS')).toEqual([detail(1), detail(2, 'x'), detail(3)]);
      expect(await details(status.id, 'FAILURE')).toEqual([detail(9, 'type: is missing')]);
      expect(await details(status.id, 'PENDING')).toEqual([]);
      expect(await advance(status.id, counts(9, 0, 0))).toBeNull();
    });

    test('shows no details where not each one was kept', async () => {
      const status = aStatus();
      await store().insert(status);
      await advance(status.id, { ...counts(2, 1, 0), successes: [detail(1)], failures: [detail(2)] });
      expect(await details(status.id, 'SUCCESS')).toBeNull();
      expect(await details(status.id, 'FAILURE')).toEqual([detail(2)]);
      const [page] = await store().details([status.id], 'FAILURE', request({ limit: 0 }));
      expect(await page?.count()).toBe(1);
      expect(await details(newId(), 'SUCCESS')).toBeNull();
    });

    test('pages details of one object sent twice in the order of the request', async () => {
      const status = aStatus();
      await store().insert(status);
      await advance(status.id, { ...counts(2, 0, 0), successes: [detail(1), detail(1, 'already present')] });
      const [first] = await store().details([status.id], 'SUCCESS', request({ limit: 1 }));
      expect(first).toMatchObject({ items: [{ node: detail(1) }], hasNextPage: true });
      const after = first?.items[0]?.position ?? null;
      const [second] = await store().details([status.id], 'SUCCESS', request({ limit: 1, after }));
      expect(second?.items.map(({ node }) => node)).toEqual([detail(1, 'already present')]);
    });

    test('gives what was silent to exactly one of many sweepers, and counts what was not done as failure', async () => {
      const [silent, alive] = [aStatus({ ...counts(1, 0, 2) }), aStatus({ touchedAt: at(9) })];
      await store().insert(silent);
      await store().insert(alive);
      const taken = await Promise.all(
        Array.from({ length: 5 }, () => storage.atomically((use) => use(taxiiStatusStore).takeStale(at(5), at(8), 10))),
      );
      expect(taken.flat()).toEqual([
        { ...silent, ...counts(1, 2, 0), state: 'COMPLETE', completedAt: at(8), updatedAt: at(8) },
      ]);
      expect(await details(silent.id, 'FAILURE')).toBeNull();
      await store().touch(silent.id, at(9));
      expect((await store().getMany([silent.id]))[0]?.touchedAt).toBe(at(0));
      await store().touch(alive.id, at(10));
      expect((await store().getMany([alive.id]))[0]?.touchedAt).toBe(at(10));
    });

    test('lists the newest first, by collection and state, as far as the viewer sees them', async () => {
      const owner = newId();
      const own = aStatus({ owner });
      const nobodys = aStatus({ apiRootId: own.apiRootId });
      const done = aStatus({ owner: newId(), state: 'COMPLETE', completedAt: at(1), collectionId: own.collectionId });
      for (const status of [own, nobodys, done]) await store().insert(status);
      const ids = async (filter = {}, visibility: Partial<StatusVisibility> = everything) =>
        (
          await store().page(filter, { owner: null, written: 'none', apiRootIds: 'all', ...visibility }, request())
        ).items.map(({ node }) => node.id);
      expect(await ids()).toEqual([done.id, nobodys.id, own.id]);
      expect(await ids({ state: 'PENDING' })).toEqual([nobodys.id, own.id]);
      expect(await ids({ collectionId: own.collectionId ?? '' })).toEqual([done.id, own.id]);
      expect(await ids({}, { owner })).toEqual([nobodys.id, own.id]);
      expect(await ids({}, {})).toEqual([nobodys.id]);
      expect(await ids({}, { apiRootIds: [own.apiRootId] })).toEqual([nobodys.id]);
      expect(await ids({}, { apiRootIds: [newId()], written: 'all' })).toEqual([]);
      expect(await ids({}, { written: sees(['collection', done.collectionId ?? '']) })).toEqual([
        done.id,
        nobodys.id,
        own.id,
      ]);
      expect(await ids({}, { written: sees(['apiRoot', done.apiRootId]) })).toEqual([done.id, nobodys.id]);
      const pages = await store().pagesOfRoots([own.apiRootId, newId(), done.apiRootId], {}, everything, request());
      expect(pages.map((page) => page.items.map(({ node }) => node.id))).toEqual([[nobodys.id, own.id], [], [done.id]]);
      expect(await pages[0]?.count()).toBe(2);
    });

    test('deletes what was complete before an instant, and nothing that is pending', async () => {
      const complete = (completedAt: string) => aStatus({ state: 'COMPLETE', completedAt });
      const [old, older, recent] = [complete(at(2)), complete(at(1)), complete(at(5))];
      for (const status of [old, older, recent, aStatus()]) await store().insert(status);
      expect(await store().countCompleted(at(5))).toBe(2);
      expect(await store().deleteCompleted(at(5), 1)).toBe(1);
      expect(await store().getMany([older.id, old.id])).toEqual([null, old]);
      expect(await store().deleteCompleted(at(5), 10)).toBe(1);
      expect(await store().deleteCompleted(at(5), 10)).toBe(0);
      expect(await (await store().page({}, everything, request())).count()).toBe(2);
    });

    test('forgets the statuses of API roots that go, and the collections that do', async () => {
      const [one, other] = [aStatus(), aStatus()];
      for (const status of [one, other]) await store().insert(status);
      await storage.atomically((use) =>
        use(taxiiStatusStore).forgetRooms({ apiRootIds: [one.apiRootId], collectionIds: [other.collectionId ?? ''] }),
      );
      expect(await store().getMany([one.id, other.id])).toEqual([null, { ...other, collectionId: null }]);
    });
  });
}
