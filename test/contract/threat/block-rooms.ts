import { describe, expect, test } from 'vitest';
import { InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import {
  type CollectionSubscription,
  type SubscriptionQuery,
  subscriptionStore,
} from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import { inboxMessageStore } from '#resolvers/threat/inbox/inbox-message.ts';
import { type ResultSet, resultSetStore } from '#resolvers/threat/polls/result-set.ts';
import { request } from '../network/support.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { aMessage, label } from './blocks-support.ts';

/** What every storage of inbox messages holds. */
export function inboxMessageContract(name: string, open: OpenStorage): void {
  describe(`inbox messages in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(inboxMessageStore);

    test('gives back messages as they came, with their bytes where they are kept', async () => {
      const plain = aMessage();
      const whole = aMessage({
        hasRaw: true,
        collectionTaxiiIds: [newId(), newId()],
        resultId: 'r',
        recordCount: 2 ** 40,
        partialCount: true,
        source: { collectionName: 'c', subscriptionId: null, begin: label(1), beginInclusive: true, end: null },
      });
      const raw = Uint8Array.from([0, 255, 60, 128]);
      await store().insert(plain, null);
      await store().insert(whole, raw);
      expect(await store().getMany([whole.id, newId(), plain.id, 'x'])).toEqual([whole, null, plain, null]);
      const [kept, none] = await store().raws([whole.id, plain.id]);
      expect(Array.from(kept ?? [])).toEqual(Array.from(raw));
      expect(none).toBeNull();
    });

    test('lists them in the order in which they came, of one inbox and as far as they are visible', async () => {
      const [one, other] = [newId(), newId()];
      const messages = [
        aMessage({ collectionTaxiiIds: [one] }),
        aMessage({ collectionTaxiiIds: [one, other], service: 'second' }),
        aMessage({ collectionTaxiiIds: [] }),
      ];
      for (const message of messages.toReversed()) await store().insert(message, null);
      const list = async (parts: Partial<Parameters<ReturnType<typeof store>['page']>[0]> = {}) => {
        const page = await store().page({ service: null, visibility: 'all', page: request(), ...parts });
        expect(await page.count()).toBe(page.items.length);
        return page.items.map(({ node }) => messages.indexOf(messages.find(({ id }) => id === node.id) as never));
      };
      expect(await list()).toEqual([0, 1, 2]);
      expect(await list({ service: 'second' })).toEqual([1]);
      expect(await list({ service: 'none\u0000' })).toEqual([]);
      const grant = (value: string) => ({ kind: 'collection', value });
      expect(await list({ visibility: { allOf: [[grant(other)]] } })).toEqual([1]);
      expect(await list({ visibility: { allOf: [[grant(one)], [grant(other)]] } })).toEqual([1]);
      expect(await list({ visibility: { allOf: [[{ kind: 'apiRoot', value: one }]] } })).toEqual([]);
      expect(await list({ visibility: 'none' })).toEqual([]);
      await expect(list({ page: request({ after: ['x'] }) })).rejects.toThrow(InputError);
    });

    test('finds and deletes the oldest with their bytes', async () => {
      const old = aMessage({ createdAt: label(1), hasRaw: true });
      const older = aMessage({ createdAt: label(0) });
      const fresh = aMessage({ createdAt: label(2) });
      for (const message of [old, older, fresh])
        await store().insert(message, message.hasRaw ? new Uint8Array(1) : null);
      expect(await store().countCameBefore(label(2))).toBe(2);
      expect(await store().cameBefore(label(2), 5)).toEqual([older.id, old.id]);
      expect(await store().cameBefore(label(2), 1)).toEqual([older.id]);
      await store().deleteMany([older.id, old.id]);
      expect(await store().getMany([older.id, old.id, fresh.id])).toEqual([null, null, fresh]);
      expect(await store().raws([old.id])).toEqual([null]);
    });
  });
}

const aSet = (parts: Partial<ResultSet> = {}): ResultSet => ({
  id: newId(),
  dataCollectionId: newId(),
  wanted: 'ALL',
  begin: null,
  end: label(9),
  endStated: true,
  partSize: 20,
  maxResultCount: 15,
  subscriptionId: null,
  createdAt: label(10),
  expiresAt: label(100),
  ...parts,
});

/** What every storage of result sets holds. */
export function resultSetContract(name: string, open: OpenStorage): void {
  describe(`result sets in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(resultSetStore);

    test('gives back result sets as they were inserted', async () => {
      const wide = aSet();
      const narrow = aSet({
        wanted: [{ binding: 'urn:x', subtypes: ['a', 'b'] }],
        begin: '2026-03-01T00:00:00.000001Z',
        endStated: false,
        subscriptionId: newId(),
      });
      await store().insert(wide);
      await store().insert(narrow);
      expect(await store().getMany([narrow.id, newId(), wide.id, 'x'])).toEqual([narrow, null, wide, null]);
      expect(await storage.atomically((use) => use(resultSetStore).lock(narrow.id))).toEqual(narrow);
      expect(await storage.atomically((use) => use(resultSetStore).lock(newId()))).toBeNull();
    });

    test('keeps the end of each part once', async () => {
      const { id } = aSet();
      await store().insert(aSet({ id }));
      const last = (place: number) => ({ timestampLabel: label(place), id: newId() });
      const [second, fourth] = [last(2), last(4)];
      expect(await store().nearestEnd(id, 10)).toBeNull();
      await store().keepEnds(id, [
        { part: 2, last: second },
        { part: 4, last: fourth },
      ]);
      await store().keepEnds(id, [{ part: 4, last: last(5) }]);
      expect(await store().nearestEnd(id, 1)).toBeNull();
      expect(await store().nearestEnd(id, 3)).toEqual({ part: 2, last: second });
      expect(await store().nearestEnd(id, 4)).toEqual({ part: 4, last: fourth });
      expect(await store().nearestEnd(id, 2 ** 31 - 1)).toEqual({ part: 4, last: fourth });
    });

    test('deletes what is expired, the oldest first, and what belongs to data collections', async () => {
      const [first, second, later] = [
        aSet({ expiresAt: label(1) }),
        aSet({ expiresAt: label(2) }),
        aSet({ expiresAt: label(3) }),
      ];
      for (const set of [later, second, first]) await store().insert(set);
      await store().keepEnds(first.id, [{ part: 1, last: { timestampLabel: label(1), id: newId() } }]);
      expect(await store().countExpired(label(2))).toBe(2);
      expect(await store().deleteExpired(label(2), 1)).toBe(1);
      expect(await store().getMany([first.id, second.id])).toEqual([null, second]);
      expect(await store().deleteExpired(label(2), 5)).toBe(1);
      await store().deleteOfDataCollections([later.dataCollectionId, newId()]);
      expect(await store().getMany([later.id])).toEqual([null]);
    });
  });
}

