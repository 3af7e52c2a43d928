import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ForbiddenError, InputError, NotFoundError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import type { PageRequest } from '#kernel/page.ts';
import { collectionStore } from '#resolvers/threat/collections/collection.ts';
import { isInstant, laterBy } from '#resolvers/threat/instant.ts';
import { addObjects, addObjectsTo } from '#resolvers/threat/objects/add.ts';
import { deleteObject } from '#resolvers/threat/objects/delete.ts';
import { filterOf, type StixMatch, stixSelection } from '#resolvers/threat/objects/filter.ts';
import { findObject, findObjects, findVersions } from '#resolvers/threat/objects/find.ts';
import { judgeObjects } from '#resolvers/threat/objects/judge.ts';
import {
  listManifestOf,
  listObjects,
  listObjectsOf,
  listVersionsOf,
  pageOfObjects,
} from '#resolvers/threat/objects/list.ts';
import { unknownId } from '#resolvers/threat/objects/validate.ts';
import { listObservables } from '#resolvers/threat/observables/find.ts';
import { allDetails } from '#resolvers/threat/statuses/find.ts';
import { furnish, furnishRoom, indicatorI, indicatorJ, relationshipR } from '../../support/taxii-rooms.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

const page = (parts: Partial<PageRequest> = {}): PageRequest => ({
  limit: 1000,
  direction: 'forward',
  after: null,
  before: null,
  offset: 0,
  ...parts,
});

