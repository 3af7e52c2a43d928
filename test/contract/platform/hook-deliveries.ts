import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import {
  type DeliveryClaim,
  type HookAttempt,
  type HookDelivery,
  hookDeliveryStore,
  mostAttempts,
  type NewHookDelivery,
  undelivered,
} from '#resolvers/platform/hooks/delivery.ts';
import { type Hook, hookStore, type NewHook } from '#resolvers/platform/hooks/hook.ts';
import { type ContractSuite, sharedStorage } from '../suite.ts';
import { newHook, newSecret } from './hooks.ts';
import { firstPage, instant } from './jobs.ts';

let sequence = 0;
export const newDelivery = (
  hook: Pick<Hook, 'id' | 'ownerId'>,
  over: Partial<NewHookDelivery> = {},
): NewHookDelivery => {
  sequence += 1;
  return {
    id: newId(),
    hookId: hook.id,
    ownerId: hook.ownerId,
    eventId: newId(),
    eventName: 'network.device.updated',
    sequence,
    subject: null,
    webhookId: `msg_${sequence}`,
    body: '{"data":1}',
    nextAttemptAt: instant(0),
    createdAt: instant(0),
    ...over,
  };
};

const attempt = (delivery: Pick<HookDelivery, 'id'>, over: Partial<HookAttempt> = {}): HookAttempt => ({
  deliveryId: delivery.id,
  number: 1,
  series: 1,
  at: instant(1),
  durationMs: 12,
  status: 200,
  error: null,
  responseExcerpt: 'ok',
  ...over,
});

const retrying = (seconds: number) =>
  ({ state: 'RETRYING', nextAttemptAt: instant(seconds), deadReason: null }) as const;
const succeeded = { state: 'SUCCEEDED', nextAttemptAt: null, deadReason: null } as const;

