/** A feed that is read while many fill it: on a server, where units of work run side by side. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDataCollection } from '#resolvers/threat/data-collections/create.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';
import { dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { submitInboxMessage } from '#resolvers/threat/inbox/submit.ts';
import { fulfillPoll } from '#resolvers/threat/polls/fulfill.ts';
import { pollDataCollection } from '#resolvers/threat/polls/poll.ts';
import { isPending, type PollPart, type PollPending } from '#resolvers/threat/polls/poll-part.ts';
import { newServerDatabase, stopSharedServer } from '../../support/database.ts';
import { findPostgres } from '../../support/postgres.ts';
import { makeTaxii1, stix } from '../../support/taxii1.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

const machine = findPostgres() ? 'PostgreSQL server' : 'PostgreSQL server (no initdb and postgres on this machine)';

describe.skipIf(!findPostgres())(`a feed on a ${machine}`, { timeout: 120_000 }, () => {
  let threat: TestThreat;
  let feeds: DataCollection[];
  beforeAll(async () => {
    threat = await openThreat({ url: await newServerDatabase() });
    await makeTaxii1(threat.all);
    const services = ['inbox-B', 'poll-A'].map((serviceId) => ({ serviceId }));
    const make = (name: string) => createDataCollection(threat.all, { name, acceptAllContent: true, services });
    feeds = [await make('one'), await make('other')];
  }, 60_000);
  afterAll(async () => {
    await threat?.gateway.dispose();
    await stopSharedServer();
  });

  const ready = (answer: PollPart | PollPending): PollPart => {
    if (isPending(answer)) throw new Error('The answer is pending.');
    return answer;
  };

  /** Polls from the end of the answer before, with all parts of each. */
  async function readOn(name: string, begin: string | null, seen: string[]): Promise<string | null> {
    const dataCollection = { name };
    let part = ready(
      await pollDataCollection(threat.all, { service: { serviceId: 'poll-A' }, dataCollection, beginExclusive: begin }),
    );
    seen.push(...part.contentBlocks.map(({ content }) => content));
    for (let number = 2; part.more; number += 1) {
      part = ready(await fulfillPoll(threat.all, { dataCollection, resultId: part.resultId ?? '', part: number }));
      seen.push(...part.contentBlocks.map(({ content }) => content));
    }
    return part.end;
  }

  test('gives a reader who goes on from the end every block exactly once, while eight fill two feeds', async () => {
    const seen: string[] = [];
    let begin: string | null = null;
    let done = false;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; round < 10; round += 1) {
        const names = feeds.map(({ name }) => name);
        await submitInboxMessage(threat.all, {
          service: { serviceId: 'inbox-B' },
          destinationCollections: writer % 2 === 0 ? names : names.slice(0, 1),
          contentBlocks: [0, 1, 2].map((index) => ({ content: `${writer}/${round}/${index}`, contentBinding: stix })),
        });
        await sleep(Math.random() * 10);
      }
    });
    const reader = (async () => {
      while (!done) begin = await readOn('one', begin, seen);
    })();
    await Promise.all(writers);
    done = true;
    await reader;
    await readOn('one', begin, seen);
    expect(seen).toHaveLength(8 * 10 * 3);
    expect(new Set(seen).size).toBe(seen.length);
    const kept = await threat.all.use(dataCollectionStore).getMany(feeds.map(({ id }) => id));
    expect(kept.map((feed) => feed?.volume)).toEqual([240, 120]);
  });

  test('parts a result set in one way for all who ask for its parts at once', async () => {
    const dataCollection = { name: 'one' };
    const first = ready(await pollDataCollection(threat.all, { service: { serviceId: 'poll-A' }, dataCollection }));
    const ask = async (part: number) =>
      ready(await fulfillPoll(threat.all, { dataCollection, resultId: first.resultId ?? '', part })).contentBlocks.map(
        ({ id }) => id,
      );
    const numbers = [12, 7, 3, 12, 2, 1, 9, 13];
    const parts = await Promise.all(numbers.map(ask));
    expect(parts.map((part) => part.length)).toEqual([20, 20, 20, 20, 20, 20, 20, 0]);
    expect(parts[3]).toEqual(parts[0]);
    const all = await Promise.all(Array.from({ length: 12 }, (_, index) => ask(index + 1)));
    expect(new Set(all.flat()).size).toBe(240);
  });
});
