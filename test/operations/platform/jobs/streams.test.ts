import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId, toGlobalId } from '#kernel/id.ts';
import type { LogLevel } from '#kernel/job-run.ts';
import { enqueueJob } from '#resolvers/platform/jobs/enqueue.ts';
import { jobClassChanged } from '#resolvers/platform/jobs/events.ts';
import type { Job } from '#resolvers/platform/jobs/job.ts';
import { endRun, keepLines, type RunningJob } from '#resolvers/platform/jobs/run.ts';
import { type Received, socketClient, subscribeBySse, subscribeOver } from '../../../support/clients.ts';
import { type JobGraph, openJobGraph } from '../../../support/job-graph.ts';

let graph: JobGraph;
let url: string;
const open = (storage: 'memory' | 'embedded') => {
  beforeAll(async () => {
    graph = await openJobGraph(storage, { queue: { summaryInterval: '200ms' } });
    url = await graph.gateway.listen();
  });
  afterAll(() => graph.gateway.dispose());
};

const put = (name = 'tests.dummy') => enqueueJob(graph.system, { name, args: { id: newId() } });
const write = (running: RunningJob, from: number, to: number) =>
  keepLines(
    graph.system,
    running,
    Array.from({ length: to - from + 1 }, (_, index) => ({
      at: new Date().toISOString(),
      level: 'INFO' as LogLevel,
      message: `line ${from + index}`,
      exception: null,
    })),
  );
const complete = (running: RunningJob) => endRun(graph.system, running, { kind: 'COMPLETE' });

const follow = `subscription ($id: ID!, $after: EventCursor, $log: Boolean) { jobFollow(id: $id, after: $after, log: $log) {
  __typename ... on LiveItem { cursor }
  ... on JobFollowState { state fromState job { state } }
  ... on JobFollowLine { mode number text }
  ... on JobClosed { states lines } } }`;

interface Followed {
  readonly __typename: string;
  readonly cursor: string;
  readonly state?: string;
  readonly mode?: string;
  readonly number?: number;
  readonly text?: string;
  readonly states?: readonly string[];
  readonly lines?: number;
}

const itemsOf = ({ items }: Received): Followed[] =>
  items.map(({ data, errors }) => {
    expect(errors).toBeUndefined();
    return (data as { jobFollow: Followed }).jobFollow;
  });
const linesOf = (items: readonly Followed[]) => items.filter(({ __typename }) => __typename === 'JobFollowLine');
const statesOf = (items: readonly Followed[]) =>
  items.filter(({ __typename }) => __typename === 'JobFollowState').map(({ state }) => state);

function watch({ id }: Job, variables: object = {}, token = 'job:read') {
  const client = socketClient(url, token);
  const stream = subscribeOver(client, follow, { id: toGlobalId('Job', id), ...variables });
  return { stream, client };
}

describe.each(['memory', 'embedded'] as const)('a job that is followed in storage %s', (storage) => {
  open(storage);

  test('tells its states and every line once, and is complete with its end', async () => {
    const job = await put();
    const { stream } = watch(job);
    await stream.reach(1);
    const running = await graph.start();
    for (const from of [1, 101, 201]) await write(running, from, from + 99);
    await complete(running);
    expect(await stream.ended).toBe('complete');
    const items = itemsOf(stream);
    expect(statesOf(items)).toEqual(['PENDING', 'RUNNING', 'COMPLETE']);
    expect(linesOf(items).map(({ number }) => number)).toEqual(Array.from({ length: 302 }, (_, index) => index + 1));
    expect(linesOf(items).filter(({ text }) => text === 'start execution')).toHaveLength(1);
    expect(linesOf(items).filter(({ mode }) => mode === 'PRELOG')).toEqual([]);
    expect(items.at(-1)).toMatchObject({
      __typename: 'JobClosed',
      states: ['PENDING', 'RUNNING', 'COMPLETE'],
      lines: 302,
    });
  });

  test('is told as well when it ended before', async () => {
    const job = await put();
    const running = await graph.start();
    await write(running, 1, 300);
    await complete(running);
    const { stream } = watch(job);
    expect(await stream.ended).toBe('complete');
    const items = itemsOf(stream);
    expect(statesOf(items)).toEqual(['COMPLETE']);
    expect(linesOf(items).map(({ text }) => text)).toEqual([
      'start execution',
      ...Array.from({ length: 300 }, (_, index) => `line ${index + 1}`),
      'done execution with [complete]',
    ]);
    expect(new Set(linesOf(items).map(({ mode }) => mode))).toEqual(new Set(['PRELOG']));
    expect(items.at(-1)).toMatchObject({ states: ['PENDING', 'RUNNING', 'COMPLETE'], lines: 302 });
  });

  test('goes on after the line at which it was cut', async () => {
    const job = await put();
    const running = await graph.start();
    await write(running, 1, 200);
    const first = watch(job);
    await first.stream.reach(121);
    const before = itemsOf(first.stream).slice(0, 121);
    await first.client.dispose();
    await write(running, 201, 300);
    await complete(running);
    const { stream } = watch(job, { after: before.at(-1)?.cursor });
    expect(await stream.ended).toBe('complete');
    const after = itemsOf(stream);
    const numbers = [...linesOf(before), ...linesOf(after)].map(({ number }) => number);
    expect(numbers).toEqual(Array.from({ length: 302 }, (_, index) => index + 1));
    expect(statesOf(after)).toEqual(['COMPLETE']);
    expect(after.at(-1)?.__typename).toBe('JobClosed');
    // A stream that is resumed after everything was told says that it is over, and nothing twice.
    const again = watch(job, { after: after.at(-1)?.cursor });
    expect(await again.stream.ended).toBe('complete');
    expect(itemsOf(again.stream).map(({ __typename }) => __typename)).toEqual(['JobClosed']);
  });

  test('goes on through failures until its last state', async () => {
    const job = await enqueueJob(graph.system, {
      name: 'tests.dummy',
      args: { id: newId() },
      options: { attempts: 2, errorTime: 1 },
    });
    const { stream } = watch(job, { log: false });
    await stream.reach(1);
    const error = { code: 'EXCEPTION', message: 'no' };
    await endRun(graph.system, await graph.start(), { kind: 'FAILED', error });
    await pause(1100);
    await endRun(graph.system, await graph.start(), { kind: 'FAILED', error });
    expect(await stream.ended).toBe('complete');
    const items = itemsOf(stream);
    expect(statesOf(items)).toEqual(['PENDING', 'RUNNING', 'FAILED', 'RUNNING', 'ERROR']);
    expect(linesOf(items)).toEqual([]);
    expect(items.at(-1)).toMatchObject({ __typename: 'JobClosed', lines: 4 });
  });

  test('is told over SSE with the cursor of each line', async () => {
    const job = await put();
    const running = await graph.start();
    await complete(running);
    const stream = await subscribeBySse(
      url,
      follow,
      { id: toGlobalId('Job', job.id) },
      { authorization: 'Bearer job:read' },
    );
    expect(await stream.ended).toBe('complete');
    const items = itemsOf(stream);
    expect(stream.ids.slice(0, items.length)).toEqual(items.map(({ cursor }) => cursor));
  });

  test('is for those who may read it, as long as they may', async () => {
    const job = await put('secret.thing');
    const stranger = watch(job, {}, 'job:read@tests.');
    expect(await stranger.stream.ended).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    const token = 'job:read event:read';
    const { stream } = watch(job, {}, token);
    await stream.reach(1);
    graph.rights.set(token, ['job:read@tests.']);
    await graph.system.atomically(async (ctx) => {
      ctx.events.append(jobClassChanged, { jobClass: 'x', plugin: 'x' }, { scope: {} });
    });
    expect(await stream.ended).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    const running = await graph.start();
    await complete(running);
    expect(stream.items).toHaveLength(1);
    graph.rights.delete(token);
  });
});