describe.each(['2024-01-01T12:00:00.000000Z', '2024-01-01T12:00:00.123456Z'])('at %s', (now) => {
  let threat: TestThreat;
  let rooms: Awaited<ReturnType<typeof furnish>>;
  let user: Context;
  beforeAll(async () => {
    threat = await openThreat();
    rooms = await furnish(threat, now);
    user = rooms.user;
  });
  afterAll(() => threat.gateway.dispose());

  const newest = () => [indicatorI, rooms.at(1)];
  const other = () => [relationshipR, rooms.at(3)];
  const older = () => [indicatorI, rooms.at(-1)];

  const select = async (match: StixMatch = {}, addedAfter?: string) => {
    const found = await listObjects(user, { collections: [{ id: rooms.c5.id }], match, addedAfter }, page());
    return found.items.map(({ node }) => [node.stixId, node.version]);
  };

  test('a collection shows the last versions in the order in which they were added', async () => {
    expect(await select()).toEqual([newest(), other()]);
    const { items } = await listObjectsOf(user, rooms.c5, {}, page());
    expect(items.map(({ node }) => node.dateAdded)).toEqual([now, rooms.at(2)]);
    expect(items.every(({ node }) => isInstant(node.dateAdded) && isInstant(node.version))).toBe(true);
  });

  test('versions are selected over the whole collection, whatever else is asked for', async () => {
    const version = (...version: string[]) => select({ version });
    expect(await version('last')).toEqual([newest(), other()]);
    expect(await version('first')).toEqual([other(), older()]);
    expect(await version('all')).toEqual([newest(), other(), older()]);
    expect(await version(rooms.at(1))).toEqual([newest()]);
    expect(await version('first', 'last')).toEqual([newest(), other(), older()]);
    expect(await version(rooms.at(-1), 'last')).toEqual([newest(), other(), older()]);
    expect(await version('garbage')).toEqual([]);
    expect(await select({ specVersion: ['2.1'], id: [indicatorI] })).toEqual([]);
    expect(await select({ specVersion: ['2.1'] })).toEqual([other()]);
    expect(await select({}, '2016-01-01T00:00:00Z')).toEqual([newest(), other()]);
    expect(await select({}, now)).toEqual([other()]);
  });

  test('a cursor goes on without filters of its own', async () => {
    const filter = filterOf(stixSelection.parse({ match: { version: ['all'] } }));
    const first = await pageOfObjects(user, [rooms.c5.id], { filter, page: page({ limit: 1 }) });
    const after = first.items[0]?.position ?? null;
    const rest = await pageOfObjects(user, [rooms.c5.id], { filter, page: page({ limit: 5, after }) });
    expect(rest.items.map(({ node }) => node.version)).toEqual([rooms.at(3), rooms.at(-1)]);
    expect(rest.hasNextPage).toBe(false);
  });

  test('one object has its versions, and is known though all of them are filtered out', async () => {
    const versions = (...args: [string, (readonly string[])?, (readonly string[])?]) =>
      findVersions(user, rooms.c5, args[0], { versions: args[1], specVersions: args[2] });
    expect((await versions(indicatorI))?.map(({ version }) => version)).toEqual([rooms.at(1)]);
    expect((await versions(indicatorI, ['all']))?.map(({ version }) => version)).toEqual([rooms.at(1), rooms.at(-1)]);
    expect(await versions(indicatorI, ['all'], ['a'])).toEqual([]);
    expect(await versions(indicatorJ)).toBeNull();
    expect(await versions('garbage')).toBeNull();
    const all = await listVersionsOf(user, rooms.c5, indicatorI, {}, page());
    expect(all?.items.map(({ node }) => node.version)).toEqual([rooms.at(1), rooms.at(-1)]);
    const late = await listVersionsOf(user, rooms.c5, indicatorI, { addedAfter: now }, page());
    expect(late?.items.map(({ node }) => node.version)).toEqual([rooms.at(-1)]);
    expect((await listVersionsOf(user, rooms.c5, indicatorI, { specVersions: ['3'] }, page()))?.items).toEqual([]);
    expect(await listVersionsOf(user, rooms.c5, indicatorJ, {}, page())).toBeNull();
    expect(await listVersionsOf(user, rooms.c1, indicatorJ, {}, page())).toBeNull();
    const manifest = await listManifestOf(user, rooms.c5, {}, page());
    expect(manifest.items.map(({ node }) => [node.stixId, node.specVersion])).toEqual([
      [indicatorI, '2.0'],
      [relationshipR, '2.1'],
    ]);
  });

  test('nobody sees objects of what he does not read', async () => {
    const one = { version: { collection: { taxiiId: rooms.c1.id }, stixId: indicatorJ } };
    const row = await findObject(threat.all, one);
    expect(row?.stixId).toBe(indicatorJ);
    for (const ctx of [user, threat.as()]) {
      expect(await findObject(ctx, one)).toBeNull();
      expect(await findObjects(ctx, [row?.id ?? ''])).toEqual([null]);
      expect((await listObjectsOf(ctx, rooms.c1, {}, page())).items).toEqual([]);
      expect((await listManifestOf(ctx, rooms.c1, {}, page())).items).toEqual([]);
      expect(await findVersions(ctx, rooms.c1, indicatorJ, {})).toBeNull();
      await expect(listObjects(ctx, { collections: [{ id: rooms.c1.id }] }, page())).rejects.toThrow(NotFoundError);
    }
    const { anonymous } = rooms;
    await expect(findObject(anonymous, one)).rejects.toThrow(AuthenticationError);
    const unknown = { version: { collection: { taxiiId: newId() }, stixId: indicatorJ } };
    await expect(findObject(anonymous, unknown)).rejects.toThrow(AuthenticationError);
    expect(await findObject(user, unknown)).toBeNull();
    await expect(listObjects(anonymous, { collections: [{ id: rooms.c5.id }] }, page())).rejects.toThrow(
      AuthenticationError,
    );
    const everywhere = async (ctx: Context) =>
      new Set((await listObjects(ctx, {}, page())).items.map(({ node }) => node.collectionId));
    expect(await everywhere(anonymous)).toEqual(new Set([rooms.c6.id]));
    expect(await everywhere(user)).toEqual(new Set([rooms.c5.id, rooms.c6.id]));
    expect(await everywhere(threat.all)).toEqual(new Set([rooms.c1.id, rooms.c5.id, rooms.c6.id]));
  });

  test('a named version is found whichever way its time is written', async () => {
    const text = rooms.at(1).replace(/0+Z$/, 'Z').replace('.Z', 'Z');
    const by = (version: string) => ({ version: { collection: { id: rooms.c5.id }, stixId: indicatorI, version } });
    expect(await findObject(user, by(text))).toMatchObject({ version: rooms.at(1), isLast: true });
    expect(await findObject(user, by('last'))).toBeNull();
  });

  test('objects are deleted whole or by version, where the viewer has both rights', async () => {
    const remove = (ctx: Context, collection: { id: string }, versions?: string[]) =>
      deleteObject(ctx, { collection: { id: collection.id }, stixId: indicatorI, versions });
    await expect(remove(user, rooms.c3)).rejects.toThrow(NotFoundError);
    await expect(remove(user, rooms.c0)).rejects.toThrow(ForbiddenError);
    await expect(remove(user, rooms.c1)).rejects.toThrow(ForbiddenError);
    await expect(remove(rooms.anonymous, rooms.c6)).rejects.toThrow(AuthenticationError);
    expect(await remove(user, rooms.c4)).toEqual({ deletedCount: 0 });
    await threat.news();
    expect(await remove(user, rooms.c5, [rooms.at(1)])).toEqual({ deletedCount: 1 });
    expect(await select()).toEqual([other(), older()]);
    expect((await threat.news()).map(({ name, data }) => [name, data])).toEqual([
      [
        'threat.stixObject.deleted',
        {
          collection: rooms.c5.id,
          stixId: indicatorI,
          type: 'indicator',
          specVersion: '2.0',
          version: rooms.at(1),
          dateAdded: now,
        },
      ],
    ]);
    expect(await remove(user, rooms.c5)).toEqual({ deletedCount: 1 });
    expect(await remove(user, rooms.c5)).toEqual({ deletedCount: 0 });
    expect(await select({ version: ['all'] })).toEqual([other()]);
    const [collection] = await threat.all.use(collectionStore).getMany([rooms.c5.id]);
    expect(collection?.objectCount).toBe(1);
  });
});

