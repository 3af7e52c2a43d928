import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrokenListError, countList, readList } from '#commands/json-list.ts';
import { lineOf } from '#commands/threat-import-progress.ts';
import { createGateway, type Gateway } from '#gateway';
import { eventLog } from '#kernel/event.ts';
import { newId } from '#kernel/id.ts';
import { createApiRoot } from '#resolvers/threat/api-roots/create.ts';
import { collectionStore, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { createCollection } from '#resolvers/threat/collections/create.ts';
import { listObjects } from '#resolvers/threat/objects/list.ts';
import { taxiiStatusStore } from '#resolvers/threat/statuses/taxii-status.ts';
import { attackObjects, attackText } from '../support/attack.ts';
import { newFolder, openGateway, say } from './support.ts';

async function* chunksOf(text: string, size: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const membersOf = async (text: string, size = 3): Promise<unknown[]> => {
  const members: unknown[] = [];
  for await (const member of readList(chunksOf(text, size), 'objects')) members.push(member);
  expect(await countList(chunksOf(text, size), 'objects')).toBe(members.length);
  return members;
};

describe('a list that is read as it comes', () => {
  test('is a bare one, or stands in an object under its key', async () => {
    expect(await membersOf('[]')).toEqual([]);
    expect(await membersOf(' [ 1 , "a,]b" ,{"c":[2,{"d":"\\""}]} ] ')).toEqual([1, 'a,]b', { c: [2, { d: '"' }] }]);
    expect(await membersOf('\ufeff{"type":"bundle","x":["objects",[1]],"objects":[{"a":1}],"y":[9]}')).toEqual([
      { a: 1 },
    ]);
    expect(await membersOf('{"a":"objects","b":[1],"c":{"objects":[2]},"objects":[3]}')).toEqual([3]);
    expect(await membersOf('{"objects":[]}')).toEqual([]);
  });

  test('is whatever JSON says it is, wherever the chunks end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue(), { maxLength: 5 }),
        fc.integer({ min: 1, max: 9 }),
        fc.jsonValue(),
        async (list, size, other) => {
          const text = JSON.stringify(list);
          expect(await membersOf(text, size)).toEqual(JSON.parse(text));
          const bundle = JSON.stringify({ before: other, objects: list, after: other });
          expect(await membersOf(bundle, size)).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  test.each(['', '  ', 'x', '7', '{}', '{"objects":{}}', '{"objects":[1', '[1]x', '[1,]', '[,]', '[{"a":}]', '{"a":1'])(
    'is broken as %j',
    async (text) => {
      await expect(membersOf(text)).rejects.toThrow(BrokenListError);
    },
  );
});

test('a line of progress tells how far it is, with a total where there is one', () => {
  const counts = { doneCount: 1000, addedCount: 990, presentCount: 4, failedCount: 6 };
  expect(lineOf(counts, 1826, 244)).toBe('imported 1000 of 1826 (54 %): 990 added, 4 present, 6 failed, 4098/s');
  expect(lineOf(counts, null, 1000)).toBe('imported 1000: 990 added, 4 present, 6 failed, 1000/s');
});

describe('threat import', () => {
  let gateway: Gateway;
  let folder: string;
  beforeAll(async () => {
    gateway = await openGateway();
    folder = newFolder();
    writeFileSync(join(folder, 'attack.json'), attackText());
  });
  afterAll(() => gateway.dispose());

  let rooms = 0;
  async function room(): Promise<TaxiiCollection & { slug: string }> {
    rooms += 1;
    const slug = `root-${rooms}`;
    const root = await createApiRoot(gateway.context(), { title: slug, slug });
    const collection = await createCollection(gateway.context(), {
      apiRoot: { id: root.id },
      title: 'x',
      alias: 'attack',
    });
    return { ...collection, slug };
  }
  const importing = (line: string, parts = {}) => say(`threat import ${line}`, { gateway, folder, ...parts });
  const objectsOf = async ({ id }: TaxiiCollection, limit = 1000, offset = 0) => {
    const page = { limit, direction: 'forward', after: null, before: null, offset } as const;
    return (await listObjects(gateway.context(), { collections: [{ id }] }, page)).items.map(({ node }) => node);
  };

  test('adds a real bundle of 1,826 objects in the order of the file, and finds it present when done again', async () => {
    const collection = await room();
    const before = await gateway.context().use(eventLog).state();
    const first = await importing(`attack.json --collection attack --root ${collection.slug}`);
    expect(first).toMatchObject({ exit: 0, out: '1826 added, 0 present, 0 failed.\n' });
    expect(first.err).toMatch(/imported 1826 of 1826 \(100 %\): 1826 added, 0 present, 0 failed, \d+\/s\n$/);
    const objects = attackObjects();
    const kept = [...(await objectsOf(collection, 1000)), ...(await objectsOf(collection, 1000, 1000))];
    expect(kept.map(({ body }) => body)).toEqual(objects);
    const byType = Map.groupBy(kept, ({ type }) => type);
    const counts = ['relationship', 'attack-pattern', 'x-mitre-tactic', 'malware'].map(
      (type) => byType.get(type)?.length,
    );
    expect(counts).toEqual([1373, 95, 12, 30]);
    const marking = 'marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168';
    expect(kept.find(({ stixId }) => stixId === marking)?.version).toBe('2017-06-01T00:00:00.000000Z');
    const added = async () => {
      const log = gateway.context().use(eventLog);
      while ((await log.number(1000)) > 0);
      const events = [...(await log.read(before.head, 1000)), ...(await log.read(before.head + 1000, 2000))];
      return events.filter(({ name }) => name === 'threat.stixObject.added');
    };
    const told = (await added()).filter(({ scope }) => scope.collection === collection.id);
    expect(told.map(({ data }) => (data as { stixId: string }).stixId)).toEqual(objects.map(({ id }) => id));
    const again = await importing(`attack.json --collection ${collection.id} --quiet`);
    expect(again).toMatchObject({ exit: 0, out: '0 added, 1826 present, 0 failed.\n', err: '' });
    expect(await added()).toHaveLength(1826);
  });

  test('says what it would do without doing it', async () => {
    const collection = await room();
    const dry = await importing(`attack.json --collection ${collection.id} --dry-run -q`);
    expect(dry).toMatchObject({ exit: 0, out: 'This would be done: 1826 added, 0 present, 0 failed.\n' });
    expect(await objectsOf(collection)).toEqual([]);
  });

  test('reads a pipe, tells no total, and lists what failed', async () => {
    const collection = await room();
    const good = { type: 'x-a', id: 'x-a--00000000-0000-4000-8000-000000000001' };
    const input = JSON.stringify([good, { ...good, type: 'x-b' }, 7]);
    const said = await importing(`- --collection ${collection.id} --batch 2`, { input });
    expect(said).toMatchObject({ exit: 1, out: '1 added, 0 present, 2 failed.\n' });
    expect(said.err).toMatch(/^imported 3: 1 added, 0 present, 2 failed, \d+\/s\n/);
    expect(said.err).toContain(`${good.id}: type: must be what its id begins with, not x-b\n`);
    expect(said.err).toContain('objects[2]: is not an object\n');
    const asJson = await importing(`- --collection ${collection.id} --json -q`, { input });
    const { status: id, ...counts } = asJson.json as { status: string };
    expect(counts).toMatchObject({ doneCount: 3, addedCount: 0, presentCount: 1, failedCount: 2, failures: [{}, {}] });
    const [status] = await gateway.context().use(taxiiStatusStore).getMany([id]);
    expect(status).toMatchObject({
      state: 'COMPLETE',
      totalCount: 3,
      successCount: 1,
      failureCount: 2,
      pendingCount: 0,
    });
  });

  test('keeps whole batches when it is interrupted, leaves no status pending, and completes when run again', async () => {
    const collection = await room();
    const stop = new AbortController();
    const stopped = {
      get aborted() {
        return stop.signal.aborted;
      },
    } as AbortSignal;
    const listening = gateway.context().use(collectionStore);
    const watcher = setInterval(async () => {
      const [now] = await listening.getMany([collection.id]);
      if ((now?.objectCount ?? 0) > 0) stop.abort();
    }, 1);
    const said = await importing(`attack.json --collection ${collection.id} --batch 100 -q`, { stopped });
    clearInterval(watcher);
    expect(said.exit).toBe(1);
    expect(said.err).toContain('Interrupted: whole batches are kept.');
    const [now] = await listening.getMany([collection.id]);
    expect(now?.objectCount).toBeGreaterThan(0);
    expect((now?.objectCount ?? 0) % 100).toBe(0);
    const everything = { owner: null, written: 'all', apiRootIds: 'all' } as const;
    const page = { limit: 9, direction: 'forward', after: null, before: null, offset: 0 } as const;
    const statuses = await gateway
      .context()
      .use(taxiiStatusStore)
      .page({ collectionId: collection.id }, everything, page);
    expect(statuses.items.map(({ node }) => node)).toMatchObject([
      { state: 'COMPLETE', pendingCount: 0, totalCount: 1826 },
    ]);
    const again = await importing(`attack.json --collection ${collection.id} -q`);
    expect(again.exit).toBe(0);
    expect(again.out).toBe(`${1826 - (now?.objectCount ?? 0)} added, ${now?.objectCount} present, 0 failed.\n`);
  });

  test.each([
    ['none.json --collection COLLECTION', /none\.json cannot be read: ENOENT/],
    ['. --collection COLLECTION', /cannot be read/],
    ['broken.json --collection COLLECTION', /broken\.json cannot be read: member 0 is no JSON/],
    [`attack.json --collection ${newId()}`, /Collection not found/],
    ['attack.json --collection attack', /no default API root/],
    ['attack.json --collection attack --root nowhere', /Collection not found/],
    ['attack.json', /required option/],
  ])('%s is wrong usage', async (line, message) => {
    const collection = await room();
    writeFileSync(join(folder, 'broken.json'), '{"objects":[{"a":}]}');
    const said = await importing(line.replace('COLLECTION', collection.id));
    expect(said.exit).toBe(2);
    expect(said.err).toMatch(message);
  });

  test('sends requests of bounded size to a gateway elsewhere', async () => {
    const collection = await room();
    const url = await gateway.listen();
    const made = await say('key create tests --account admin --json', { gateway });
    const { key: token } = made.json as { key: string };
    const remote = await say(
      `--url ${url} --token ${token} threat import attack.json --collection ${collection.id} -q`,
      { folder },
    );
    expect(remote).toMatchObject({ exit: 0, out: '1826 added, 0 present, 0 failed.\n' });
    const again = await say(
      `--url ${url} --token ${token} threat import attack.json --collection ${collection.id} -q`,
      { folder },
    );
    expect(again).toMatchObject({ exit: 0, out: '0 added, 1826 present, 0 failed.\n' });
  });
});

test('a page of few bytes holds one large object alone', async () => {
  const gateway = await createGateway({
    config: {
      plugins: ['default', '!storage-prisma', 'storage-memory'],
      dataDir: `memory://${newId()}`,
      log: { level: 'silent' },
      accounts: { adminPassword: 'correct horse battery staple' },
      threat: { maxPageBytes: 65_536 },
    },
  });
  const ctx = gateway.context();
  const root = await createApiRoot(ctx, { title: 'x' });
  const { id } = await createCollection(ctx, { apiRoot: { id: root.id }, title: 'x' });
  await say(`threat import - --collection ${id} -q`, { gateway, input: attackText() });
  const page = { limit: 1000, direction: 'forward', after: null, before: null, offset: 0 } as const;
  const first = await listObjects(ctx, { collections: [{ id }] }, page);
  expect(first.items.map(({ node }) => node.stixId)).toEqual([
    'x-mitre-collection--90c00720-636b-4485-b342-8751d232bf09',
  ]);
  expect(first.hasNextPage).toBe(true);
  await gateway.dispose();
});
