/** A real collection, as clients of the graph page through it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { addObjectsTo } from '#resolvers/threat/objects/add.ts';
import { attackObjects } from '../../support/attack.ts';
import { furnishRoom } from '../../support/taxii-rooms.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

const query = `query ($id: ID!, $first: Int, $after: String) { taxiiCollection(by: { id: $id }) {
  objects(first: $first, after: $after) {
    nodes { stixId dateAdded body } edges { cursor }
    pageInfo { hasNextPage endCursor firstDateAdded lastDateAdded } } } }`;

interface Answer {
  readonly taxiiCollection: {
    readonly objects: {
      readonly nodes: readonly { readonly stixId: string; readonly dateAdded: string; readonly body: unknown }[];
      readonly edges: readonly { readonly cursor: string }[];
      readonly pageInfo: {
        readonly hasNextPage: boolean;
        readonly endCursor: string | null;
        readonly firstDateAdded: string | null;
        readonly lastDateAdded: string | null;
      };
    };
  };
}

/** All nodes, page by page, and how many pages there were. */
async function pageThrough({ gateway }: TestThreat, { id }: TaxiiCollection, first: number) {
  const nodes: Answer['taxiiCollection']['objects']['nodes'][number][] = [];
  let pages = 0;
  for (let after: string | null = null; ; pages += 1) {
    const { data, errors } = await gateway.execute({ document: query, variables: { id, first, after } });
    expect(errors).toBeUndefined();
    const { objects } = (data as unknown as Answer).taxiiCollection;
    nodes.push(...objects.nodes);
    expect(objects.pageInfo).toMatchObject({
      endCursor: objects.edges.at(-1)?.cursor ?? null,
      firstDateAdded: objects.nodes[0]?.dateAdded ?? null,
      lastDateAdded: objects.nodes.at(-1)?.dateAdded ?? null,
    });
    after = objects.pageInfo.endCursor;
    if (!objects.pageInfo.hasNextPage) return { nodes, pages: pages + 1 };
  }
}

describe.each([
  ['memory', [1, 7]],
  ['embedded', [7, 100, 1000]],
] as const)('in %s', (storage, sizes) => {
  let threat: TestThreat;
  let collection: TaxiiCollection;
  const objects = attackObjects();
  beforeAll(async () => {
    threat = await openThreat(storage);
    collection = await furnishRoom(threat);
    await addObjectsTo(threat.all, collection, objects);
  });
  afterAll(() => threat.gateway.dispose());

  test.each(sizes)(
    'pages of %i show each object once, in the order in which it came',
    async (size) => {
      const { nodes, pages } = await pageThrough(threat, collection, size);
      expect(nodes.map(({ body }) => body)).toEqual(objects);
      expect(pages).toBe(Math.ceil(1826 / size));
    },
    120_000,
  );

  test('nobody misses anything while somebody else keeps adding', async () => {
    const room = await furnishRoom(threat);
    const [first, rest] = [objects.slice(0, 400), objects.slice(400, 600)];
    await addObjectsTo(threat.all, room, first);
    const adding = (async () => {
      for (let at = 0; at < rest.length; at += 20) await addObjectsTo(threat.all, room, rest.slice(at, at + 20));
    })();
    const { nodes } = await pageThrough(threat, room, 7);
    await adding;
    const seen = nodes.map(({ stixId }) => stixId);
    expect(seen).toEqual(objects.slice(0, seen.length).map(({ id }) => id));
    expect(seen.length).toBeGreaterThanOrEqual(first.length);
    expect((await pageThrough(threat, room, 100)).nodes).toHaveLength(600);
  }, 120_000);
});

test('what a list of collections holds costs the same statements for any number of them', async () => {
  const threat = await openThreat();
  const document = `{ taxiiCollections { nodes {
    objects(first: 2) { nodes { stixId collection { title } observables { nodes { value } } versions { nodes { version } totalCount } }
      totalCount }
    manifest(first: 2) { nodes { stixId } }
    versions(stixId: "x-a--00000000-0000-4000-8000-000000000001") { nodes { version } }
    none: versions(stixId: "x-a--00000000-0000-4000-8000-000000000002") { nodes { version } }
    object(stixId: "x-a--00000000-0000-4000-8000-000000000001", versions: ["all"]) { body }
    noObject: object(stixId: "x-a--00000000-0000-4000-8000-000000000002") { body } } } }`;
  const read = () =>
    threat.statements(async () => expect((await threat.gateway.execute({ document })).errors).toBeUndefined());
  const fill = async () => {
    const object = { type: 'x-a', id: 'x-a--00000000-0000-4000-8000-000000000001' };
    await addObjectsTo(threat.all, await furnishRoom(threat), [object, { ...object, created: '2024-01-01T00:00:00Z' }]);
  };
  await fill();
  const few = await read();
  for (let count = 0; count < 4; count += 1) await fill();
  expect(await read()).toBe(few);
  expect(few).toBeLessThan(16);
  await threat.gateway.dispose();
});

test('ten thousand objects are added in a handful of statements for each thousand', async () => {
  const threat = await openThreat();
  const room = await furnishRoom(threat);
  const objects = Array.from({ length: 10_000 }, (_, index) => ({
    type: 'x-a',
    id: `x-a--00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    created: '2024-01-01T00:00:00.123456Z',
  }));
  const statements = await threat.statements(async () => {
    expect(await addObjectsTo(threat.all, room, objects)).toMatchObject({ state: 'COMPLETE', successCount: 10_000 });
  });
  expect(statements).toBeLessThan(140);
  await threat.gateway.dispose();
}, 120_000);
