import { describe, expect, test } from 'vitest';
import { InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import type { PageRequest } from '#kernel/page.ts';
import { addressOf, domainOf, hashOf, urlOf } from '#resolvers/threat/observables/normal-form.ts';
import {
  type IndicatorObservable,
  type Observable,
  type ObservableFilter,
  observableStore,
} from '#resolvers/threat/observables/observable.ts';
import { request } from '../network/support.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';

const collectionId = newId();

/** An indicator's row for one value. */
export function anObservable(what: Observable | null, parts: Partial<IndicatorObservable> = {}): IndicatorObservable {
  if (!what) throw new Error('The value is none of its kind.');
  return {
    id: newId(),
    collectionId,
    stixId: `indicator--${newId()}`,
    objectId: newId(),
    validFrom: null,
    validUntil: null,
    revoked: false,
    ...what,
    ...parts,
  };
}

const address = (text: string, parts?: Partial<IndicatorObservable>) => anObservable(addressOf(text), parts);
const domain = (text: string, parts?: Partial<IndicatorObservable>) => anObservable(domainOf(text), parts);

/** What every storage of observables holds. */
export function observableContract(name: string, open: OpenStorage): void {
  describe(`observables in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(observableStore);
    const keep = (...rows: IndicatorObservable[]) =>
      store().replaceFor(
        [...Map.groupBy(rows, (row) => `${row.collectionId} ${row.stixId}`).values()].map((group) => ({
          collectionId: group[0]?.collectionId ?? '',
          stixId: group[0]?.stixId ?? '',
          rows: group,
        })),
      );
    const find = async (filter: Partial<ObservableFilter> = {}, page: Partial<PageRequest> = {}) => {
      const found = await store().page({ collectionIds: 'all', includeRevoked: false, ...filter }, request(page));
      return found.items.map(({ node }) => node);
    };
    const covering = (text: string) => ({ cidr: { text, match: 'COVERING' } }) as const;
    const within = (text: string) => ({ cidr: { text, match: 'WITHIN' } }) as const;

    test('gives back what was kept, in order, with its microseconds', async () => {
      const stixId = `indicator--${newId()}`;
      const rows = [
        domain('evil.example', { stixId }),
        anObservable(hashOf('SHA-256', 'AB'), { stixId, validFrom: '2024-01-01T12:00:00.000001Z' }),
        anObservable(hashOf('MD5', 'AB'), { stixId, validUntil: '0001-01-01T00:00:00.000000Z' }),
        anObservable(urlOf(`http://x/${'ü'.repeat(5000)}`), { stixId, revoked: true }),
        address('2001:db8::/32', { stixId }),
        address('::ffff:10.0.0.1', { stixId }),
        address('198.51.100.7', { stixId }),
      ];
      await keep(...rows);
      expect(await find({ includeRevoked: true })).toEqual(rows);
      expect(await store().getMany([rows[2]?.id ?? '', newId(), 'no id'])).toEqual([rows[2], null, null]);
    });

    test('puts what an indicator has now in the place of all it had, in that collection alone', async () => {
      const [one, other] = [domain('one.example'), domain('other.example')];
      const { stixId } = one;
      const elsewhere = domain('one.example', { stixId, collectionId: newId() });
      await keep(one, other, elsewhere);
      const [next, beside] = [domain('one.example', { stixId }), address('192.0.2.1', { stixId })];
      await keep(next, beside);
      expect(await find()).toEqual([other, elsewhere, next, beside]);
      await store().replaceFor([{ collectionId, stixId, rows: [] }]);
      expect(await find()).toEqual([other, elsewhere]);
      await store().deleteOf([collectionId]);
      expect(await find()).toEqual([elsewhere]);
    });

    test('keeps nothing of a unit of work that fails', async () => {
      const kept = domain('kept.example');
      await keep(kept);
      await expect(
        storage.atomically(async (use) => {
          await use(observableStore).replaceFor([{ collectionId, stixId: kept.stixId, rows: [] }]);
          expect((await use(observableStore).getMany([kept.id]))[0]).toBeNull();
          throw new Error('given up');
        }),
      ).rejects.toThrow('given up');
      expect(await find()).toEqual([kept]);
    });

    test('keeps ten thousand values of one indicator in few statements', async () => {
      const stixId = `indicator--${newId()}`;
      const rows = Array.from({ length: 10_000 }, (_, n) => domain(`h${n}.example`, { stixId }));
      const count = await storage.countStatements(() => keep(...rows));
      if (count !== null) expect(count).toBeLessThanOrEqual(5);
      expect(await find({ values: [{ kind: 'DOMAIN_NAME', value: 'h9999.example' }] })).toEqual([rows[9999]]);
    });

    test('finds values exactly, of their kind', async () => {
      const [one, again, name, upper] = [
        domain('x.example'),
        domain('x.example'),
        anObservable(urlOf('x.example')),
        anObservable(urlOf('X.example')),
      ];
      await keep(one, again, name, upper);
      expect(await find({ values: [{ kind: 'DOMAIN_NAME', value: 'x.example' }] })).toEqual([one, again]);
      expect(
        await find({
          values: [
            { kind: 'DOMAIN_NAME', value: 'x.example' },
            { kind: 'URL', value: 'X.example' },
            { kind: 'FILE_HASH', value: 'x.example' },
          ],
        }),
      ).toEqual([one, again, upper]);
      expect(await find({ values: [{ kind: 'URL', value: 'x\u0000' }] })).toEqual([]);
      expect(await find({ values: [{ kind: 'URL', value: '\ud800' }] })).toEqual([]);
      expect(await find({ values: [] })).toEqual([]);
    });

    test('finds what equals or covers a prefix, and what lies inside it by address', async () => {
      const [all, net, host, other, six] = [
        address('0.0.0.0/0'),
        address('203.0.113.0/24'),
        address('203.0.113.33'),
        address('203.0.114.0/24'),
        address('::/0'),
      ];
      await keep(host, six, net, other, all, domain('203.0.113.33'));
      expect(await find(covering('203.0.113.33/32'))).toEqual([all, net, host]);
      expect(await find(covering('203.0.113.0/24'))).toEqual([all, net]);
      expect(await find(covering('2001:db8::1/128'))).toEqual([six]);
      expect(await find(within('203.0.113.0/24'))).toEqual([net, host]);
      expect(await find(within('203.0.0.0/16'))).toEqual([net, host, other]);
      expect(await find(within('0.0.0.0/0'))).toEqual([all, net, host, other]);
      expect(
        await find({ ...within('203.0.113.0/24'), values: [{ kind: 'DOMAIN_NAME', value: '203.0.113.33' }] }),
      ).toEqual([net, host]);
      expect(await find(within('::/0'))).toEqual([six]);
      expect(await find({ values: [{ kind: 'IPV4_ADDR', value: '203.0.113.33' }] })).toEqual([host]);
      expect(
        (await find({ ...covering('203.0.113.33/32'), values: [{ kind: 'DOMAIN_NAME', value: '203.0.113.33' }] })).map(
          ({ kind }) => kind,
        ),
      ).toEqual(['IPV4_ADDR', 'IPV4_ADDR', 'IPV4_ADDR', 'DOMAIN_NAME']);
    });

    test('narrows by kind, collection, revocation and the time for which an indicator holds', async () => {
      const elsewhere = newId();
      const parts = { validFrom: '2024-01-01T00:00:00.000001Z', validUntil: '2024-02-01T00:00:00.000000Z' };
      const [bounded, revoked, far, six] = [
        address('10.0.0.1', parts),
        address('10.0.0.1', { revoked: true }),
        address('10.0.0.1', { collectionId: elsewhere }),
        address('::1'),
      ];
      await keep(bounded, revoked, far, six);
      expect(await find()).toEqual([bounded, far, six]);
      expect(await find({ includeRevoked: true })).toEqual([bounded, revoked, far, six]);
      expect(await find({ kind: 'IPV6_ADDR' })).toEqual([six]);
      expect(await find({ collectionIds: [elsewhere, newId()] })).toEqual([far]);
      expect(await find({ collectionIds: [] })).toEqual([]);
      const activeAt = (at: string) => find({ ...covering('10.0.0.1/32'), activeAt: at });
      expect(await activeAt('2024-01-01T00:00:00.000000Z')).toEqual([far]);
      expect(await activeAt('2024-01-01T00:00:00.000001Z')).toEqual([bounded, far]);
      expect(await activeAt('2024-01-31T23:59:59.999999Z')).toEqual([bounded, far]);
      expect(await activeAt('2024-02-01T00:00:00.000000Z')).toEqual([far]);
    });

    test('pages by keyset in both directions, in each order, and counts', async () => {
      const rows = Array.from({ length: 9 }, (_, n) => address(`10.0.0.${(n * 4) % 9}`));
      await keep(...rows);
      const byAddress = rows.toSorted((one, other) => (one.value < other.value ? -1 : 1));
      for (const [filter, all] of [
        [{}, rows],
        [within('10.0.0.0/8'), byAddress],
        [{ values: rows.map(({ kind, value }) => ({ kind, value })) }, rows],
      ] as const) {
        const whole = { collectionIds: 'all', includeRevoked: false, ...filter } as const;
        const first = await store().page(whole, request({ limit: 4 }));
        expect(first.items.map(({ node }) => node)).toEqual(all.slice(0, 4));
        expect([first.hasNextPage, await first.count()]).toEqual([true, 9]);
        const next = await store().page(whole, request({ limit: 4, after: first.items[3]?.position ?? null }));
        expect(next.items.map(({ node }) => node)).toEqual(all.slice(4, 8));
        const back = await store().page(
          whole,
          request({ limit: 2, direction: 'backward', before: next.items[0]?.position ?? null }),
        );
        expect(back.items.map(({ node }) => node)).toEqual(all.slice(2, 4));
        expect((await find(filter, { limit: 3, offset: 7 })).length).toBe(2);
      }
      await expect(find({}, { after: ['10.0.0.1/32', newId()] })).rejects.toThrow(InputError);
    });

    test('answers many prefixes and many indicators in one read each', async () => {
      const stixId = `indicator--${newId()}`;
      const objectId = newId();
      const [one, two, three, cover] = [
        address('10.0.0.1', { stixId, objectId }),
        domain('a.example', { stixId, objectId }),
        address('10.0.1.1'),
        address('10.0.0.0/8'),
      ];
      await keep(one, two, three, cover);
      const object = { id: objectId, collectionId, stixId };
      const filter = { collectionIds: 'all', includeRevoked: false } as const;
      const nodes = (pages: readonly { items: readonly { node: IndicatorObservable }[] }[]) =>
        pages.map(({ items }) => items.map(({ node }) => node));
      const prefixes = ['10.0.0.0/24', '10.0.0.0/16', '192.0.2.0/24', '10.0.0.0/24', '10.0.1.1/32'];
      const count = await storage.countStatements(async () => {
        expect(nodes(await store().pagesOfCidrs(prefixes, 'WITHIN', filter, request()))).toEqual([
          [one],
          [one, three],
          [],
          [one],
          [three],
        ]);
        expect(nodes(await store().pagesOfCidrs(prefixes, 'COVERING', filter, request()))).toEqual([
          [cover],
          [cover],
          [],
          [cover],
          [three, cover],
        ]);
        expect(nodes(await store().pagesOfObjects([{ ...object, id: newId() }, object], request()))).toEqual([
          [],
          [one, two],
        ]);
      });
      if (count !== null) expect(count).toBe(3);
      const [within = [], covers] = [
        await store().pagesOfCidrs(prefixes, 'WITHIN', filter, request({ limit: 1 })),
        await store().pagesOfCidrs(prefixes, 'COVERING', filter, request({ limit: 1 })),
      ];
      expect(await Promise.all(within.map((page) => page.count()))).toEqual([1, 2, 0, 1, 1]);
      expect(await covers[4]?.count()).toBe(2);
      expect(covers[4]?.hasNextPage).toBe(true);
      const [ofObject] = await store().pagesOfObjects([object], request({ limit: 1 }));
      expect([await ofObject?.count(), ofObject?.hasNextPage]).toEqual([2, true]);
    });
  });
}
