import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { PageRequest } from '#kernel/page.ts';
import { readVersions, type VersionSelection } from '#resolvers/threat/objects/match.ts';
import {
  type NewStixObject,
  type StixFilter,
  type StixList,
  stixObjectStore,
} from '#resolvers/threat/objects/stix-object.ts';
import { request } from '../network/support.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { at, aVersion, stixId } from './stix-support.ts';

const [indicator, relationship, malware] = [stixId('indicator', 1), stixId('relationship', 2), stixId('malware', 3)];

/** What every storage of STIX objects holds. */
export function stixObjectContract(name: string, open: OpenStorage): void {
  describe(`STIX objects in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(stixObjectStore);
    const here = newId();
    const there = newId();

    const add = (collectionId: string, objects: readonly NewStixObject[], now = at(0)) =>
      storage.atomically((use) => use(stixObjectStore).addMany(collectionId, objects, now));

    const outcomes = async (...args: Parameters<typeof add>) => (await add(...args)).map(({ outcome }) => outcome);

    const read = async (
      filter: Partial<StixFilter> = {},
      page: Partial<PageRequest> = {},
      lists: readonly StixList[] = [[here]],
    ) => (await store().versionPages(lists, { filter: { versions: 'all', ...filter }, page: request(page) }))[0];

    const shown = async (...args: Parameters<typeof read>) =>
      (await read(...args))?.items.map(({ node }) => [node.stixId, node.version]);

    const select = (...texts: string[]): VersionSelection => readVersions(texts);

    const marks = async () =>
      (await read())?.items.map(({ node }) => [node.version, node.isFirst, node.isLast] as const);

    test('gives back what was added, as it was sent', async () => {
      const body = {
        name: 'ünï "x" \\ \n😀',
        nested: [{ a: null }, [1.5, -2e-7, true]],
        ['__proto__']: { constructor: 1 },
      };
      const one = aVersion(indicator, at(3), { body: JSON.parse(JSON.stringify(body)) });
      const { hash: _, ...plain } = one;
      const kept = { ...plain, collectionId: here, dateAdded: at(0), isFirst: true, isLast: true };
      const { body: __, ...version } = kept;
      expect(await add(here, [one])).toEqual([{ outcome: 'stored', object: version }]);
      expect(await store().getMany([newId(), 'no id', one.id.toUpperCase()])).toEqual([null, null, kept]);
      expect(await read()).toMatchObject({ items: [{ node: version, position: [at(0), indicator, at(3)] }] });
      const [page] = await store().pages([[here]], { filter: { versions: 'all' }, page: request() }, 1);
      expect(page?.items.map(({ node }) => node)).toEqual([kept]);
      expect(Object.keys(page?.items[0]?.node.body ?? {})).toContain('__proto__');
    });

    test('dates what is added one microsecond apart from now on, and never before what was there', async () => {
      const many = [1, 2, 3].map((digit) => aVersion(stixId('x-a', digit), at(1)));
      await add(here, many, '2024-01-01T00:00:00.999999Z');
      await add(here, [aVersion(stixId('x-a', 4), at(1))], '2023-01-01T00:00:00.000000Z');
      await add(here, [aVersion(stixId('x-a', 5), at(1))], '2024-01-01T00:00:02.000000Z');
      expect((await read())?.items.map(({ node }) => node.dateAdded)).toEqual([
        '2024-01-01T00:00:00.999999Z',
        '2024-01-01T00:00:01.000000Z',
        '2024-01-01T00:00:01.000001Z',
        '2024-01-01T00:00:01.000002Z',
        '2024-01-01T00:00:02.000000Z',
      ]);
    });

    test('remembers the newest date though what had it is gone', async () => {
      await add(here, [aVersion(indicator, at(1))], at(9));
      await storage.atomically((use) => use(stixObjectStore).deleteVersions(here, indicator, { versions: 'all' }));
      await add(here, [aVersion(malware, at(1))], at(5));
      expect((await read())?.items.map(({ node }) => node.dateAdded)).toEqual(['2024-01-01T12:00:09.000001Z']);
    });

    test('keeps a version once, with the content and the date that it came with first', async () => {
      const first = aVersion(indicator, at(1));
      const changed = aVersion(indicator, at(1), { body: { name: 'x' } });
      expect(await outcomes(here, [first, aVersion(indicator, at(1)), changed])).toEqual([
        'stored',
        'present',
        'differs',
      ]);
      expect(await outcomes(here, [changed, aVersion(indicator, at(1))], at(9))).toEqual(['differs', 'present']);
      expect(await store().compareMany(here, [changed, first, aVersion(malware, at(1))])).toEqual([
        'differs',
        'present',
        'stored',
      ]);
      expect((await read())?.items.map(({ node }) => [node.id, node.dateAdded])).toEqual([[first.id, at(0)]]);
      expect(await outcomes(there, [aVersion(indicator, at(1))])).toEqual(['stored']);
    });

    test('marks the lowest and the highest version, in whatever order they come', async () => {
      await add(here, [aVersion(indicator, at(5))]);
      expect(await marks()).toEqual([[at(5), true, true]]);
      await add(here, [aVersion(indicator, at(3)), aVersion(indicator, at(7)), aVersion(indicator, at(6))]);
      expect(await marks()).toEqual([
        [at(5), false, false],
        [at(3), true, false],
        [at(7), false, true],
        [at(6), false, false],
      ]);
      await add(here, [aVersion(indicator, at(8))]);
      expect((await marks())?.filter(([, , isLast]) => isLast)).toEqual([[at(8), false, true]]);
    });

    test('gives one of twenty racing callers a version, and the others find it', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => outcomes(here, [aVersion(indicator, at(1)), aVersion(malware, at(1))])),
      );
      expect(answers.flat().filter((outcome) => outcome === 'stored')).toHaveLength(2);
      expect(answers.flat().filter((outcome) => outcome === 'present')).toHaveLength(38);
    });

    test('forgets what a rolled back unit added', async () => {
      const failing = storage.atomically(async (use) => {
        await use(stixObjectStore).addMany(here, [aVersion(indicator, at(1))], at(9));
        throw new Error('given up');
      });
      await expect(failing).rejects.toThrow('given up');
      expect(await shown()).toEqual([]);
      await add(here, [aVersion(indicator, at(1))], at(2));
      expect((await read())?.items.map(({ node }) => node.dateAdded)).toEqual([at(2)]);
    });

    describe('with several versions', () => {
      const fill = async () => {
        await add(here, [aVersion(indicator, at(2), { specVersion: '2.0' })], at(0));
        await add(here, [aVersion(relationship, at(3))], at(2));
        await add(here, [aVersion(indicator, at(1))], at(3));
        await add(there, [aVersion(malware, at(1)), aVersion(indicator, at(2))], at(2));
      };
      const [newest, other, oldest] = [
        [indicator, at(2)],
        [relationship, at(3)],
        [indicator, at(1)],
      ];

      test('selects versions by the marks of the whole collection, then filters', async () => {
        await fill();
        expect(await shown({ versions: readVersions(undefined) })).toEqual([newest, other]);
        expect(await shown({ versions: select('first') })).toEqual([other, oldest]);
        expect(await shown({ versions: select('first', 'last') })).toEqual([newest, other, oldest]);
        expect(await shown({ versions: select('2024-01-01T12:00:01Z', 'last') })).toEqual([newest, other, oldest]);
        expect(await shown({ versions: select('2024-01-01T12:00:02.0Z') })).toEqual([newest]);
        expect(await shown({ versions: select('garbage') })).toEqual([]);
        expect(await shown({ versions: select('garbage', 'all') })).toEqual([newest, other, oldest]);
        expect(await shown({ versions: select('last'), specVersions: ['2.1'], stixIds: [indicator] })).toEqual([]);
        expect(await shown({ versions: select('last'), specVersions: ['2.0', '2.1'] })).toEqual([newest, other]);
        expect(await shown({ versions: select('last'), addedAfter: at(0) })).toEqual([other]);
        expect(await shown({ types: ['indicator', 'x\u0000', '\ud800'], versions: 'all' })).toEqual([newest, oldest]);
        expect(await shown({ types: ['indicator', 'relationship'], versions: select('last') })).toEqual([
          newest,
          other,
        ]);
        expect(await shown({ stixIds: [relationship, indicator], versions: 'all' })).toEqual([newest, other, oldest]);
        expect(await shown({ stixIds: [] })).toEqual([]);
        const many = Array.from({ length: 40 }, (_, index) => `x-${index}`);
        expect(await shown({ types: [...many, 'relationship'] })).toEqual([other]);
      });

      test('pages both ways, each row once, with counts and with what lies beyond', async () => {
        await fill();
        const first = await read({}, { limit: 2 });
        expect(first).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
        expect(await first?.count()).toBe(3);
        const after = first?.items[1]?.position ?? null;
        expect(await shown({}, { limit: 2, after })).toEqual([oldest]);
        expect(await read({}, { limit: 2, after })).toMatchObject({ hasNextPage: false });
        expect(await shown({}, { limit: 1, direction: 'backward', before: after })).toEqual([newest]);
        expect(await shown({}, { limit: 2, direction: 'backward' })).toEqual([other, oldest]);
        expect(await shown({}, { limit: 1, offset: 1 })).toEqual([other]);
        expect(await read({}, { limit: 0 })).toMatchObject({ items: [], hasNextPage: true });
        expect(await read({}, { offset: 9 })).toMatchObject({ items: [], hasNextPage: false });
        expect(await (await read({ versions: select('first', 'last') }))?.count()).toBe(3);
      });

      test('merges lists over several collections, each in one read', async () => {
        await fill();
        const both = [[here, there], [there], [newId()], [], 'all'] as const;
        const statements = await storage.countStatements(async () => {
          const pages = await store().versionPages(both, { filter: { versions: 'all' }, page: request() });
          expect(pages.map((page) => page.items.map(({ node }) => node.stixId))).toEqual([
            [indicator, malware, relationship, indicator, indicator],
            [malware, indicator],
            [],
            [],
            [indicator, malware, relationship, indicator, indicator],
          ]);
        });
        expect(statements ?? 1).toBe(1);
        for (const list of [[here, there], 'all'] as const) {
          const seen: string[] = [];
          for (let after: PageRequest['after'] = null; ; ) {
            const page = await read({}, { limit: 1, after }, [list]);
            seen.push(...(page?.items.map(({ node }) => node.id) ?? []));
            if (!page?.hasNextPage) break;
            after = page.items[0]?.position ?? null;
          }
          expect(new Set(seen).size).toBe(5);
          expect(seen).toHaveLength(5);
        }
      });

      test('ends a page before its bodies are too large, but not before the first', async () => {
        await fill();
        const [{ node } = { node: null }] = (await read())?.items ?? [];
        const size = Buffer.byteLength(JSON.stringify((await store().getMany([node?.id ?? '']))[0]?.body));
        const page = async (maxBytes: number, parts: Partial<PageRequest> = {}) =>
          (await store().pages([[here]], { filter: { versions: 'all' }, page: request(parts) }, maxBytes))[0];
        expect((await page(1))?.items.map(({ node: { version } }) => version)).toEqual([at(2)]);
        expect(await page(size)).toMatchObject({ items: [{}], hasNextPage: true });
        expect((await page(1, { offset: 1 }))?.items.map(({ node: { version } }) => version)).toEqual([at(3)]);
        expect((await page(1, { direction: 'backward' }))?.items.map(({ node: { version } }) => version)).toEqual([
          at(1),
        ]);
        expect((await page(100_000))?.items).toHaveLength(3);
      });

      test('finds by collection, id and version, the last one without', async () => {
        await fill();
        const versions = await store().getByVersion([
          { collectionId: here, stixId: indicator },
          { collectionId: here, stixId: indicator, version: at(1) },
          { collectionId: here, stixId: indicator, version: at(9) },
          { collectionId: there, stixId: relationship },
        ]);
        expect(versions.map((object) => object?.version ?? null)).toEqual([at(2), at(1), null, null]);
        expect(await store().holding([there, here, newId()], relationship)).toEqual([false, true, false]);
        const siblings = [
          { collectionId: here, stixId: indicator },
          { collectionId: there, stixId: indicator },
          { collectionId: there, stixId: relationship },
        ];
        const statements = await storage.countStatements(async () => {
          const pages = await store().siblingPages(siblings, request({ limit: 1 }));
          expect(pages.map((page) => page.items.map(({ node }) => node.version))).toEqual([[at(2)], [at(2)], []]);
          expect(pages.map(({ hasNextPage }) => hasNextPage)).toEqual([true, false, false]);
          expect(await Promise.all(pages.map((page) => page.count()))).toEqual([2, 1, 0]);
        });
        expect(statements ?? 2).toBe(2);
        const after = [at(0), indicator, at(2)];
        const [rest] = await store().siblingPages(siblings, request({ after }));
        expect(rest?.items.map(({ node, position }) => [node.version, position])).toEqual([
          [at(1), [at(3), indicator, at(1)]],
        ]);
      });

      test('removes all versions or chosen ones, and promotes those that are left', async () => {
        await fill();
        const remove = (...args: [string, string, Pick<StixFilter, 'versions' | 'specVersions'>]) =>
          storage.atomically((use) => use(stixObjectStore).deleteVersions(...args));
        const first = await remove(here, indicator, { versions: select(at(2)) });
        expect(first.removed.map(({ version }) => version)).toEqual([at(2)]);
        expect(first.promoted).toMatchObject([
          { version: at(1), isFirst: true, isLast: true, body: { modified: at(1) } },
        ]);
        expect(await remove(here, indicator, { versions: 'all', specVersions: ['2.0'] })).toEqual({
          removed: [],
          promoted: [],
        });
        expect((await remove(here, indicator, { versions: 'all' })).removed).toHaveLength(1);
        expect(await remove(here, indicator, { versions: 'all' })).toEqual({ removed: [], promoted: [] });
        expect(await shown()).toEqual([other]);
        expect(await shown({}, {}, [[there]])).toHaveLength(2);
      });

      test('removes superseded versions of an age, the oldest first, and marks the first anew', async () => {
        await fill();
        await add(here, [aVersion(indicator, at(9)), aVersion(indicator, at(8))], at(4));
        expect(await store().nextSuperseded(at(0))).toBeNull();
        expect(await store().nextSuperseded(at(9))).toBe(here);
        expect(await store().countSuperseded(at(9))).toBe(3);
        expect(await store().countSuperseded(at(3))).toBe(1);
        const sweep = (limit: number) =>
          storage.atomically((use) => use(stixObjectStore).deleteSuperseded(here, at(9), limit));
        expect((await sweep(2)).removed.map(({ version }) => version)).toEqual([at(2), at(1)]);
        expect(await marks()).toEqual([
          [at(3), true, true],
          [at(9), false, true],
          [at(8), true, false],
        ]);
        expect(await sweep(9)).toMatchObject({ removed: [{ version: at(8) }], promoted: [] });
        expect(await store().nextSuperseded(at(9))).toBeNull();
      });

      test('forgets collections as if they had never been', async () => {
        await fill();
        await storage.atomically((use) => use(stixObjectStore).deleteCollections([here, newId()]));
        expect(await shown()).toEqual([]);
        expect(await shown({}, {}, [[there]])).toHaveLength(2);
        await add(here, [aVersion(indicator, at(1))], '2020-01-01T00:00:00.000000Z');
        expect((await read())?.items.map(({ node }) => node.dateAdded)).toEqual(['2020-01-01T00:00:00.000000Z']);
      });
    });

    test('adds a thousand objects in a number of statements that does not grow with them', async () => {
      const some = (count: number, version: string) =>
        Array.from({ length: count }, (_, index) =>
          aVersion(`x-a--00000000-0000-4000-8000-${String(index).padStart(12, '0')}`, version),
        );
      await add(here, some(2, at(1)));
      const few = await storage.countStatements(() => add(here, some(2, at(2))));
      expect(await storage.countStatements(() => add(here, some(1000, at(3))))).toBe(few);
      expect(await (await read())?.count()).toBe(1004);
    });

    test('writes cursors that it reads, and knows no others', () => {
      for (const position of [
        [at(0), indicator, '0001-01-01T00:00:00.000000Z'],
        ['2024-01-01T12:00:00.123456Z', indicator, at(1), here],
      ])
        expect(store().decodeCursor(store().encodeCursor(position))).toEqual(position);
      const encode = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
      for (const text of [
        '',
        'a',
        'x'.repeat(10_000),
        encode(at(0), indicator),
        encode(at(0), indicator, at(1), 'x'),
        encode('2024-02-30T00:00:00.000000Z', indicator, at(1)),
        encode(at(0), 'x\u0000', at(1)),
        encode(at(0), 1, at(1)),
        encode(at(0), indicator, '2024-01-01T00:00:00Z'),
      ])
        expect(store().decodeCursor(text)).toBeNull();
    });
  });
}
