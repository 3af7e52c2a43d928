import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ForbiddenError, InputError, NotFoundError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { contentBlockGlobalId } from '#resolvers/threat/content-blocks/content-block.ts';
import { type ContentBlocksDelete, deleteContentBlocks } from '#resolvers/threat/content-blocks/delete.ts';
import { findContentBlocks } from '#resolvers/threat/content-blocks/find.ts';
import { createDataCollection } from '#resolvers/threat/data-collections/create.ts';
import { type DataCollection, dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { deleteDataCollection } from '#resolvers/threat/data-collections/delete.ts';
import { findInboxMessages } from '#resolvers/threat/inbox/find.ts';
import { submitInboxMessage } from '#resolvers/threat/inbox/submit.ts';
import { at, makeTaxii1, readWrite } from '../../support/taxii1.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
let one: DataCollection;
let other: DataCollection;
let somebody: Context;
beforeAll(async () => {
  threat = await openThreat();
  await makeTaxii1(threat.all);
});
afterAll(() => threat.gateway.dispose());

beforeEach(async () => {
  const make = () =>
    createDataCollection(threat.all, {
      name: newId(),
      acceptAllContent: true,
      services: [{ serviceId: 'inbox-B' }],
    });
  [one, other] = [await make(), await make()];
  somebody = threat.as(...readWrite(one, other));
});

const fill = (collections: readonly DataCollection[], labels: readonly string[]) =>
  submitInboxMessage(somebody, {
    service: { serviceId: 'inbox-B' },
    destinationCollections: collections.map(({ name }) => name),
    contentBlocks: labels.map((timestampLabel) => ({
      content: timestampLabel,
      contentBinding: 'custom:content:binding',
      timestampLabel,
    })),
  });

const remove = (parts: Partial<ContentBlocksDelete> = {}, ctx = somebody) =>
  deleteContentBlocks(ctx, {
    dataCollection: { name: one.name },
    beginExclusive: at(0),
    ...parts,
  } as ContentBlocksDelete);

const volumes = async () =>
  (await threat.all.use(dataCollectionStore).getMany([one.id, other.id])).map((collection) => collection?.volume);

test('deleting the blocks of one data collection leaves those that another holds, and both volumes right', async () => {
  const shared = await fill([one, other], [at(1), at(2)]);
  const own = await fill([one], [at(3), at(4)]);
  expect(await volumes()).toEqual([4, 2]);
  expect(await remove()).toEqual({ detached: 4, deleted: 2, messagesDeleted: 0 });
  expect(await volumes()).toEqual([0, 2]);
  const ids = [...shared.contentBlocks, ...own.contentBlocks].map(({ id }) => id);
  expect(await findContentBlocks(somebody, ids)).toEqual([...shared.contentBlocks, null, null]);
  expect(await remove({ dataCollection: { name: other.name } })).toEqual({
    detached: 2,
    deleted: 2,
    messagesDeleted: 0,
  });
  expect(await volumes()).toEqual([0, 0]);
});

test('deletes after the begin up to the end, and tells of each block', async () => {
  const { contentBlocks, inboxMessage } = await fill([one, other], [at(1), at(2), at(3)]);
  await threat.news();
  expect(await remove({ beginExclusive: at(1), endInclusive: at(2) })).toMatchObject({ detached: 1, deleted: 0 });
  const id = contentBlockGlobalId(contentBlocks[1]?.id ?? '');
  expect(await threat.news()).toMatchObject([
    {
      name: 'threat.contentBlock.removed',
      subject: id,
      scope: { collection: [one.taxiiId] },
      data: {
        contentBlock: { id, timestampLabel: at(2) },
        collections: [one.taxiiId],
        service: inboxMessage.service,
        deleted: false,
      },
    },
  ]);
  expect(await remove({ beginExclusive: at(3) })).toEqual({ detached: 0, deleted: 0, messagesDeleted: 0 });
});

test('with messages, those go none of whose blocks remain', async () => {
  const whole = await fill([one], [at(1), at(2)]);
  const partly = await fill([one], [at(2), at(9)]);
  const shared = await fill([one, other], [at(1)]);
  expect(await remove({ endInclusive: at(5), withInboxMessages: true })).toEqual({
    detached: 4,
    deleted: 3,
    messagesDeleted: 1,
  });
  const ids = [whole, partly, shared].map(({ inboxMessage }) => inboxMessage.id);
  expect((await findInboxMessages(threat.all, ids)).map((message) => message !== null)).toEqual([false, true, true]);
});

test('deleting takes both rights', async () => {
  const read = `threat:read@collection/${one.taxiiId}`;
  const write = `threat:write@collection/${one.taxiiId}`;
  await expect(remove({}, threat.as(read))).rejects.toThrow(ForbiddenError);
  await expect(remove({}, threat.as(write))).rejects.toThrow(NotFoundError);
  await expect(remove({}, threat.as())).rejects.toThrow(NotFoundError);
  await expect(remove({}, threat.anonymous())).rejects.toThrow(AuthenticationError);
  await expect(remove({}, threat.anonymous(read))).rejects.toThrow(AuthenticationError);
  await expect(remove({ beginExclusive: at(2), endInclusive: at(1) })).rejects.toThrow(InputError);
  await expect(remove({ beginExclusive: 'garbage' })).rejects.toThrow(InputError);
});

test('a data collection that is deleted takes the blocks with it that no other holds', async () => {
  const { contentBlocks } = await fill([one, other], [at(1)]);
  const own = await fill([one], [at(2)]);
  await deleteDataCollection(threat.all, { by: { name: one.name } });
  const ids = [...contentBlocks, ...own.contentBlocks].map(({ id }) => id);
  expect(await findContentBlocks(somebody, ids)).toEqual([...contentBlocks, null]);
  expect(await volumes()).toEqual([undefined, 1]);
});

test('pushes and deletions at once leave volumes exact', async () => {
  await Promise.all([
    ...Array.from({ length: 10 }, (_, index) => fill([one, other], [at(index + 1), at(index + 1)])),
    ...Array.from({ length: 5 }, () => remove()),
    ...Array.from({ length: 5 }, () => remove({ dataCollection: { name: other.name } })),
  ]);
  const [first, second] = await volumes();
  expect(await remove()).toMatchObject({ detached: first });
  expect(await remove({ dataCollection: { name: other.name } })).toMatchObject({ detached: second, deleted: second });
  expect(await volumes()).toEqual([0, 0]);
});