/** What every storage of deliveries keeps to. */
export const hookDeliveryContract: ContractSuite = (name, open) => {
  describe(`deliveries of hooks in ${name}`, () => {
    const storage = sharedStorage(open);
    const deliveries = () => storage.use(hookDeliveryStore);
    const hook = async (over: Partial<NewHook> = {}): Promise<Hook> => {
      const fresh = newHook(over);
      return (await storage.use(hookStore).insert(fresh, newSecret(fresh.id))) as Hook;
    };
    const claim = (over: Partial<DeliveryClaim> = {}) =>
      deliveries().claimDue({
        now: instant(1),
        limit: 10,
        perTarget: 10,
        busy: {},
        lease: 60_000,
        fence: newId(),
        ...over,
      });
    const claimed = async (over: Partial<DeliveryClaim> = {}) => (await claim(over)).map(({ sequence }) => sequence);
    /** Takes one delivery, and says how its lease is named. */
    const take = async (over: Partial<DeliveryClaim> = {}) => {
      const fence = newId();
      const [delivery] = await claim({ limit: 1, fence, ...over });
      if (!delivery) throw new Error('Nothing is due.');
      return { delivery, held: { id: delivery.id, fence } };
    };

    test('are given back as they were put in, one for a hook and an event', async () => {
      const owner = await hook();
      const fresh = newDelivery(owner, { subject: 'RGV2', body: '{"a":"ä\\u0000"}', nextAttemptAt: instant(3) });
      expect(await deliveries().insert([fresh])).toEqual([undelivered(fresh)]);
      expect(await deliveries().getMany([newId(), fresh.id])).toEqual([null, undelivered(fresh)]);
      const same = newDelivery(owner, { eventId: fresh.eventId });
      const other = newDelivery(owner);
      expect(await deliveries().insert([same, other])).toEqual([undelivered(other)]);
      expect(await deliveries().insert([])).toEqual([]);
      const events = [fresh.eventId, newId(), other.eventId];
      expect((await deliveries().delivered(owner.id, events)).sort()).toEqual([fresh.eventId, other.eventId].sort());
      expect(await deliveries().delivered(newId(), events)).toEqual([]);
    });

    test('that ten callers put in at once are one', async () => {
      const owner = await hook();
      const eventId = newId();
      const made = await Promise.all(
        Array.from({ length: 10 }, () => deliveries().insert([newDelivery(owner, { eventId })])),
      );
      expect(made.flat()).toHaveLength(1);
    });

    test('go out when they are due, the longest due first, each to one of racing callers', async () => {
      const owner = await hook();
      const late = newDelivery(owner, { nextAttemptAt: instant(5) });
      const two = newDelivery(owner, { nextAttemptAt: instant(1) });
      const one = newDelivery(owner, { nextAttemptAt: instant(0) });
      await deliveries().insert([late, two, one]);
      expect(await claimed()).toEqual([one.sequence, two.sequence]);
      expect(await claimed()).toEqual([]);
      expect(await deliveries().nextDue(instant(1))).toBe(instant(5));
      expect(await deliveries().nextDue(instant(5))).toBeNull();
      const many = Array.from({ length: 30 }, () => newDelivery(owner));
      await deliveries().insert(many);
      const racing = await Promise.all(Array.from({ length: 6 }, () => claim({ limit: 10, perTarget: 50 })));
      let ids = racing.flat().map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      // Rows that another caller just worked on are passed over, so not all need to be out yet.
      while (ids.length < 30) ids = [...ids, ...(await claim({ limit: 30, perTarget: 50 })).map(({ id }) => id)];
      expect(ids.sort()).toEqual(many.map(({ id }) => id).sort());
    });

    test('of one target go out only as many at a time, and hide no other', async () => {
      const busy = await hook({ target: 'https://dead.example.net/a' });
      const also = await hook({ target: 'https://dead.example.net:443/b' });
      const fine = await hook({ target: 'http://fine.example.net:8080/' });
      const dead = Array.from({ length: 300 }, () => newDelivery(busy));
      await deliveries().insert([...dead, ...Array.from({ length: 5 }, () => newDelivery(also))]);
      const good = newDelivery(fine, { nextAttemptAt: instant(1) });
      await deliveries().insert([good]);
      const first = await claim({ limit: 20, perTarget: 4 });
      expect(first.map(({ hookId }) => hookId).sort()).toEqual([...Array(4).fill(busy.id), fine.id].sort());
      const next = newDelivery(fine, { nextAttemptAt: instant(1) });
      await deliveries().insert([next]);
      const rest = { 'https://dead.example.net': 4, 'http://fine.example.net:8080': 1 };
      expect(await claimed({ limit: 20, perTarget: 4, busy: rest })).toEqual([next.sequence]);
      expect(await claimed({ limit: 1, perTarget: 4, busy: { 'https://dead.example.net': 3 } })).toHaveLength(1);
    });

    test('are kept for active hooks alone', async () => {
      const hooks = [await hook({ state: 'DISABLED' }), await hook({ state: 'SUSPENDED' }), await hook()];
      const fresh = [...hooks, { id: newId(), ownerId: newId() }].map((owner) => newDelivery(owner));
      expect((await deliveries().insert(fresh)).map(({ hookId }) => hookId)).toEqual([hooks[2]?.id]);
    });

    test('that are made while their hook ends are not left behind', async () => {
      const owner = await hook();
      const fresh = Array.from({ length: 20 }, () => newDelivery(owner));
      const closed = { state: 'DEAD', deadReason: 'DISABLED' } as const;
      await Promise.all([
        ...fresh.map((delivery) => storage.atomically((use) => use(hookDeliveryStore).insert([delivery]))),
        storage.atomically(async (use) => {
          await use(hookStore).lock([owner.id]);
          await use(hookStore).updateMany([owner.id], { state: 'DISABLED' });
          await pause(20);
          await use(hookDeliveryStore).close([owner.id], closed, instant(1));
        }),
      ]);
      const open = await deliveries().page({ state: ['PENDING'] }, null, firstPage);
      expect(open.items).toEqual([]);
    });

    test('wait while their hook is not active, is held, or has an open breaker', async () => {
      const hooks = [
        await hook(),
        await hook(),
        await hook({ heldUntil: instant(2) }),
        await hook({ breaker: { state: 'OPEN', until: instant(2), failures: 5 } }),
      ];
      const all = hooks.map((owner) => newDelivery(owner));
      await deliveries().insert(all);
      await storage.use(hookStore).updateMany([hooks[0]?.id ?? ''], { state: 'SUSPENDED' });
      await storage.use(hookStore).delete([hooks[1]?.id ?? '']);
      expect(await claimed()).toEqual([]);
      expect(await claimed({ now: instant(2) })).toEqual(all.slice(2).map(({ sequence }) => sequence));
    });

    test('go out one at a time behind a breaker that is not closed', async () => {
      const open = await hook({ breaker: { state: 'OPEN', until: instant(1), failures: 5 } });
      const half = await hook({ breaker: { state: 'HALF_OPEN', until: null, failures: 5 } });
      const fine = await hook();
      await deliveries().insert([open, half, fine].flatMap((one) => [newDelivery(one), newDelivery(one)]));
      const racing = await Promise.all([claim({ perTarget: 50 }), claim({ perTarget: 50 }), claim({ perTarget: 50 })]);
      const counts = Map.groupBy(racing.flat(), ({ hookId }) => hookId);
      expect([open, half, fine].map(({ id }) => counts.get(id)?.length)).toEqual([1, 1, 2]);
      const [probe] = counts.get(half.id) ?? [];
      expect(await claimed({ perTarget: 50 })).toEqual([]);
      await deliveries().close([half.id], { state: 'DEAD', deadReason: 'DISABLED' }, instant(1));
      expect(probe?.state).toBe('PENDING');
    });

    test('of a subject follow one another where the hook wants it so', async () => {
      const ordered = await hook({ ordering: 'SUBJECT' });
      const free = await hook();
      const of = (owner: Hook, subject: string | null, at: number) =>
        newDelivery(owner, { subject, nextAttemptAt: instant(at) });
      // The first of a subject may be due last: it failed.
      const all = [
        of(ordered, 'a', 1),
        of(ordered, 'a', 0),
        of(ordered, 'b', 0),
        of(ordered, null, 0),
        of(ordered, null, 0),
        of(free, 'a', 0),
        of(free, 'a', 0),
      ];
      await deliveries().insert(all);
      const [first, second] = all;
      const fence = newId();
      const out = await claim({ fence });
      expect(out.map(({ id }) => id).sort()).toEqual(
        all
          .filter((delivery) => delivery !== second)
          .map(({ id }) => id)
          .sort(),
      );
      expect(await claimed()).toEqual([]);
      const held = { id: first?.id ?? '', fence };
      await deliveries().finish(held, retrying(9), null, instant(1));
      expect(await claimed()).toEqual([]);
      expect(await claimed({ now: instant(9), fence })).toEqual([first?.sequence]);
      await deliveries().finish(held, succeeded, null, instant(9));
      expect(await claimed()).toEqual([second?.sequence]);
    });

    test('come again when who leased them is gone', async () => {
      const owner = await hook();
      const fresh = newDelivery(owner);
      await deliveries().insert([fresh]);
      const { held } = await take({ lease: 1 });
      await pause(50);
      const again = await take();
      expect(again.delivery).toEqual(undelivered(fresh));
      expect(await deliveries().finish(held, succeeded, attempt(fresh), instant(2))).toBeNull();
      expect(await deliveries().attempts([fresh.id])).toEqual([[]]);
      await deliveries().release(held, instant(0));
      expect(await claimed()).toEqual([]);
      await deliveries().release(again.held, instant(7));
      expect(await claimed()).toEqual([]);
      expect(await deliveries().nextDue(instant(0))).toBe(instant(7));
      expect(await claimed({ now: instant(7) })).toEqual([fresh.sequence]);
    });

    test('keep their attempts, and what the last one made of them', async () => {
      const owner = await hook();
      const fresh = newDelivery(owner);
      await deliveries().insert([fresh]);
      const failed = attempt(fresh, { status: null, error: 'TIMEOUT', responseExcerpt: null });
      const { held } = await take();
      const after = await deliveries().finish(held, retrying(6), failed, instant(2));
      expect(after).toEqual({
        ...undelivered(fresh),
        state: 'RETRYING',
        attemptCount: 1,
        nextAttemptAt: instant(6),
        updatedAt: instant(2),
      });
      const second = await take({ now: instant(6) });
      const passed = attempt(fresh, { number: 2, at: instant(6) });
      const done = await deliveries().finish(second.held, succeeded, passed, instant(7));
      expect(done).toMatchObject({ state: 'SUCCEEDED', attemptCount: 2, nextAttemptAt: null, updatedAt: instant(7) });
      expect(await deliveries().attempts([newId(), fresh.id])).toEqual([[], [failed, passed]]);
      expect(await claimed({ now: instant(99) })).toEqual([]);
    });

    test('tell of their last attempts alone', async () => {
      const owner = await hook();
      const fresh = newDelivery(owner);
      await deliveries().insert([fresh]);
      for (let series = 1; series <= mostAttempts + 2; series += 1) {
        const { held } = await take();
        await deliveries().finish(held, succeeded, attempt(fresh, { series }), instant(1));
        await deliveries().reopen(owner.id, { ids: [fresh.id] }, null, instant(1));
      }
      const [kept = []] = await deliveries().attempts([fresh.id]);
      expect(kept.map(({ series }) => series)).toEqual(Array.from({ length: mostAttempts }, (_, index) => index + 3));
    });

    test('begin another series with the same body and id', async () => {
      const owner = await hook();
      const [dead, done, waiting] = [newDelivery(owner), newDelivery(owner), newDelivery(owner)];
      await deliveries().insert([dead, done, waiting]);
      const fence = newId();
      await claim({ fence, limit: 2 });
      await deliveries().finish(
        { id: dead.id, fence },
        { state: 'DEAD', nextAttemptAt: null, deadReason: 'EXHAUSTED' },
        attempt(dead, { number: 10 }),
        instant(2),
      );
      await deliveries().finish({ id: done.id, fence }, succeeded, attempt(done), instant(2));
      const events = [dead.eventId, done.eventId, newId()];
      expect(await deliveries().reopen(newId(), { events }, null, instant(5))).toBe(0);
      expect(await deliveries().reopen(owner.id, { events }, ['DEAD'], instant(5))).toBe(1);
      expect((await deliveries().getMany([dead.id]))[0]).toEqual({
        ...undelivered(dead),
        series: 2,
        nextAttemptAt: instant(5),
        updatedAt: instant(5),
      });
      expect(await deliveries().reopen(owner.id, { events }, null, instant(6))).toBe(2);
      // Who sends it now has no say in it any more.
      const { held } = await take({ limit: 1 });
      expect(await deliveries().reopen(owner.id, { ids: [waiting.id] }, null, instant(7))).toBe(1);
      expect(held.id).toBe(waiting.id);
      expect(await deliveries().finish(held, succeeded, attempt(waiting), instant(8))).toBeNull();
      const all = await deliveries().getMany([dead.id, done.id, waiting.id]);
      expect(all.map((one) => [one?.series, one?.state])).toEqual([
        [3, 'PENDING'],
        [2, 'PENDING'],
        [2, 'PENDING'],
      ]);
    });

    test('end with their hook, those under way too, and those done with stay as they are', async () => {
      const [owner, other] = [await hook(), await hook()];
      const [done, out, waiting] = [newDelivery(owner), newDelivery(owner), newDelivery(owner)];
      const foreign = newDelivery(other);
      await deliveries().insert([done]);
      const first = await take();
      await deliveries().finish(first.held, succeeded, attempt(done), instant(1));
      await deliveries().insert([out]);
      const second = await take();
      await deliveries().insert([waiting, foreign]);
      const closed = { state: 'DEAD', deadReason: 'SUSPENDED' } as const;
      expect(await deliveries().close([owner.id], closed, instant(3))).toBe(2);
      expect(await deliveries().finish(second.held, succeeded, attempt(out), instant(4))).toBeNull();
      const all = await deliveries().getMany([done.id, out.id, waiting.id, foreign.id]);
      expect(all.map((one) => [one?.state, one?.deadReason, one?.nextAttemptAt])).toEqual([
        ['SUCCEEDED', null, null],
        ['DEAD', 'SUSPENDED', null],
        ['DEAD', 'SUSPENDED', null],
        ['PENDING', null, instant(0)],
      ]);
      await deliveries().reopen(owner.id, { ids: [out.id] }, null, instant(4));
      expect(await deliveries().close([owner.id], { state: 'CANCELLED', deadReason: null }, instant(5))).toBe(1);
      expect((await deliveries().getMany([out.id]))[0]).toMatchObject({ state: 'CANCELLED', updatedAt: instant(5) });
    });

    test('are listed newest first, of one owner or of all, and filtered', async () => {
      const [owner, other] = [await hook(), await hook()];
      const one = newDelivery(owner, { createdAt: instant(1) });
      const two = newDelivery(owner, { createdAt: instant(2), eventName: 'network.site.created' });
      const three = newDelivery(other, { createdAt: instant(3) });
      await deliveries().insert([one, two, three]);
      const { held, delivery } = await take();
      expect(delivery.id).toBe(one.id);
      await deliveries().finish(held, succeeded, attempt(one), instant(1));
      const page = async (filter: object, ownerId: string | null = null) => {
        const found = await deliveries().page(filter, ownerId, firstPage);
        expect(await found.count()).toBe(found.items.length);
        return found.items.map(({ node }) => node.sequence);
      };
      const [first, second, third] = [one, two, three].map(({ sequence }) => sequence);
      expect(await page({})).toEqual([third, second, first]);
      expect(await page({}, owner.ownerId)).toEqual([second, first]);
      expect(await page({ hook: other.id })).toEqual([third]);
      expect(await page({ hook: other.id }, owner.ownerId)).toEqual([]);
      expect(await page({ state: ['PENDING'], hook: owner.id })).toEqual([second]);
      expect(await page({ event: { like: 'network.SITE.*' } })).toEqual([second]);
      expect(await page({ from: instant(2), to: instant(3) })).toEqual([second]);
      expect(
        await page({ not: { or: [{ state: ['SUCCEEDED'] }, { event: { eq: 'network.site.created' } }] } }),
      ).toEqual([third]);
      const next = await deliveries().page({}, null, { ...firstPage, limit: 1, after: [three.id] });
      expect([next.items[0]?.node.sequence, next.hasNextPage]).toEqual([second, true]);
    });

    test('of many hooks are listed in one read, a page of each', async () => {
      const [one, two, none] = [await hook(), await hook(), await hook()];
      const own = [newDelivery(one), newDelivery(one), newDelivery(one)];
      const foreign = newDelivery(two, { eventName: 'network.site.created' });
      await deliveries().insert([...own, foreign]);
      const ids = [none.id, one.id, two.id];
      const read = (filter: object, limit = 2) => deliveries().pages(ids, filter, { ...firstPage, limit });
      const shown = async (filter: object) =>
        Promise.all(
          (await read(filter)).map(async (page) => [
            page.items.map(({ node }) => node.sequence),
            page.hasNextPage,
            await page.count(),
          ]),
        );
      const [, second, third] = own.map(({ sequence }) => sequence);
      expect(await shown({})).toEqual([
        [[], false, 0],
        [[third, second], true, 3],
        [[foreign.sequence], false, 1],
      ]);
      expect(await shown({ event: { like: '*site*' } })).toEqual([
        [[], false, 0],
        [[], false, 0],
        [[foreign.sequence], false, 1],
      ]);
      const statements = await storage.countStatements(() => read({}));
      expect(statements === null || statements === 1).toBe(true);
    });

    test('are counted by state as they change', async () => {
      const owner = await hook();
      expect(await deliveries().countByState()).toEqual({});
      await deliveries().insert(Array.from({ length: 3 }, () => newDelivery(owner)));
      expect(await deliveries().countByState()).toEqual({ PENDING: 3 });
      const { held, delivery } = await take();
      await deliveries().finish(held, succeeded, attempt(delivery), instant(1));
      await deliveries().close([owner.id], { state: 'DEAD', deadReason: 'DISABLED' }, instant(1));
      expect(await deliveries().countByState()).toEqual({ SUCCEEDED: 1, DEAD: 2 });
      await deliveries().trim({ dead: instant(2), others: instant(0) }, 10);
      expect(await deliveries().countByState()).toEqual({ SUCCEEDED: 1 });
    });

    test('are deleted with their attempts once they were done with for long enough', async () => {
      const owner = await hook();
      const [open, done, dead, late] = Array.from({ length: 4 }, () => newDelivery(owner)) as [
        NewHookDelivery,
        NewHookDelivery,
        NewHookDelivery,
        NewHookDelivery,
      ];
      await deliveries().insert([done, dead, late, open]);
      const fence = newId();
      await claim({ fence, limit: 3 });
      const finish = (
        delivery: NewHookDelivery,
        outcome: Parameters<ReturnType<typeof deliveries>['finish']>[1],
        at = 1,
      ) => deliveries().finish({ id: delivery.id, fence }, outcome, attempt(delivery), instant(at));
      await claim({ fence, limit: 10 });
      await finish(done, succeeded);
      await finish(dead, { state: 'DEAD', nextAttemptAt: null, deadReason: 'EXHAUSTED' });
      await finish(late, succeeded, 5);
      const before = { dead: instant(1), others: instant(5) };
      expect(await deliveries().trim(before, 10)).toBe(1);
      const kept = await deliveries().getMany([open.id, done.id, dead.id, late.id]);
      expect(kept.map((one) => one !== null)).toEqual([true, false, true, true]);
      expect((await deliveries().attempts([done.id, dead.id])).map(({ length }) => length)).toEqual([0, 1]);
      expect(await deliveries().trim({ dead: instant(9), others: instant(9) }, 1)).toBe(1);
      expect(await deliveries().trim({ dead: instant(9), others: instant(9) }, 9)).toBe(1);
      expect(await deliveries().trim({ dead: instant(9), others: instant(9) }, 9)).toBe(0);
      const again = newDelivery(owner, { eventId: done.eventId });
      expect(await deliveries().insert([again])).toHaveLength(1);
    });

    test('belong to the unit of work that made them', async () => {
      const owner = await hook();
      const fresh = newDelivery(owner);
      await expect(
        storage.atomically(async (use) => {
          await use(hookDeliveryStore).insert([fresh]);
          throw new Error('given up');
        }),
      ).rejects.toThrow('given up');
      expect(await deliveries().getMany([fresh.id])).toEqual([null]);
      expect(await deliveries().countByState()).toEqual({});
    });
  });
};