describe('adding', () => {
  let threat: TestThreat;
  beforeAll(async () => {
    threat = await openThreat('embedded', {
      threat: { ingestBatch: 3, statusDetailLimit: 8, maxContentLength: 4000 },
    });
  });
  afterAll(() => threat.gateway.dispose());

  const room = () => furnishRoom(threat);
  const version = '2016-04-06T20:03:48.000Z';
  const anIndicator = (digit: number, more: object = {}) => ({
    type: 'indicator',
    id: `indicator--00000000-0000-4000-8000-00000000000${digit}`,
    created: version,
    modified: version,
    ...more,
  });
  const objectsIn = async (id: string) => {
    const { items } = await listObjects(threat.all, { collections: [{ id }], match: { version: ['all'] } }, page());
    return items.map(({ node }) => node);
  };

  test('keeps the version that an object says, with six digits, and says so', async () => {
    const { id } = await room();
    const marking = {
      type: 'marking-definition',
      id: 'marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da',
      created: '2017-06-01T00:00:00.000000Z',
    };
    const bare = {
      type: 'x-no-version',
      id: 'x-no-version--5e113376-8a13-432d-b711-92f566ebbd92',
      spec_version: '2.1',
    };
    const objects = [anIndicator(1), marking, bare];
    const { status } = await addObjects(threat.all, { collection: { id }, objects });
    expect(status).toMatchObject({
      state: 'COMPLETE',
      totalCount: 3,
      successCount: 3,
      failureCount: 0,
      pendingCount: 0,
    });
    expect(await allDetails(threat.all, status, 'SUCCESS')).toEqual([
      { stixId: anIndicator(1).id, version: '2016-04-06T20:03:48.000000Z', message: null },
      { stixId: marking.id, version: '2017-06-01T00:00:00.000000Z', message: null },
      { stixId: bare.id, version: '1970-01-01T00:00:00.000000Z', message: null },
    ]);
    const kept = await objectsIn(id);
    expect(kept.map(({ body }) => body)).toEqual(objects);
    expect(kept.map(({ specVersion }) => specVersion)).toEqual(['2.1', '2.1', '2.1']);
    const again = await addObjects(threat.all, { collection: { id }, objects });
    expect(again.status).toMatchObject({ successCount: 3 });
    expect((await allDetails(threat.all, again.status, 'SUCCESS'))?.map(({ message }) => message)).toEqual(
      Array(3).fill('already present'),
    );
    expect(await objectsIn(id)).toEqual(kept);
  });

  test('keeps the good ones among bad ones, and says of each bad one what is wrong with it', async () => {
    const { id } = await room();
    await threat.news();
    const objects = [
      anIndicator(1),
      anIndicator(2, { modified: 'soon' }),
      { ...anIndicator(3), id: 7 },
      anIndicator(4),
    ];
    const { status } = await addObjects(threat.all, { collection: { id }, objects });
    expect(status).toMatchObject({ totalCount: 4, successCount: 2, failureCount: 2, pendingCount: 0 });
    expect((await allDetails(threat.all, status, 'FAILURE'))?.map(({ stixId, message }) => [stixId, message])).toEqual([
      [anIndicator(2).id, expect.stringMatching(/^modified: must be an instant/)],
      [unknownId, 'objects[2]: id: must be a text'],
    ]);
    expect((await objectsIn(id)).map(({ stixId }) => stixId)).toEqual([anIndicator(1).id, anIndicator(4).id]);
    const [collection] = await threat.all.use(collectionStore).getMany([id]);
    expect(collection?.objectCount).toBe(2);
    const events = await threat.news();
    expect(events.map(({ name }) => name)).toEqual([
      'threat.stixObject.added',
      'threat.stixObject.added',
      'threat.taxiiStatus.completed',
    ]);
    expect(events[1]?.data).toMatchObject({ stixId: anIndicator(4).id, collection: id });
    expect(events[2]?.data).toMatchObject({ taxiiId: status.id, totalCount: 4, successCount: 2, failureCount: 2 });
  });

  test('judges what comes twice in one envelope in order, each with its own entry', async () => {
    const { id } = await room();
    const objects = [anIndicator(1), anIndicator(1, { name: 'x' }), anIndicator(1), anIndicator(1)];
    const { status } = await addObjects(threat.all, { collection: { id }, objects });
    expect((await allDetails(threat.all, status, 'SUCCESS'))?.map(({ message }) => message)).toEqual([
      null,
      'already present; content differs and was not stored',
      'already present',
      'already present',
    ]);
    expect((await objectsIn(id)).map(({ body }) => body)).toEqual([anIndicator(1)]);
  });

  test('an envelope without objects is complete at once', async () => {
    const { id } = await room();
    const { status } = await addObjects(threat.all, { collection: { id }, objects: [] });
    expect(status).toMatchObject({ state: 'COMPLETE', totalCount: 0, successCount: 0, failureCount: 0 });
    expect(status.completedAt).not.toBeNull();
  });

  test('goes on by batches, each with its events, and dates them in the order of the envelope', async () => {
    const { id } = await room();
    await threat.news();
    const objects = Array.from({ length: 7 }, (_, index) => anIndicator(9 - index));
    const { status } = await addObjects(threat.all, { collection: { id }, objects });
    expect(status).toMatchObject({ state: 'COMPLETE', totalCount: 7, successCount: 7 });
    const kept = await objectsIn(id);
    expect(kept.map(({ stixId }) => stixId)).toEqual(objects.map((object) => object.id));
    const events = await threat.news();
    expect(new Set(events.map(({ tx }) => tx)).size).toBe(3);
    expect(events.slice(0, 7).map(({ data }) => (data as { stixId: string }).stixId)).toEqual(
      objects.map((object) => object.id),
    );
    expect((await allDetails(threat.all, status, 'SUCCESS'))?.map(({ stixId }) => stixId)).toEqual(
      objects.map((object) => object.id).sort(),
    );
    const many = Array.from({ length: 9 }, (_, index) => anIndicator(index, { modified: '2020-01-01T00:00:00Z' }));
    const larger = (await addObjects(threat.all, { collection: { id }, objects: many })).status;
    expect(larger).toMatchObject({ successCount: 9 });
    expect(await allDetails(threat.all, larger, 'SUCCESS')).toBeNull();
    expect(await allDetails(threat.all, larger, 'FAILURE')).toEqual([]);
  });

  test('two racing pushes keep a version once, and both are answered with success', async () => {
    const { id } = await room();
    const objects = [anIndicator(1), anIndicator(2)];
    const answers = await Promise.all([1, 2, 3].map(() => addObjects(threat.all, { collection: { id }, objects })));
    expect(answers.map(({ status }) => status.successCount)).toEqual([2, 2, 2]);
    expect(await objectsIn(id)).toHaveLength(2);
  });

  test('a reader who goes on from the last date misses nothing, however many write meanwhile', async () => {
    const { id } = await room();
    const seen: string[] = [];
    let addedAfter: string | undefined;
    const read = async () => {
      const { items } = await listObjects(
        threat.all,
        { collections: [{ id }], match: { version: ['all'] }, addedAfter },
        page({ limit: 4 }),
      );
      seen.push(...items.map(({ node }) => `${node.stixId} ${node.version}`));
      addedAfter = items.at(-1)?.node.dateAdded ?? addedAfter;
      return items.length;
    };
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let round = 0; round < 5; round += 1) {
        const modified = laterBy('2020-01-01T00:00:00.000000Z', writer * 100 + round);
        await addObjects(threat.all, {
          collection: { id },
          objects: [1, 2].map((digit) => anIndicator(digit, { modified })),
        });
      }
    });
    let writing = true;
    const done = Promise.all(writers).then(() => {
      writing = false;
    });
    while (writing) await read();
    await done;
    while ((await read()) > 0);
    expect(seen).toHaveLength(40);
    expect(new Set(seen).size).toBe(40);
  });

  test('is refused where the viewer may not add, before anything else is looked at', async () => {
    const { id } = await room();
    const objects = [anIndicator(1)];
    const reader = threat.as(`threat:read@collection/${id}`);
    await expect(addObjects(reader, { collection: { id }, objects })).rejects.toThrow(NotFoundError);
    await expect(addObjects(reader, { collection: { id }, objects: 7 as never })).rejects.toThrow(NotFoundError);
    await expect(addObjects(threat.anonymous(), { collection: { id }, objects })).rejects.toThrow(AuthenticationError);
    await expect(addObjects(threat.anonymous(), { collection: { id: newId() }, objects })).rejects.toThrow(
      AuthenticationError,
    );
    const writer = threat.as(`threat:write@collection/${id}`);
    expect((await addObjects(writer, { collection: { id }, objects })).status).toMatchObject({
      owner: writer.viewer.id,
    });
    await expect(addObjects(writer, { collection: { id }, objects: 7 as never })).rejects.toThrow(InputError);
  });

  test('refuses more bytes than one request may have, and keeps nothing', async () => {
    const { id } = await room();
    const objects = [anIndicator(1), anIndicator(2, { name: 'x'.repeat(4000) })];
    await expect(addObjects(threat.all, { collection: { id }, objects })).rejects.toThrow(
      'threat.maxContentLength (4000)',
    );
    expect(await objectsIn(id)).toEqual([]);
  });

  test('keeps what a pattern looks for in step with the last version', async () => {
    const { id } = await room();
    const pattern = (address: string) => `[ipv4-addr:value = '${address}']`;
    const push = (modified: string, address: string) =>
      addObjects(threat.all, {
        collection: { id },
        objects: [anIndicator(1, { modified, pattern: pattern(address) })],
      });

    const values = async () =>
      (await listObservables(threat.all, { collections: [{ id }] }, page())).items.map(({ node }) => node.value);
    await push('2021-01-01T00:00:00Z', '192.0.2.1');
    await push('2022-01-01T00:00:00Z', '192.0.2.2');
    expect(await values()).toEqual(['192.0.2.2']);
    await push('2020-01-01T00:00:00Z', '192.0.2.9');
    expect(await values()).toEqual(['192.0.2.2']);
    const stixId = anIndicator(1).id;
    await deleteObject(threat.all, { collection: { id }, stixId, versions: ['last'] });
    expect(await values()).toEqual(['192.0.2.1']);
    await deleteObject(threat.all, { collection: { id }, stixId });
    expect(await values()).toEqual([]);
    const broken = anIndicator(2, { pattern: '[ipv4-addr:value = ' });
    const { status } = await addObjects(threat.all, { collection: { id }, objects: [broken] });
    const [success] = (await allDetails(threat.all, status, 'SUCCESS')) ?? [];
    expect(success?.message).toMatch(/^pattern not parsed: /);
    expect((await objectsIn(id))[0]).toMatchObject({ body: broken, patternError: expect.any(String) });
  });

  test('no request is left without an end: what was not come to counts as failure', async () => {
    const { id } = await room();
    const objects = [1, 2, 3, 4, 5].map((digit) => anIndicator(digit));
    let batches = 0;
    const failing = {
      ...threat.all,
      atomically: (work: never, options: never) => {
        batches += 1;
        if (batches === 2) throw new Error('the disk is full');
        return threat.all.atomically(work, options);
      },
    } as Context;
    const [collection] = await threat.all.use(collectionStore).getMany([id]);
    if (!collection) throw new Error('The collection is gone.');
    await threat.news();
    await expect(addObjectsTo(failing, collection, objects)).rejects.toThrow('the disk is full');
    const event = (await threat.news()).at(-1);
    expect(event).toMatchObject({
      name: 'threat.taxiiStatus.completed',
      data: { totalCount: 5, successCount: 3, failureCount: 2, pendingCount: 0 },
    });
    expect(await objectsIn(id)).toHaveLength(3);
  });
});

