/** Answers to polls that come later. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { definePlugin } from '#plugins/define.ts';
import { openMemory } from '#plugins/storage-memory/database.ts';
import { MemoryContentBlocks } from '#plugins/storage-memory/threat/content-blocks.ts';
import { type ContentBlockStore, contentBlockStore } from '#resolvers/threat/content-blocks/content-block.ts';
import { makeTaxii1 } from '../../support/taxii1.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

/** Needs minutes to bring what it holds. */
function openArchive(): ContentBlockStore {
  const store: ContentBlockStore = new MemoryContentBlocks(openMemory().session(null));
  store.read = async () => 'NOT_READY';
  store.newestLabels = async (ids) => ids.map(() => null);
  return store;
}

const archive = definePlugin({
  name: 'archive',
  version: '1.0.0',
  description: 'Keeps content blocks where they are not at hand.',
  provides: [contentBlockStore],
  setup({ provide }) {
    provide(contentBlockStore, openArchive());
    return undefined;
  },
});

let threat: TestThreat;
beforeAll(async () => {
  threat = await openThreat('memory', { ports: { 'threat.contentBlocks': 'archive' } }, [archive as never]);
  await makeTaxii1(threat.all);
});
afterAll(() => threat.gateway.dispose());

const poll = `mutation ($allowAsynch: Boolean) {
  dataCollectionPoll(input: {
    service: { serviceId: "poll-A" }, dataCollection: { name: "collection_only_stix" }, allowAsynch: $allowAsynch
  }) {
    __typename
    ... on PollPending { resultId estimatedWait willPush }
    ... on Error { code message }
  }
}`;

const ask = async (document: string, variables: Record<string, unknown>) => {
  const answer = await threat.gateway.execute({ document, variables });
  return JSON.parse(JSON.stringify(answer));
};

test('a poll of an archive is refused, or answered later for who waits', async () => {
  expect(await ask(poll, {})).toMatchObject({
    data: { dataCollectionPoll: { __typename: 'UnavailableError', code: 'UNAVAILABLE' } },
  });
  const { data } = await ask(poll, { allowAsynch: true });
  expect(data.dataCollectionPoll).toEqual({
    __typename: 'PollPending',
    resultId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    estimatedWait: 300,
    willPush: false,
  });
  const { resultId } = data.dataCollectionPoll;
  const fulfillment = `query ($resultId: String!) {
    pollFulfillment(resultId: $resultId, dataCollection: { name: "collection_only_stix" }, part: 1) { part }
  }`;
  expect(await ask(fulfillment, { resultId })).toMatchObject({
    errors: [{ extensions: { code: 'UNAVAILABLE' }, message: 'The answer is not ready yet. Ask again later.' }],
  });
});