describe('what is told of all jobs', () => {
  open('memory');

  test('what happens to jobs is told by filter, to those who may read them', async () => {
    const client = socketClient(url, 'job:read@tests.');
    const stream = subscribeOver(
      client,
      `subscription { jobChanged(hello: true, filter: { state: [RUNNING, COMPLETE] }) { __typename
      ... on JobStarted { fromState toState job { name } } ... on JobCompleted { fromState job { state journaled } } } }`,
    );
    await stream.reach(1);
    await put('secret.thing');
    const [hidden, seen] = [await graph.start(), await put().then(() => graph.start())];
    await complete(hidden);
    await complete(seen);
    await stream.reach(3);
    expect(stream.items.slice(1).map(({ data }) => data?.jobChanged)).toEqual([
      { __typename: 'JobStarted', fromState: 'PENDING', toState: 'RUNNING', job: { name: 'tests.dummy' } },
      { __typename: 'JobCompleted', fromState: 'RUNNING', job: { state: 'COMPLETE', journaled: true } },
    ]);
    await client.dispose();
  });

  test('the summary of the queue is told when it is another for the viewer, and not too often', async () => {
    const document = 'subscription { queueSummaryChanged { ... on QueueSummary { rows { name state n } } } }';
    const [client, blind] = [socketClient(url, 'job:read@tests.'), socketClient(url, 'event:read')];
    const [stream, other] = [subscribeOver(client, document), subscribeOver(blind, document)];
    await Promise.all([stream.reach(1), other.reach(1)]);
    const rows = ({ items }: Received) =>
      items.map(({ data }) => (data as { queueSummaryChanged: { rows: object[] } }).queueSummaryChanged.rows);
    expect(rows(stream)).toEqual([[]]);
    const job = await put();
    await put();
    await stream.reach(2);
    await other.reach(2);
    expect(rows(stream).at(-1)).toEqual([{ name: 'tests.dummy', state: 'PENDING', n: 2 }]);
    expect(rows(other).at(-1)).toEqual([{ name: 'UnauthorizedJob', state: 'PENDING', n: 2 }]);
    for (let run = 0; run < 2; run += 1) await complete(await graph.start());
    await stream.reach(3);
    await pause(500);
    expect(stream.items.length).toBeLessThanOrEqual(4);
    expect(rows(stream).at(-1)).toEqual([]);
    expect(job.state).toBe('PENDING');
    await Promise.all([client.dispose(), blind.dispose()]);
  });

  test('the history of the queue has a point for each change', async () => {
    graph.gateway.work();
    await put();
    const samples = async () => {
      const document = '{ jobHistory { nodes { pending running total } } }';
      const { data } = await graph.gateway.execute({ document });
      return (data as { jobHistory: { nodes: { pending: number; total: number }[] } }).jobHistory.nodes;
    };
    const end = Date.now() + 5000;
    while ((await samples()).length === 0 && Date.now() < end) await pause(50);
    expect((await samples())[0]).toEqual({ pending: 1, running: 0, total: 1 });
  });
});