describe('settings', () => {
  const open = async (settings: object) => {
    const threat = await openThreat('memory', { threat: settings });

    return { threat, collection: { id: (await furnishRoom(threat)).id } };
  };
  const good = { type: 'x-a', id: 'x-a--00000000-0000-4000-8000-000000000001', name: 'one' };

  test('may have one bad object refuse the whole envelope', async () => {
    const { threat, collection } = await open({ invalidObjects: 'refuse' });
    const bad = { ...good, id: 'x-b--00000000-0000-4000-8000-000000000001' };
    await expect(addObjects(threat.all, { collection, objects: [good, bad] })).rejects.toThrow(
      `Invalid stix object: ${bad.id}; type: must be what its id begins with, not x-a`,
    );
    expect((await listObjects(threat.all, {}, page())).items).toEqual([]);
    await threat.gateway.dispose();
  });

  test('may have a version with other content fail', async () => {
    const { threat, collection } = await open({ rejectChangedContent: true });
    await addObjects(threat.all, { collection, objects: [good] });
    const { status } = await addObjects(threat.all, { collection, objects: [good, { ...good, name: 'two' }] });
    expect(status).toMatchObject({ successCount: 1, failureCount: 1 });
    expect(await allDetails(threat.all, status, 'FAILURE')).toMatchObject([
      { message: 'already present; content differs and was not stored' },
    ]);
    await threat.gateway.dispose();
  });
});

test('whoever adds many objects at once leaves others their turns while they are judged', async () => {
  const threat = await openThreat('memory');
  let turns = 0;
  let judging = true;
  const take = () => {
    turns += 1;
    if (judging) setImmediate(take);
  };
  setImmediate(take);
  const objects = Array.from({ length: 2000 }, () => ({ type: 'x-a', id: `x-a--${newId()}`, spec_version: '2.1' }));
  expect(await judgeObjects(threat.all, objects)).toHaveLength(2000);
  judging = false;
  expect(turns).toBeGreaterThanOrEqual(9);
  await threat.gateway.dispose();
});
