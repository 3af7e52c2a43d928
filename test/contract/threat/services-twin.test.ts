/** Every list of services and data collections is the same in SQL and in memory, for any data, filter, rights and page. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { Visibility } from '#kernel/permission.ts';
import { dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { serviceStore } from '#resolvers/threat/services/service.ts';
import { paging, shown, Twins, toRequest } from '../network/twins.ts';
import { aDataCollection, anInbox, aPoll } from './taxii1-support.ts';

const twins = new Twins();
beforeAll(() => twins.open());
afterAll(() => twins.close());

const names = fc.uniqueArray(fc.constantFrom('a', 'B', 'b', 'a.b', 'é', 'z😀', 'z\uffff', ' a'), { maxLength: 8 });

test('lists of services', async () => {
  const filter = fc.record(
    {
      kind: fc.constantFrom('INBOX' as const, 'POLL' as const, 'DISCOVERY' as const),
      openOnly: fc.boolean(),
      ids: fc.array(fc.nat(8), { maxLength: 4 }),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      names,
      fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
      filter,
      paging,
      async (ids, flags, { ids: some, ...rest }, asked) => {
        const rows = ids.map((id, index) =>
          (flags[index] ? anInbox : aPoll)(id, { authenticationRequired: flags[(index + 3) % 8] ?? false }),
        );
        await twins.fill((use) => use(serviceStore).insertMany(rows));
        const query = {
          filter: { ...rest, ...(some && { ids: some.map((index) => rows[index]?.id ?? newId()) }) },
          page: toRequest(
            asked,
            rows.map(({ serviceId }) => [serviceId]),
          ),
        };
        const [mine, theirs] = await twins.both(async (use) => shown(await use(serviceStore).page(query)));
        expect(theirs).toEqual(mine);
      },
    ),
    { numRuns: 30 },
  );
}, 90_000);

test('lists of data collections, of all and of services', async () => {
  const services = [newId(), newId()];
  const grants = fc.option(fc.array(fc.array(fc.nat(8), { maxLength: 4 }), { minLength: 1, maxLength: 2 }));
  const attached = fc.array(fc.subarray(services), { minLength: 8, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(names, attached, grants, paging, async (texts, attachments, granted, asked) => {
      const rows = texts.map((name) => aDataCollection(name));
      await twins.fill(async (use) => {
        await use(dataCollectionStore).insertMany(rows);
        await use(dataCollectionStore).replaceServices(
          rows.map(({ id }, index) => ({ id, serviceIds: attachments[index] ?? [] })),
        );
      });
      const visibility: Visibility = granted
        ? {
            allOf: granted.map((list) =>
              list.map((index) => ({ kind: 'collection', value: rows[index]?.taxiiId ?? newId() })),
            ),
          }
        : 'all';
      const query = {
        visibility,
        page: toRequest(
          asked,
          rows.map(({ name }) => [name]),
        ),
      };
      const [mine, theirs] = await twins.both(async (use) => {
        const store = use(dataCollectionStore);
        const pages = await store.pagesOfServices([...services, newId()], query);
        const all = [await store.page(query), ...pages];
        return { pages: await Promise.all(all.map(shown)), served: await store.ofServices(services) };
      });
      expect(theirs).toEqual(mine);
    }),
    { numRuns: 30 },
  );
}, 90_000);
