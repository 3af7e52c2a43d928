import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { Visibility } from '#kernel/permission.ts';
import { type AccessToken, accessTokenStore } from '#resolvers/platform/access/token.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { type Setting, settingStore } from '#resolvers/platform/settings/setting.ts';
import { documentId, documentStore, isWithin, type StoreDocument } from '#resolvers/platform/store/document.ts';
import { type ContractSuite, sharedStorage } from '../suite.ts';
import { newAccount } from './identity.ts';

const instant = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
const page = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 } as const;

const document = (path: string, body: StoreDocument['body'] = {}): StoreDocument => ({
  id: documentId(path),
  path,
  body,
  etag: `etag of ${path}`,
  createdAt: instant(0),
  updatedAt: instant(0),
});

/** What every storage of documents keeps to. */
export const documentContract: ContractSuite = (name, open) => {
  describe(`documents in ${name}`, () => {
    const storage = sharedStorage(open);
    const make = async (...paths: string[]) => {
      for (const path of paths) await storage.use(documentStore).put(document(path));
    };
    const children = async (path: string, visibility: Visibility = 'all', request: object = {}) => {
      const found = await storage.use(documentStore).children(path, visibility, { ...page, ...request });
      return { paths: found.items.map(({ node }) => node.path), count: await found.count() };
    };

    test('finds by path and by id, in the order asked for', async () => {
      const store = storage.use(documentStore);
      const root = await store.put(document('/', { a: [1, { b: null }], 'ü"\\': 'x' }));
      expect(root).toEqual(document('/', { a: [1, { b: null }], 'ü"\\': 'x' }));
      await make('/a');
      expect(await store.findMany(['/a', '/b', '/'])).toEqual([document('/a'), null, root]);
      expect(await store.getMany([documentId('/b'), documentId('/').toUpperCase()])).toEqual([null, root]);
      expect(await store.findMany([])).toEqual([]);
    });

    test('takes the place of a document and remembers when the first was made', async () => {
      const store = storage.use(documentStore);
      await make('/a');
      const later = { ...document('/a', { b: 1 }), etag: 'new', createdAt: instant(9), updatedAt: instant(9) };
      expect(await store.put(later)).toEqual({ ...later, createdAt: instant(0) });
      expect(await store.findMany(['/a'])).toEqual([{ ...later, createdAt: instant(0) }]);
    });

    test('lists what is right below a path, by code points, page by page', async () => {
      await make('/', '/b', '/B', '/ä', '/b/x', '/b/x/y', '/bb');
      expect(await children('/')).toEqual({ paths: ['/B', '/b', '/bb', '/ä'], count: 4 });
      expect(await children('/b')).toEqual({ paths: ['/b/x'], count: 1 });
      expect(await children('/', 'all', { limit: 2, after: ['/B'] })).toEqual({ paths: ['/b', '/bb'], count: 4 });
      expect(await children('/', 'all', { limit: 1, direction: 'backward' })).toEqual({ paths: ['/ä'], count: 4 });
      expect(await children('/nowhere')).toEqual({ paths: [], count: 0 });
    });

    test('lists what a viewer may see: what lies at a path of his or below it', async () => {
      await make('/', '/a', '/ab', '/a/b', '/a/c');
      const at = (...paths: string[]) => ({ allOf: [paths.map((value) => ({ kind: 'path', value }))] });
      expect(await children('/', at('/a'))).toEqual({ paths: ['/a'], count: 1 });
      expect(await children('/', at('/'))).toEqual({ paths: ['/a', '/ab'], count: 2 });
      expect(await children('/a', at('/a'))).toEqual({ paths: ['/a/b', '/a/c'], count: 2 });
      expect(await children('/a', at('/a/c', '/x'))).toEqual({ paths: ['/a/c'], count: 1 });
      expect(await children('/', { allOf: [[{ kind: 'site', value: '/' }]] })).toEqual({ paths: [], count: 0 });
      expect(await children('/', 'none')).toEqual({ paths: [], count: 0 });
    });

    test('removes a path with what is below it and nothing beside it', async () => {
      const store = storage.use(documentStore);
      await make('/', '/a', '/a b', '/a%', '/a.b', '/aa', '/a/b', '/a/b/c', '/x', '/x/a', '/x/a/b');
      expect(await store.countBelow('/a')).toBe(2);
      expect((await store.remove('/a')).map(({ path }) => path)).toEqual(['/a/b/c', '/a/b', '/a']);
      expect(await store.remove('/a')).toEqual([]);
      expect(await store.countBelow('/')).toBe(7);
      expect((await store.remove('/')).map(({ path }) => path)).toEqual([
        ...['/x/a/b', '/x/a', '/x', '/aa', '/a.b', '/a%', '/a b'],
        '/',
      ]);
    });

    test('tells what lies below by segments, whatever they hold', async () => {
      const segment = fc.constantFrom('a', 'b', 'ab', 'a%', '_', '~', 'é', '\u{1f4a9}', ' ');
      const path = fc.array(segment, { maxLength: 3 }).map((segments) => `/${segments.join('/')}`);
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(path, { maxLength: 8 }), path, async (paths, chosen) => {
          await storage.use(documentStore).remove('/');
          await make(...paths);
          const below = paths.filter((one) => isWithin(one, chosen));
          const gone = await storage.use(documentStore).remove(chosen);
          expect(gone.map((one) => one.path).sort()).toEqual(below.sort());
        }),
        { numRuns: 25 },
      );
    });

    test('lets one unit at a time write, and forgets what a unit gave up', async () => {
      const order: string[] = [];
      const write = (name: string, delay: number) =>
        storage.atomically(async (use) => {
          await use(documentStore).lock();
          order.push(`${name} in`);
          await new Promise((resolve) => setTimeout(resolve, delay));
          await use(documentStore).put(document('/', { by: name }));
          order.push(`${name} out`);
        });
      await Promise.all([write('one', 40), write('two', 0)]);
      expect([order.slice(0, 2), order.slice(2)].map(([a, b]) => a?.split(' ')[0] === b?.split(' ')[0])).toEqual([
        true,
        true,
      ]);
      const failing = storage.atomically(async (use) => {
        await use(documentStore).remove('/');
        throw new Error('given up');
      });
      await expect(failing).rejects.toThrow('given up');
      expect(await storage.use(documentStore).findMany(['/'])).toMatchObject([{ path: '/' }]);
    });
  });
};

