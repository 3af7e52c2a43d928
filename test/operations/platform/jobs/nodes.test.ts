import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toGlobalId } from '#kernel/id.ts';
import { enqueueJob } from '#resolvers/platform/jobs/enqueue.ts';
import { endRun, keepLines } from '#resolvers/platform/jobs/run.ts';
import { socketClient, subscribeOver } from '../../../support/clients.ts';
import { newServerDatabase, stopSharedServer } from '../../../support/database.ts';
import { type JobGraph, openJobGraph } from '../../../support/job-graph.ts';
import { findPostgres } from '../../../support/postgres.ts';

describe.skipIf(!findPostgres())('two gateways on one server', () => {
  let one: JobGraph;
  let other: JobGraph;
  let url: string;
  beforeAll(async () => {
    const database = { url: await newServerDatabase() };
    one = await openJobGraph(database);
    other = await openJobGraph(database);
    url = await other.gateway.listen();
  }, 60_000);
  afterAll(async () => {
    await Promise.all([one?.gateway.dispose(), other?.gateway.dispose()]);
    await stopSharedServer();
  });

  test('tell each other the lines and states of a job that is followed', async () => {
    const { id } = await enqueueJob(one.system, { name: 'tests.dummy' });
    const client = socketClient(url, 'job:read');
    const stream = subscribeOver(
      client,
      `subscription ($id: ID!) { jobFollow(id: $id) { __typename ... on JobFollowState { state } ... on JobFollowLine { text } } }`,
      { id: toGlobalId('Job', id) },
    );
    await stream.reach(1);
    const running = await one.start();
    for (const message of ['a', 'b', 'c'])
      await keepLines(one.system, running, [{ at: new Date().toISOString(), level: 'INFO', message, exception: null }]);
    await stream.reach(5);
    await endRun(one.system, running, { kind: 'COMPLETE' });
    expect(await stream.ended).toBe('complete');
    const items = stream.items.map(({ data }) => data?.jobFollow as { state?: string; text?: string });
    expect(items.flatMap(({ state }) => state ?? [])).toEqual(['PENDING', 'RUNNING', 'COMPLETE']);
    expect(items.flatMap(({ text }) => text ?? [])).toEqual([
      'start execution',
      'a',
      'b',
      'c',
      'done execution with [complete]',
    ]);
  });

  test('start each job on one of them, however many there are', async () => {
    for (let n = 0; n < 20; n += 1) await enqueueJob(one.system, { name: 'tests.dummy', args: { n } });
    const started = await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? one : other).start()));
    expect(new Set(started.map(({ id }) => id)).size).toBe(20);
  });
});
