import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { addObjects } from '#resolvers/threat/objects/add.ts';
import { deleteObject } from '#resolvers/threat/objects/delete.ts';
import { socketClient, subscribeOver } from '../../support/clients.ts';
import { furnishRoom } from '../../support/taxii-rooms.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
let url: string;
beforeAll(async () => {
  threat = await openThreat('memory');
  url = await threat.gateway.listen();
});
afterAll(() => threat.gateway.dispose());

const object = (type: string, digit: number, more: object = {}) => ({
  type,
  id: `${type}--00000000-0000-4000-8000-00000000000${digit}`,
  ...more,
});

/** Subscribes as an account with these permissions, and waits until the stream stands or is refused. */
async function watch(
  field: string,
  fields: string,
  permissions: readonly string[],
  variables: Record<string, unknown> = {},
) {
  const client = socketClient(url, permissions.join(' '));
  const types: Record<string, string> = { collections: '[TaxiiCollectionKey!]', match: 'StixMatch', taxiiId: 'String' };
  const declared = Object.keys(variables).map((name) => `$${name}: ${types[name]}`);
  const given = Object.keys(variables).map((name) => `${name}: $${name}`);
  const stream = subscribeOver(
    client,
    `subscription ${declared.length > 0 ? `(${declared.join(', ')})` : ''} {
      item: ${field}(${[...given, 'hello: true'].join(', ')}) { __typename ${fields} } }`,
    variables,
  );
  const refused = await Promise.race([stream.reach(1).then(() => null), stream.ended]);
  return {
    refused: JSON.stringify(refused),
    items: async (count: number) => (await stream.reach(count + 1)).slice(1).map(({ data }) => data?.item),
    close: () => client.dispose(),
  };
}

const added = '... on StixObjectAdded { collection stixId specVersion stixObject { body } actor { name } }';

test('what is added is told to who reads the collection, with its body, and only what fits', async () => {
  const [here, there] = [await furnishRoom(threat), await furnishRoom(threat)];
  const read = [`threat:read@collection/${here.id}`];
  const all = await watch('stixObjectAdded', added, read);
  const some = await watch('stixObjectAdded', added, read, {
    collections: [{ id: here.id }],
    match: { type: ['malware'], specVersion: ['2.0', '2.1'] },
  });
  await addObjects(threat.all, { collection: { id: there.id }, objects: [object('malware', 1)] });
  const objects = [object('tool', 2), object('malware', 3, { spec_version: '2.0' }), object('tool', 4)];
  await addObjects(threat.all, { collection: { id: here.id }, objects });
  expect(await all.items(3)).toMatchObject(
    objects.map((body) => ({
      __typename: 'StixObjectAdded',
      collection: here.id,
      stixId: body.id,
      stixObject: { body },
    })),
  );
  expect(await some.items(1)).toMatchObject([
    { stixId: objects[1]?.id, specVersion: '2.0', actor: { name: 'system' } },
  ]);
  // A version that is there already is no event.
  await addObjects(threat.all, { collection: { id: here.id }, objects: [objects[0], object('tool', 5)] });
  expect((await all.items(4))[3]).toMatchObject({ stixId: object('tool', 5).id });
  for (const stream of [all, some]) stream.close();
});

test('what is deleted is told, version by version, without a body', async () => {
  const room = await furnishRoom(threat);
  const one = object('tool', 1);
  const newer = { ...one, created: '2024-01-01T00:00:00Z' };
  await addObjects(threat.all, { collection: { id: room.id }, objects: [one, newer] });
  const stream = await watch(
    'stixObjectDeleted',
    '... on StixObjectDeleted { stixId version stixObject { id } }',
    [`threat:read@apiRoot/${room.apiRootId}`],
    { collections: [{ taxiiId: room.id }] },
  );
  await deleteObject(threat.all, { collection: { id: room.id }, stixId: one.id });
  expect(await stream.items(2)).toEqual([
    { __typename: 'StixObjectDeleted', stixId: one.id, version: '1970-01-01T00:00:00.000000Z', stixObject: null },
    { __typename: 'StixObjectDeleted', stixId: one.id, version: '2024-01-01T00:00:00.000000Z', stixObject: null },
  ]);
  stream.close();
});

test('a stream of what one may not read is refused', async () => {
  const room = await furnishRoom(threat);
  const named = await watch('stixObjectAdded', added, [`threat:read@collection/${newId()}`], {
    collections: [{ id: room.id }],
  });
  expect(named.refused).toContain('NOT_FOUND');
  const nothing = await watch('stixObjectAdded', added, [`threat:write@collection/${room.id}`]);
  expect(nothing.refused).toContain('FORBIDDEN');
  for (const stream of [named, nothing]) stream.close();
});

test('a status is told to who may write to its collection, and one without an owner to every account', async () => {
  const room = await furnishRoom(threat);
  const fields = '... on TaxiiStatusCompleted { taxiiId totalCount failureCount taxiiStatus { state } }';
  const writer = await watch('taxiiStatusCompleted', fields, [`threat:write@collection/${room.id}`]);
  const other = await watch('taxiiStatusCompleted', fields, [`threat:read@collection/${room.id}`]);
  const sender = threat.as(`threat:write@collection/${room.id}`);
  const first = await addObjects(sender, { collection: { id: room.id }, objects: [object('tool', 1), 7] });
  const second = await addObjects(threat.all, { collection: { id: room.id }, objects: [] });
  const shown = (taxiiId: string, totalCount: number, failureCount: number) => ({
    ...{ __typename: 'TaxiiStatusCompleted', taxiiId, totalCount, failureCount },
    taxiiStatus: { state: 'COMPLETE' },
  });
  expect(await writer.items(2)).toEqual([shown(first.status.id, 2, 1), shown(second.status.id, 0, 0)]);
  expect(await other.items(1)).toEqual([shown(second.status.id, 0, 0)]);
  for (const stream of [writer, other]) stream.close();
});