const aSubscription = (parts: Partial<CollectionSubscription> = {}): CollectionSubscription => ({
  id: newId(),
  dataCollectionId: newId(),
  collectionTaxiiId: newId(),
  serviceId: newId(),
  ownerId: null,
  status: 'ACTIVE',
  responseType: 'FULL',
  contentBindings: [],
  createdAt: label(1),
  updatedAt: label(2),
  ...parts,
});

/** What every storage of subscriptions to data collections holds. */
export function subscriptionContract(name: string, open: OpenStorage): void {
  describe(`subscriptions to data collections in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(subscriptionStore);
    const all = { ownerId: null, visibility: 'all' } as const;

    test('gives back subscriptions as they were inserted, and writes their status', async () => {
      const bound = aSubscription({
        ownerId: newId(),
        responseType: 'COUNT_ONLY',
        contentBindings: [{ binding: 'urn:x', subtypes: ['a'] }],
      });
      await store().insert(bound);
      expect(await store().getMany([bound.id, newId(), 'x'])).toEqual([bound, null, null]);
      await storage.atomically(async (use) => {
        expect(await use(subscriptionStore).lock(bound.id)).toEqual(bound);
        await use(subscriptionStore).setStatus(bound.id, 'PAUSED', label(3));
      });
      expect(await store().getMany([bound.id])).toEqual([{ ...bound, status: 'PAUSED', updatedAt: label(3) }]);
    });

    test('lists those of an owner and those seen by a right, of a service, of a status and of data collections', async () => {
      const [owner, feed, taxiiId, service] = [newId(), newId(), newId(), newId()];
      const subscriptions = [
        aSubscription({ ownerId: owner, dataCollectionId: feed, serviceId: service }),
        aSubscription({ dataCollectionId: feed, collectionTaxiiId: taxiiId }),
        aSubscription({ ownerId: owner, status: 'PAUSED' }),
        aSubscription({ ownerId: newId(), serviceId: service }),
      ];
      for (const subscription of subscriptions.toReversed()) await store().insert(subscription);
      const list = async (ids: (string | null)[], parts: Partial<SubscriptionQuery> = {}) => {
        const pages = await store().pages(ids, { filter: {}, seen: all, page: request(), ...parts });
        return Promise.all(
          pages.map(async (page) => {
            expect(await page.count()).toBe(page.items.length);
            return page.items.map(({ node }) => subscriptions.findIndex(({ id }) => id === node.id));
          }),
        );
      };
      expect(await list([null, feed, newId()])).toEqual([[0, 1, 2, 3], [0, 1], []]);
      expect(await list([null], { seen: { ownerId: owner, visibility: 'none' } })).toEqual([[0, 2]]);
      expect(await list([null], { seen: { ownerId: null, visibility: 'none' } })).toEqual([[]]);
      const granted = { allOf: [[{ kind: 'collection', value: taxiiId }]] };
      expect(await list([null, feed], { seen: { ownerId: owner, visibility: granted } })).toEqual([
        [0, 1, 2],
        [0, 1],
      ]);
      expect(await list([null], { filter: { serviceId: service } })).toEqual([[0, 3]]);
      expect(await list([null], { filter: { status: 'PAUSED' } })).toEqual([[2]]);
    });

    test('deletes those that were ended long ago, and those of data collections and services', async () => {
      const ended = { status: 'UNSUBSCRIBED' as const };
      const [first, second] = [aSubscription({ ...ended, updatedAt: label(1) }), aSubscription(ended)];
      const others = [aSubscription(), aSubscription({ status: 'PAUSED' }), aSubscription()];
      for (const one of [second, first, ...others]) await store().insert(one);
      expect(await store().countEndedBefore(label(3))).toBe(2);
      expect(await store().deleteEndedBefore(label(3), 1)).toBe(1);
      expect(await store().getMany([first.id, second.id])).toEqual([null, second]);
      expect(await store().deleteEndedBefore(label(3), 5)).toBe(1);
      await store().deleteOfDataCollections([others[0]?.dataCollectionId ?? '']);
      await store().deleteOfServices([others[1]?.serviceId ?? '']);
      expect(await store().getMany(others.map(({ id }) => id))).toEqual([null, null, others[2]]);
    });
  });
}
