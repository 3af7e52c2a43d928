/** Whatever is added and deleted, SQL and memory hold the same versions with the same marks, and page alike. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { Page, Position } from '#kernel/page.ts';
import { readVersions } from '#resolvers/threat/objects/match.ts';
import { type StixFilter, type StixVersion, stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';
import { paging, shown, Twins, toRequest } from '../network/twins.ts';
import type { Use } from '../suite.ts';
import { at, aVersion, stixId } from './stix-support.ts';

const twins = new Twins();
beforeAll(() => twins.open());
afterAll(() => twins.close());

const collections = [newId(), newId()] as const;
const id = fc.tuple(fc.constantFrom('indicator', 'tool'), fc.nat(2)).map(([type, digit]) => stixId(type, digit));
const version = fc.nat(4).map(at);
const versions = fc.option(fc.subarray(['first', 'last', 'all', at(0), at(2), 'garbage']), { nil: undefined });
const specVersion = fc.constantFrom('2.0', '2.1');
const collection = fc.constantFrom(...collections);

const addition = fc.record({
  kind: fc.constant('add' as const),
  collection,
  objects: fc.array(fc.record({ id, version, specVersion, name: fc.nat(1) }), { maxLength: 6 }),
  now: fc.nat(9).map(at),
});
const deletion = fc.record({ kind: fc.constant('delete' as const), collection, id, versions });
const sweep = fc.record({
  kind: fc.constant('sweep' as const),
  collection,
  before: fc.nat(9).map(at),
  limit: fc.nat(3),
});
const steps = fc.array(fc.oneof({ weight: 3, arbitrary: addition }, deletion, sweep), { maxLength: 8 });

const filter: fc.Arbitrary<StixFilter> = fc
  .record({
    versions,
    stixIds: fc.option(fc.array(id, { maxLength: 2 }), { nil: undefined }),
    types: fc.option(fc.subarray(['indicator', 'tool', 'x']), { nil: undefined }),
    specVersions: fc.option(fc.subarray(['2.0', '2.1']), { nil: undefined }),
    addedAfter: fc.option(fc.nat(9).map(at), { nil: undefined }),
  })
  .map(({ versions, ...rest }) => ({ ...rest, versions: readVersions(versions) }));

const list = fc.constantFrom([collections[0]], [...collections], [], 'all' as const);

/** Does the same in a unit of work of each. */
const changed = async <T>(work: (use: Use) => Promise<T>): Promise<[T, T]> => [
  await twins.memory.atomically(work),
  await twins.embedded.atomically(work),
];

const first = async (pages: Promise<Page<StixVersion>[]>) => shown((await pages)[0] ?? expect.unreachable('One list.'));

test('what is added, deleted and swept is the same, and so is every page', async () => {
  await fc.assert(
    fc.asyncProperty(steps, list, filter, paging, fc.nat(400), async (steps, list, filter, paging, maxBytes) => {
      const objects = steps.map((step) =>
        step.kind === 'add'
          ? step.objects.map(({ id, version, specVersion, name }) =>
              aVersion(id, version, { specVersion, body: { name } }),
            )
          : [],
      );
      await twins.fill(async () => null);
      for (const [index, step] of steps.entries()) {
        const [mine, theirs] = await changed(async (use) => {
          const store = use(stixObjectStore);
          switch (step.kind) {
            case 'add':
              return store.addMany(step.collection, objects[index] ?? [], step.now);
            case 'delete':
              return store.deleteVersions(step.collection, step.id, { versions: readVersions(step.versions, 'all') });
            case 'sweep':
              return store.deleteSuperseded(step.collection, step.before, step.limit);
          }
        });
        expect(theirs).toEqual(mine);
      }
      const everything = {
        filter: { versions: 'all' },
        page: toRequest({ ...paging, limit: 900, offset: 0, after: null, before: null }, []),
      } as const;
      const [all, others] = await twins.both((use) => first(use(stixObjectStore).versionPages([list], everything)));
      expect(others).toEqual(all);
      const query = {
        filter,
        page: toRequest(
          paging,
          (all.items as { position: Position }[]).map(({ position }) => position),
        ),
      };
      const [mine, theirs] = await twins.both((use) => first(use(stixObjectStore).pages([list], query, maxBytes)));
      expect(theirs).toEqual(mine);
    }),
    { numRuns: 60 },
  );
}, 120_000);
