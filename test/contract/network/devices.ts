import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { aDevice, natural, naturalDown, query, sees } from './support.ts';

/** What every storage of devices holds. */
export function deviceContract(name: string, open: OpenStorage): void {
  describe(`devices in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(deviceStore);
    const [here, there] = [newId(), newId()];

    test('gives back what was inserted, null for what is missing, in the order asked for', async () => {
      const [one, other] = [aDevice(here, 'one'), aDevice(here, 'other')];
      expect(await store().insertMany([one, other])).toEqual([one, other]);
      expect(await store().getMany([other.id, newId(), 'no id', one.id])).toEqual([other, null, null, one]);
    });

    test('refuses a hostname that its Site has in any case, and takes it in another Site', async () => {
      await store().insertMany([aDevice(here, 'Foo-Bar1')]);
      const [again, elsewhere, first, second] = [
        aDevice(here, 'FOO-bar1'),
        aDevice(there, 'foo-bar1'),
        aDevice(here, 'x'),
        aDevice(here, 'X'),
      ];
      expect(await store().insertMany([again, elsewhere, first, second])).toEqual([null, elsewhere, first, null]);
    });

    test('gives one of fifty racing callers the hostname', async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => store().insertMany([aDevice(here, 'one')])));
      expect(answers.filter(([device]) => device)).toHaveLength(1);
    });

    test('lets racing callers insert the same names in crossing orders', async () => {
      const names = Array.from({ length: 40 }, (_, index) => `d${index}`);
      const answers = await Promise.all(
        [names, names.toReversed(), names, names.toReversed()].map((order) =>
          store().insertMany(order.map((hostname) => aDevice(here, hostname))),
        ),
      );
      expect(answers.flat().filter((device) => device)).toHaveLength(40);
    });

    test('matches visible devices by hostname in any case, two at most', async () => {
      const [one, two, three] = [aDevice(here, 'R1'), aDevice(there, 'r1'), aDevice(newId(), 'r1')];
      await store().insertMany([one, two, three]);
      const keys = [
        { siteId: here, key: 'r1' },
        { siteId: null, key: 'R1' },
        { siteId: here, key: 'none' },
        { siteId: null, key: '\u0000' },
      ];
      expect(await store().match(keys, 'all')).toEqual([[one], [one, two], [], []]);
      expect(await store().match(keys, sees(['site', there], ['device', three.id]))).toEqual([
        [],
        [two, three],
        [],
        [],
      ]);
      expect(await store().match(keys, 'none')).toEqual([[], [], [], []]);
    });

    test('renames many at once, which may swap their names', async () => {
      const [one, other] = [aDevice(here, 'one'), aDevice(here, 'other')];
      await store().insertMany([one, other]);
      const after = [
        { ...one, hostname: 'other', updatedAt: '2026-03-02T00:00:00.000000Z' },
        { ...other, hostname: 'one' },
      ];
      expect(await store().updateMany(after)).toEqual([]);
      expect(await store().getMany([one.id, other.id])).toEqual(after);
      expect(await store().match([{ siteId: here, key: 'one' }], 'all')).toEqual([[after[1]]]);
    });

    test('changes the case of a hostname', async () => {
      const device = aDevice(here, 'one');
      await store().insertMany([device]);
      expect(await store().updateMany([{ ...device, hostname: 'ONE' }])).toEqual([]);
      expect((await store().getMany([device.id]))[0]?.hostname).toBe('ONE');
    });

    test('names those whose new hostname is taken, by others or by one another', async () => {
      const [one, other, third] = [aDevice(here, 'one'), aDevice(here, 'other'), aDevice(here, 'third')];
      await store().insertMany([one, other, third]);
      const attempt = (devices: (typeof one)[]) =>
        storage.atomically(async (use) => {
          const taken = await use(deviceStore).updateMany(devices);
          expect(taken).not.toEqual([]);
          throw new Error(taken.map((device) => device.id).join());
        });
      await expect(attempt([{ ...other, hostname: 'ONE' }])).rejects.toThrow(other.id);
      await expect(
        attempt([
          { ...one, hostname: 'same' },
          { ...other, hostname: 'SAME' },
        ]),
      ).rejects.toThrow(other.id);
      expect(await store().getMany([one.id, other.id])).toEqual([one, other]);
    });

    test('gives one of twenty racing renames the hostname', async () => {
      const devices = Array.from({ length: 20 }, (_, index) => aDevice(here, `d${index}`));
      await store().insertMany(devices);
      const outcomes = await Promise.all(
        devices.map((device) =>
          storage
            .atomically(async (use) => {
              await use(deviceStore).lock([device.id]);
              const taken = await use(deviceStore).updateMany([{ ...device, hostname: 'one' }]);
              if (taken.length > 0) throw new Error('taken');
            })
            .then(
              () => 'renamed',
              (error: Error) => error.message,
            ),
        ),
      );
      expect(outcomes.filter((outcome) => outcome === 'renamed')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'taken')).toHaveLength(19);
    });

    test('pages the devices of many Sites in one read, each in its order and with its count', async () => {
      await store().insertMany(['b', 'C', 'a', 'd'].map((hostname) => aDevice(here, hostname)));
      await store().insertMany([aDevice(there, 'x')]);
      const sites = [there, newId(), here];
      const ask = query({ order: natural, page: { limit: 2 } });
      const statements = await storage.countStatements(async () => {
        const pages = await store().pages(sites, ask);
        expect(pages.map((page) => page.items.map(({ node }) => node.hostname))).toEqual([['x'], [], ['a', 'b']]);
        expect(pages.map((page) => page.hasNextPage)).toEqual([false, false, true]);
      });
      expect(statements ?? 1).toBe(1);
      const pages = await store().pages(sites, ask);
      expect(await Promise.all(pages.map((page) => page.count()))).toEqual([1, 0, 4]);
      const next = query({ order: natural, page: { limit: 2, after: pages[2]?.items.at(-1)?.position ?? null } });
      expect((await store().pages([here], next))[0]?.items.map(({ node }) => node.hostname)).toEqual(['C', 'd']);
    });

    test('pages and counts all Sites, filters without regard to case, and goes both ways', async () => {
      await store().insertMany([aDevice(here, 'b'), aDevice(there, 'B'), aDevice(there, 'a')]);
      const names = async (parts: Parameters<typeof query>[0]) =>
        (await store().pages([null], query(parts)))[0]?.items.map(({ node }) => node.hostname);
      expect(await names({})).toEqual(['b', 'B', 'a']);
      expect(await names({ order: natural })).toEqual(['a', 'b', 'B']);
      expect(await names({ order: naturalDown })).toEqual(['B', 'b', 'a']);
      expect(await names({ filter: { hostname: 'B' } })).toEqual(['b', 'B']);
      expect(await names({ filter: { hostname: '\u0000' } })).toEqual([]);
      expect(await store().count([null, here, newId()], { filter: {}, visibility: 'all' })).toEqual([3, 1, 0]);
      const [page] = await store().pages([null], query({ filter: { hostname: 'b' } }));
      expect(await page?.count()).toBe(2);
    });

    test('shows a device by a grant on it, its Site, its kind, or its kind in its Site', async () => {
      const [one, other] = [aDevice(here, 'one'), aDevice(there, 'other')];
      await store().insertMany([one, other]);
      const names = async (...grants: [string, string][]) =>
        (await store().pages([null], query({ visibility: sees(...grants) })))[0]?.items.map(
          ({ node }) => node.hostname,
        );
      expect(await names(['device', one.id])).toEqual(['one']);
      expect(await names(['site', there])).toEqual(['other']);
      expect(await names(['site', `${here}/device`])).toEqual(['one']);
      expect(await names(['site', `${here}/network`])).toEqual([]);
      expect(await names(['kind', 'device'])).toEqual(['one', 'other']);
      expect(await names(['network', one.id], ['kind', 'site'])).toEqual([]);
      expect(await store().count([null], { filter: {}, visibility: sees(['device', one.id]) })).toEqual([1]);
    });

    test('forgets what a rolled back unit did', async () => {
      const device = aDevice(here, 'one');
      await store().insertMany([device]);
      const failing = storage.atomically(async (use) => {
        await use(deviceStore).updateMany([{ ...device, hostname: 'two' }]);
        await use(deviceStore).insertMany([aDevice(here, 'three')]);
        await use(deviceStore).deleteMany([device.id]);
        throw new Error('given up');
      });
      await expect(failing).rejects.toThrow('given up');
      expect(await store().getMany([device.id])).toEqual([device]);
      expect(await store().count([here], { filter: {}, visibility: 'all' })).toEqual([1]);
    });
  });
}