/** What every storage of settings keeps to. */
export const settingContract: ContractSuite = (name, open) => {
  describe(`settings in ${name}`, () => {
    const storage = sharedStorage(open);
    const account = async () => {
      const fresh = newAccount();
      await storage.use(accountStore).insert(fresh);
      return fresh.id;
    };
    const fresh = (accountId: string): Setting => ({
      accountId,
      value: {},
      etag: 'first',
      createdAt: instant(0),
      updatedAt: instant(0),
    });

    test('keeps one object for each account', async () => {
      const [one, other] = [await account(), await account()];
      const kept = {
        ...fresh(one),
        value: { a: { 'b.c': [null, false, 0, ''] } },
        etag: 'second',
        updatedAt: instant(5),
      };
      await storage.atomically(async (use) => {
        expect(await use(settingStore).take(fresh(one))).toEqual(fresh(one));
        await use(settingStore).put(kept);
      });
      expect(await storage.use(settingStore).getMany([other, one])).toEqual([null, kept]);
      await storage.atomically(async (use) => {
        expect(await use(settingStore).take({ ...fresh(one), etag: 'third' })).toEqual(kept);
      });
      await storage.use(settingStore).forget(one);
      expect(await storage.use(settingStore).getMany([one])).toEqual([null]);
    });

    test('loses no change of several that come at once', async () => {
      const id = await account();
      await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          storage.atomically(async (use) => {
            const before = await use(settingStore).take(fresh(id));
            await use(settingStore).put({ ...before, value: { ...before.value, [`k${index}`]: {} } });
          }),
        ),
      );
      const [kept] = await storage.use(settingStore).getMany([id]);
      expect(Object.keys(kept?.value ?? {})).toHaveLength(10);
    });
  });
};

/** What every storage of tokens that were handed out keeps to. */
export const accessTokenContract: ContractSuite = (name, open) => {
  describe(`access tokens in ${name}`, () => {
    const storage = sharedStorage(open);
    const token = (accountId: string, protocol = 'mongodb'): AccessToken => ({
      accountId,
      accountName: 'ada',
      protocol,
      databases: ['a', 'b'],
      createdAt: instant(1),
    });

    test('keeps one for each account and protocol', async () => {
      const store = storage.use(accessTokenStore);
      const [one, other] = [newId(), newId()];
      const tokens = [token(one), token(one, 'sql'), token(other)];
      for (const each of tokens) await store.put(each);
      const found = await store.ofAccounts([one, newId()]);
      expect(found.sort((a, b) => (a.protocol < b.protocol ? -1 : 1))).toEqual(tokens.slice(0, 2));
      await store.put({ ...token(one), databases: [], createdAt: instant(2) });
      await store.remove(one, 'sql');
      await store.remove(one, 'nothing');
      expect(await store.ofAccounts([one])).toEqual([{ ...token(one), databases: [], createdAt: instant(2) }]);
      expect(await store.ofAccounts([])).toEqual([]);
    });

    test('names who holds any, in steps', async () => {
      const store = storage.use(accessTokenStore);
      const ids = Array.from({ length: 5 }, newId).sort();
      for (const id of ids) for (const protocol of ['mongodb', 'sql']) await store.put(token(id, protocol));
      expect(await store.holders(null, 3)).toEqual(ids.slice(0, 3));
      expect(await store.holders(ids[2] ?? '', 3)).toEqual(ids.slice(3));
      expect(await store.holders(ids[4] ?? '', 3)).toEqual([]);
    });
  });
};
