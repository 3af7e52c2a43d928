/** What documents about data collections and their blocks cost does not depend on how many there are. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { subscribe } from '#resolvers/threat/collection-subscriptions/subscribe.ts';
import { createDataCollection } from '#resolvers/threat/data-collections/create.ts';
import { at, makeTaxii1, push } from '../../support/taxii1.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
beforeAll(async () => {
  threat = await openThreat();
  await makeTaxii1(threat.all);
});
afterAll(() => threat.gateway.dispose());

const document = `{
  dataCollections(first: 100) {
    nodes {
      contentBlocks(first: 5) {
        totalCount
        nodes { content collections { name } inboxMessage { service { serviceId } contentBlocks { totalCount } } }
      }
      subscriptions { totalCount nodes { status service { serviceId } pollServices { serviceId } dataCollection { name } } }
    }
  }
  inboxMessages(first: 100) { nodes { rawBase64 contentBlocks { nodes { content } } } }
  collectionSubscriptions { nodes { dataCollection { name } } }
}`;

async function fill(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const feed = await createDataCollection(threat.all, {
      name: `feed-${crypto.randomUUID()}`,
      acceptAllContent: true,
      services: ['inbox-B', 'poll-A', 'collection-management-A'].map((serviceId) => ({ serviceId })),
    });
    await push(threat.all, feed, [at(1), at(2), at(3)]);
    await subscribe(threat.all, {
      service: { serviceId: 'collection-management-A' },
      dataCollection: { name: feed.name },
    });
  }
}

test('a document over many data collections sends as many statements as over few', async () => {
  const run = async () => {
    const answer = await threat.gateway.execute({ document });
    expect(answer.errors).toBeUndefined();
  };
  await fill(2);
  const few = await threat.statements(run);
  await fill(10);
  expect(await threat.statements(run)).toBe(few);
  expect(few).toBeLessThan(25);
});
