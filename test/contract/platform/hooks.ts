import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { type Hook, type HookSecret, hookStore, type NewHook, untried } from '#resolvers/platform/hooks/hook.ts';
import { type ContractSuite, sharedStorage } from '../suite.ts';
import { firstPage, instant } from './jobs.ts';

export const newHook = (over: Partial<NewHook> = {}): NewHook => ({
  id: newId(),
  ownerId: newId(),
  event: 'network.device.*',
  target: 'https://hooks.example.net/in',
  globalHook: false,
  payload: 'NSOT',
  includeChange: false,
  scope: [],
  subject: null,
  ordering: 'NONE',
  signing: 'HMAC',
  state: 'ACTIVE',
  disabledReason: null,
  ...untried,
  listensAfter: null,
  etag: 'e1',
  createdAt: instant(0),
  updatedAt: instant(0),
  ...over,
});

export const newSecret = (hookId: string, over: Partial<HookSecret> = {}): HookSecret => ({
  id: newId(),
  hookId,
  sealed: 'sealed',
  publicKey: null,
  expiresAt: null,
  createdAt: instant(0),
  ...over,
});

/** What every storage of hooks keeps to. */
export const hookContract: ContractSuite = (name, open) => {
  describe(`hooks in ${name}`, () => {
    const storage = sharedStorage(open);
    const hooks = () => storage.use(hookStore);
    const insert = async (over: Partial<NewHook> = {}): Promise<Hook> => {
      const fresh = newHook(over);
      const made = await hooks().insert(fresh, newSecret(fresh.id));
      if (!made) throw new Error('The hook was not made.');
      return made;
    };

    test('are given back as they were made, with the next number', async () => {
      const fresh = newHook({
        event: 'device.update',
        target: 'https://Hooks.example.net:8443/Ä?a=1',
        globalHook: true,
        payload: 'STANDARD',
        includeChange: true,
        scope: [{ kind: 'site', value: newId() }],
        subject: 'a subject of its own',
        ordering: 'SUBJECT',
        signing: 'ED25519',
        state: 'DISABLED',
        disabledReason: 'FAILING',
        breaker: { state: 'OPEN', until: instant(30), failures: 5 },
        heldUntil: instant(60),
        failingSince: instant(-5),
        listensAfter: 12,
      });
      expect(await hooks().insert(fresh, newSecret(fresh.id))).toEqual({ ...fresh, number: 1 });
      expect(await hooks().getMany([newId(), fresh.id])).toEqual([null, { ...fresh, number: 1 }]);
      expect((await insert()).number).toBe(2);
    });

    test('never get a number again', async () => {
      const first = await insert();
      await hooks().delete([first.id]);
      expect((await insert()).number).toBe(2);
      await expect(
        storage.atomically(async (use) => {
          const lost = newHook();
          expect((await use(hookStore).insert(lost, newSecret(lost.id)))?.number).toBe(3);
          throw new Error('given up');
        }),
      ).rejects.toThrow('given up');
      expect((await insert()).number).toBe(3);
    });

    test('are one of an owner, an event and a target, and use up no number beside', async () => {
      const first = await insert();
      const { ownerId, event, target } = first;
      const same = newHook({ ownerId, event, target });
      expect(await hooks().insert(same, newSecret(same.id))).toBeNull();
      const others = [
        await insert({ ownerId, event, target: 'https://hooks.example.net/in?' }),
        await insert({ ownerId, event: 'network.*', target }),
        await insert({ event, target }),
      ];
      expect(others.map(({ number }) => number)).toEqual([2, 3, 4]);
      expect(await hooks().getMany([same.id])).toEqual([null]);
    });

    test('that ten callers make at once are one, and others get numbers without a hole', async () => {
      const ownerId = newId();
      const same = Array.from({ length: 10 }, () => newHook({ ownerId }));
      const others = Array.from({ length: 10 }, () => newHook());
      const made = await Promise.all([...same, ...others].map((hook) => hooks().insert(hook, newSecret(hook.id))));
      expect(made.slice(0, 10).filter(Boolean)).toHaveLength(1);
      const numbers = made.flatMap((hook) => hook?.number ?? []).sort((one, other) => one - other);
      expect(numbers).toEqual(Array.from({ length: 11 }, (_, index) => index + 1));
    });

    test('may have long targets', async () => {
      const target = `https://hooks.example.net/${'ä'.repeat(2000)}`;
      const { ownerId } = await insert({ target });
      const same = newHook({ ownerId, target });
      expect(await hooks().insert(same, newSecret(same.id))).toBeNull();
    });

    test('change as they are told, and not into another one of their owner', async () => {
      const { ownerId, ...one } = await insert();
      const other = await insert({ ownerId, target: 'https://hooks.example.net/other' });
      const change = {
        ownerId,
        event: '*',
        target: 'https://hooks.example.net/third',
        scope: [{ kind: 'site', value: 'x' }],
        subject: 's',
        breaker: { state: 'HALF_OPEN', until: null, failures: 7 } as const,
        heldUntil: instant(9),
        failingSince: instant(1),
        state: 'SUSPENDED' as const,
        etag: 'e2',
        updatedAt: instant(5),
      };
      const changed = await storage.atomically(async (use) => {
        const [locked] = await use(hookStore).lock([one.id]);
        expect(locked?.id).toBe(one.id);
        return use(hookStore).update(one.id, change);
      });
      expect(changed).toEqual({ ...one, ...change });
      expect(await hooks().getMany([one.id])).toEqual([changed]);
      expect(await hooks().update(one.id, { event: other.event, target: other.target })).toBeNull();
      expect(await hooks().getMany([one.id])).toEqual([changed]);
      expect(await hooks().update(one.id, { event: '*', target: change.target, etag: 'e3' })).toEqual({
        ...changed,
        etag: 'e3',
      });
      expect(await hooks().lock([newId()])).toEqual([null]);
      expect(await hooks().update(newId(), { etag: 'x' })).toBeNull();
    });

    test('change together where nothing but their state is at stake', async () => {
      const [one, two, other] = [await insert(), await insert(), await insert()];
      const change = { state: 'SUSPENDED', listensAfter: null, etag: 'e9', updatedAt: instant(9) } as const;
      expect(await hooks().updateMany([two.id, newId(), one.id], change)).toEqual([
        { ...two, ...change },
        { ...one, ...change },
      ]);
      expect(await hooks().getMany([other.id])).toEqual([other]);
    });

    test('that two callers turn into one and the same: one of them does', async () => {
      const ownerId = newId();
      const all = await Promise.all(
        ['a', 'b', 'c'].map((path) => insert({ ownerId, target: `https://hooks.example.net/${path}` })),
      );
      const results = await Promise.all(
        all.map(({ id }) => hooks().update(id, { target: 'https://hooks.example.net/same' })),
      );
      expect(results.filter(Boolean)).toHaveLength(1);
    });

    test('are listed newest first, of one owner or of all, and filtered', async () => {
      const ownerId = newId();
      const one = await insert({ ownerId, event: 'device.update' });
      const two = await insert({
        ownerId,
        event: 'network.*',
        target: 'https://ÄRGER.example.net/',
        state: 'DISABLED',
      });
      const three = await insert({ event: '*' });
      const page = async (filter: object, owner: string | null = null) => {
        const found = await hooks().page(filter, owner, firstPage);
        expect(await found.count()).toBe(found.items.length);
        return found.items.map(({ node }) => node.number);
      };
      expect(await page({})).toEqual([three, two, one].map(({ number }) => number));
      expect(await page({}, ownerId)).toEqual([2, 1]);
      expect(await page({ owner: ownerId, state: ['ACTIVE'] })).toEqual([1]);
      expect(await page({ state: [] })).toEqual([]);
      expect(await page({ event: { like: 'device*' } })).toEqual([1]);
      expect(await page({ target: { like: '*ärger*' } })).toEqual([2]);
      expect(await page({ or: [{ event: { eq: '*' } }, { target: { like: 'HTTPS://ä*' } }] })).toEqual([3, 2]);
      expect(await page({ not: { state: ['ACTIVE'] } })).toEqual([2]);
      const second = await hooks().page({}, null, { ...firstPage, limit: 1, after: [three.id] });
      expect(second.items.map(({ node }) => node.number)).toEqual([2]);
      expect(second.hasNextPage).toBe(true);
    });

    test('are found by the patterns that an event fits, when they are active', async () => {
      const [full, prefix, all] = [
        await insert({ event: 'network.device.created' }),
        await insert({ event: 'network.device.*' }),
        await insert({ event: '*' }),
      ];
      await insert({ event: 'network.site.*' });
      await insert({ event: '*', state: 'DISABLED' });
      await insert({ event: '*', state: 'SUSPENDED' });
      const found = await hooks().listening(['network.device.created', 'network.device.*', 'network.*', '*']);
      expect(found.map(({ number }) => number).sort()).toEqual([full, prefix, all].map(({ number }) => number));
      expect(await hooks().listening([])).toEqual([]);
    });

    test('listen from the newest event that made or enabled them', async () => {
      const { id } = await insert();
      const armed = async (sequence: number) => {
        await hooks().arm(id, sequence);
        return (await hooks().getMany([id]))[0]?.listensAfter;
      };
      expect([await armed(0), await armed(7), await armed(3)]).toEqual([0, 7, 7]);
      await hooks().update(id, { listensAfter: null });
      expect(await armed(5)).toBe(5);
      await hooks().arm(newId(), 9);
    });

    test('of an owner are found by their state, some at a time', async () => {
      const ownerId = newId();
      const ids = [];
      for (const path of 'abc') ids.push((await insert({ ownerId, target: `https://hooks.example.net/${path}` })).id);
      const off = await insert({ ownerId, event: '*', state: 'DISABLED' });
      await insert();
      expect(await hooks().ofOwner(ownerId, ['ACTIVE'], 2)).toEqual(ids.slice(0, 2));
      expect(await hooks().ofOwner(ownerId, ['ACTIVE', 'DISABLED'], 9)).toEqual([...ids, off.id]);
    });

    test('sign with their newest secret, and with older ones for a while', async () => {
      const { id } = await insert();
      const other = await insert();
      const [first] = (await hooks().secrets([id], instant(0)))[0] ?? [];
      expect(first).toEqual(newSecret(id, { id: first?.id ?? '' }));
      const second = newSecret(id, { createdAt: instant(10), publicKey: 'whpk_x' });
      await hooks().rotate(second, instant(100));
      const third = newSecret(id, { createdAt: instant(20) });
      await hooks().rotate(third, instant(120));
      const goodAt = async (seconds: number) =>
        (await hooks().secrets([other.id, id], instant(seconds)))[1]?.map((secret) => [secret.id, secret.expiresAt]);
      expect(await goodAt(20)).toEqual([
        [third.id, null],
        [second.id, instant(120)],
        [first?.id, instant(100)],
      ]);
      expect(await goodAt(100)).toEqual([
        [third.id, null],
        [second.id, instant(120)],
      ]);
      const fourth = newSecret(id, { createdAt: instant(30) });
      await hooks().rotate(fourth, instant(30));
      expect(await goodAt(0)).toEqual([[fourth.id, null]]);
      expect((await hooks().secrets([other.id], instant(0)))[0]).toHaveLength(1);
    });

    test('leave no secret behind', async () => {
      const { id } = await insert();
      await hooks().delete([id, newId()]);
      expect(await hooks().secrets([id], instant(0))).toEqual([[]]);
      expect(await hooks().getMany([id])).toEqual([null]);
    });

    test('are counted by breakers that are not closed', async () => {
      await insert();
      expect(await hooks().countOpenBreakers()).toBe(0);
      await insert({ breaker: { state: 'OPEN', until: instant(1), failures: 5 } });
      await insert({ breaker: { state: 'HALF_OPEN', until: null, failures: 5 } });
      expect(await hooks().countOpenBreakers()).toBe(2);
    });
  });
};
