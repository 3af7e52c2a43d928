import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Gateway } from '#gateway';
import { newId } from '#kernel/id.ts';
import { endRun, keepLines } from '#resolvers/platform/jobs/run.ts';
import { type JobGraph, openJobGraph } from '../support/job-graph.ts';
import { say } from './support.ts';

let graph: JobGraph;
let gateway: Gateway;
beforeAll(async () => {
  graph = await openJobGraph();
  ({ gateway } = graph);
});
afterAll(() => gateway.dispose());

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly args: unknown;
}

const enqueue = async (args: object) =>
  (await say(['job', 'enqueue', 'tests.dummy', '--args', JSON.stringify(args), '--json'], { gateway })).json as Shown;

test('a job is enqueued, listed and shown', async () => {
  const job = await enqueue({ site: 'SJC' });
  const again = await say(['job', 'enqueue', 'tests.dummy', '--args', '{"site":"SJC"}'], { gateway });
  expect([again.exit, again.err]).toEqual([
    1,
    expect.stringContaining('job [tests.dummy] exists with args {"site":"SJC"}'),
  ]);
  const unknown = await say('job enqueue tests.unknown', { gateway });
  expect([unknown.exit, unknown.err]).toEqual([1, expect.stringContaining('Unknown job "tests.unknown".')]);
  const refused = await say('job enqueue tests.dummy --args {', { gateway });
  expect([refused.exit, refused.err]).toEqual([2, expect.stringContaining('--args is no JSON')]);
  const bad = await say('job enqueue tests.dummy --option deferTime=null', { gateway });
  expect([bad.exit, bad.err]).toEqual([1, expect.stringContaining('deferTime')]);
  const list = await say('job list --name TESTS.* --state pending', { gateway });
  expect(list.out).toContain(job.id);
  const shown = await say(`job show ${job.id}`, { gateway });
  expect(shown.out).toMatch(/arguments +\{"site":"SJC"\}/);
  expect(shown.out).toMatch(/enqueued +.* by system/);
});

test('a job is followed until it has ended, and its log is printed', async () => {
  const { id } = await enqueue({ id: newId() });
  const before = await graph.start();
  await endRun(graph.system, before, { kind: 'COMPLETE' });
  const running = await graph.start();
  const following = say(`job follow ${id}`, { gateway });
  const line = { at: new Date().toISOString(), level: 'WARNING' as const, message: 'look here', exception: null };
  await keepLines(graph.system, running, [line]);
  await endRun(graph.system, running, { kind: 'COMPLETE' });
  const { exit, out, err } = await following;
  expect(exit).toBe(0);
  expect(out.split('\n').filter((text) => text.includes('look here'))).toHaveLength(1);
  expect(out).toContain('done execution with [complete]');
  expect(err).toContain('It is complete.');
  const log = await say(`job log ${id} --after 1 --limit 1`, { gateway });
  expect(log.out).toBe(`${line.at} WARNING  look here\n`);
  expect(log.err).toContain('1 of 2');
});

test('a job is killed, restarted and removed', async () => {
  const { id } = await enqueue({ id: newId() });
  const early = await say(`job kill ${id}`, { gateway });
  expect([early.exit, early.err]).toEqual([1, expect.stringContaining('this one is pending')]);
  const running = await graph.start();
  expect((await say(`job kill ${id}`, { gateway })).out).toContain('Asked for the end of tests.dummy.');
  await endRun(graph.system, running, { kind: 'LOST', message: 'gone' });
  const restarted = await say(`job restart ${id} --json`, { gateway });
  const child = restarted.json as Shown;
  expect(child.state).toBe('PENDING');
  expect((await say(`job remove ${child.id}`, { gateway })).out).toContain('Moved tests.dummy to the journal.');
  const journal = await say('job list --journaled --all', { gateway });
  expect(journal.out).toContain(id);
  expect(journal.out).toContain(child.id);
});

test('kinds of jobs and the figures of the queue are shown', async () => {
  const classes = await say('job classes --search secret', { gateway });
  expect(classes.out).toMatch(/secret\.thing +Secret +ops +5 \* \* \* \* \(UTC\) +test-jobs/);
  await enqueue({ id: newId() });
  expect((await say('queue summary', { gateway })).out).toMatch(/tests\.dummy +pending +- +1 +0%/);
  const wrong = await say('queue history --since 2026-03-02T00:00:00Z --until 2026-03-01T00:00:00Z', { gateway });
  expect([wrong.exit, wrong.err]).toEqual([1, expect.stringContaining('Start date > End date')]);
  expect((await say('queue history', { gateway })).exit).toBe(0);
});
