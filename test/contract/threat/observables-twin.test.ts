/** Every list of observables is the same in SQL and in memory, for any rows, replacements, filters and pages. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { Position } from '#kernel/page.ts';
import { addressOf, domainOf, hashOf, urlOf } from '#resolvers/threat/observables/normal-form.ts';
import {
  type IndicatorObservable,
  type IndicatorRows,
  type ObservableFilter,
  observableKinds,
  observableStore,
} from '#resolvers/threat/observables/observable.ts';
import { paging, shown, Twins, toRequest } from '../network/twins.ts';
import { anObservable } from './observables.ts';

const twins = new Twins();
beforeAll(() => twins.open());
afterAll(() => twins.close());

const collections = [newId(), newId()];
const indicators = [`indicator--${newId()}`, `indicator--${newId()}`, `indicator--${newId()}`];
const instants = ['2024-01-01T00:00:00.000000Z', '2024-01-01T00:00:00.000001Z', '2024-02-01T00:00:00.000000Z'];

/** Few addresses and lengths, so that prefixes nest and meet; ends of the address space among them. */
const prefix = fc.constantFrom(
  ...['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/31', '10.0.0.1', '10.128.0.0/9', '255.255.255.255', '255.255.255.254/31'],
  ...['::/0', '::', '::/127', '::ffff:10.0.0.1', '2001:db8::/32', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
);
const what = fc.oneof(
  { weight: 3, arbitrary: prefix.map(addressOf) },
  fc.constantFrom('a.example', '10.0.0.1', 'é').map(domainOf),
  fc.constantFrom('http://a/', 'a.example', `http://a/${'x'.repeat(3000)}`).map(urlOf),
  fc.tuple(fc.constantFrom('MD5', 'SHA-1'), fc.constantFrom('ab', 'cd')).map(([name, value]) => hashOf(name, value)),
);
const replacement = fc.record({
  collection: fc.nat(1),
  indicator: fc.nat(2),
  values: fc.uniqueArray(what, {
    maxLength: 6,
    selector: (one) => `${one?.kind} ${one?.hashAlgorithm} ${one?.value}`,
  }),
  validFrom: fc.option(fc.constantFrom(...instants)),
  validUntil: fc.option(fc.constantFrom(...instants)),
  revoked: fc.boolean(),
});

type ValueOf<Some> = Some extends fc.Arbitrary<infer Value> ? Value : never;

const toRows = ({ collection, indicator, values, ...validity }: ValueOf<typeof replacement>): IndicatorRows => {
  const key = { collectionId: collections[collection] ?? '', stixId: indicators[indicator] ?? '' };
  const objectId = newId();
  return { ...key, rows: values.map((value) => anObservable(value, { ...key, ...validity, objectId })) };
};

const filter = fc.record(
  {
    kind: fc.constantFrom(...observableKinds),
    activeAt: fc.constantFrom(...instants),
    values: fc.array(what, { maxLength: 3 }),
    cidr: fc.record({ text: prefix, match: fc.constantFrom<'COVERING' | 'WITHIN'>('COVERING', 'WITHIN') }),
  },
  { requiredKeys: [] },
);

const toFilter = (
  { values, cidr, ...rest }: ValueOf<typeof filter>,
  collectionIds: ObservableFilter['collectionIds'],
  includeRevoked: boolean,
): ObservableFilter => ({
  ...rest,
  collectionIds,
  includeRevoked,
  ...(values && { values: values.flatMap((value) => value ?? []) }),
  ...(cidr && { cidr: { text: addressOf(cidr.text)?.cidr ?? '', match: cidr.match } }),
});

test('lists by value, by address and of all, whatever was replaced before', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(replacement, { minLength: 1, maxLength: 8 }),
      filter,
      fc.constantFrom<ObservableFilter['collectionIds']>('all', [], collections.slice(0, 1), collections),
      fc.boolean(),
      paging,
      async (replacements, wanted, collectionIds, includeRevoked, asked) => {
        const all = replacements.map(toRows);
        await twins.fill(async (use) => {
          for (const one of all) await use(observableStore).replaceFor([one]);
        });
        const chosen = toFilter(wanted, collectionIds, includeRevoked);
        // Values are names where addresses are looked for by prefix: an address is found once.
        const sought = chosen.cidr
          ? { ...chosen, values: chosen.values?.filter(({ kind }) => !kind.endsWith('ADDR')) }
          : chosen;
        const rows = all.flatMap((one) => one.rows);
        const position = (row: IndicatorObservable): Position =>
          sought.cidr?.match === 'WITHIN' ? [row.cidr ?? '0.0.0.0/0', row.id] : [row.id];
        const page = toRequest(asked, rows.map(position));
        const [mine, theirs] = await twins.both(async (use) => shown(await use(observableStore).page(sought, page)));
        expect(theirs).toEqual(mine);
      },
    ),
    { numRuns: 40 },
  );
}, 120_000);

test('lists at many prefixes and of many indicators', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(replacement, { minLength: 1, maxLength: 8 }),
      fc.array(prefix, { minLength: 1, maxLength: 4 }),
      fc.constantFrom<'COVERING' | 'WITHIN'>('COVERING', 'WITHIN'),
      paging,
      async (replacements, prefixes, match, { after: _, before: __, ...asked }) => {
        const all = replacements.map(toRows);
        await twins.fill(async (use) => {
          for (const one of all) await use(observableStore).replaceFor([one]);
        });
        const page = toRequest({ ...asked, after: null, before: null }, []);
        const cidrs = prefixes.map((text) => addressOf(text)?.cidr ?? '');
        const objects = all.flatMap(({ collectionId, stixId, rows: [row] }) =>
          row ? [{ id: row.objectId, collectionId, stixId }] : [],
        );
        const [mine, theirs] = await twins.both(async (use) => {
          const store = use(observableStore);
          const at = await store.pagesOfCidrs(cidrs, match, { collectionIds: 'all', includeRevoked: true }, page);
          const of = await store.pagesOfObjects(objects, page);
          return Promise.all([...at, ...of].map(shown));
        });
        expect(theirs).toEqual(mine);
      },
    ),
    { numRuns: 25 },
  );
}, 120_000);
