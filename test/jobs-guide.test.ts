import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { runCommand } from '#commands/program.ts';
import { createGateway, type Gateway } from '#gateway';
import { eventLog } from '#kernel/event.ts';
import type { JobClass } from '#kernel/job.ts';
import { definePlugin } from '#plugins/define.ts';
import { jobSettings, settleProperties } from '#resolvers/platform/jobs/settings.ts';
import { asShown, blocksOf, exchanges, titled } from './support/markdown.ts';
import { scratchFolder } from './support/scratch.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const guide = await blocksOf(join(root, 'docs', 'jobs.md'));
const folder = scratchFolder('jobs-guide');
for (const { title, text } of guide) {
  if (title === null || !/\.(ts|json)$/.test(title)) continue;
  mkdirSync(dirname(join(folder, title)), { recursive: true });
  writeFileSync(join(folder, title), text);
}
afterAll(() => rmSync(folder, { recursive: true }));

let gateway: Gateway | null = null;
afterEach(async () => {
  await gateway?.dispose();
  gateway = null;
});

async function start(title: string, more: readonly unknown[] = []): Promise<Gateway> {
  const config = JSON.parse(titled(guide, title));
  const [first, ...others] = config.plugins as unknown[];
  gateway = await createGateway({
    folder,
    config: {
      accounts: { adminPassword: 'correct horse battery' },
      log: { level: 'silent' },
      ...config,
      worker: { poll: '100ms', minFreeMemoryMb: 0, ...config.worker },
      dataDir: 'memory://',
      plugins: [first, '!storage-prisma', 'storage-memory', ...others, ...more] as never,
    },
  });
  return gateway;
}

const exchange = (title: string) => {
  const asked = titled(guide, title);
  const shown = exchanges(guide, 'graphql').find((found) => found.asked === asked)?.shown?.text ?? '';
  return { asked, shown: JSON.parse(shown) };
};

const ask = async (document: string) => JSON.parse(JSON.stringify(await gateway?.execute({ document })));

describe('the guide to jobs', () => {
  test('has code that the compiler accepts', { timeout: 240_000 }, async () => {
    const options = { extends: join(root, 'tsconfig.json'), include: ['**/*.ts'], exclude: [] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
    const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder]).catch((error) => error);
    expect(stdout).toBe('');
  });

  test('begins with a job that runs as it says', { timeout: 30_000 }, async () => {
    await start('gatehouse.config.json');
    const enqueue = exchange('enqueue');
    expect(await ask(enqueue.asked)).toEqual(enqueue.shown);
    gateway?.work();
    const done = exchange('done');
    const shape = (answer: { data: { jobs: { nodes: { class: { cookie: Record<string, unknown> } }[] } } }) => {
      for (const { class: job } of answer.data.jobs.nodes) job.cookie.lastRuntime = typeof job.cookie.lastRuntime;
      return answer;
    };
    await expect.poll(async () => shape(await ask(done.asked)), { timeout: 15_000 }).toEqual(shape(done.shown));
  });

  test('says which properties count', async () => {
    const { catalogue } = await start('classes.config.json');
    const settings = gateway?.context().use(jobSettings);
    const declared = catalogue.jobs.get('reports.sites');
    if (!settings || !declared) throw new Error('not started');
    expect(settleProperties(declared, { priority: 20 }, settings)).toMatchObject({
      attempts: 5,
      priority: 20,
      errorTime: 60,
      zombieTime: 600,
    });
  });

  test('shows classes that start by schedule and at events', { timeout: 30_000 }, async () => {
    const { plugin } = await import(pathToFileURL(join(folder, 'rounds.ts')).href);
    await start('gatehouse.config.json', [plugin]);
    gateway?.work();
    await ask('mutation { siteCreate(input: { name: "SJC" }) { __typename } }');
    const journal =
      '{ jobs(filter: { name: { eq: "rounds.newSite" }, journaled: true }) { nodes { args log { nodes { message } } } } }';
    await expect.poll(async () => (await ask(journal)).data.jobs.nodes.length, { timeout: 15_000 }).toBe(1);
    const [job] = (await ask(journal)).data.jobs.nodes;
    expect(job.log.nodes.map(({ message }: { message: string }) => message)).toContain('There is a new site: true');
    const read = await gateway?.execute({
      document: 'query ($id: ID!) { event(id: $id) { name } }',
      variables: { id: job.args.eventId },
    });
    expect(read?.data).toEqual({ event: { name: 'network.site.created' } });
    const nightly = plugin.jobs.find((known: JobClass) => known.schedule !== null);
    expect(nightly).toMatchObject({ name: 'rounds.nightly', isolation: 'INLINE' });
    expect((await gateway?.context().use(eventLog).state())?.head).toBeGreaterThan(0);
  });

  test('shows commands and the system as they are', { timeout: 30_000 }, async () => {
    await start('worker.config.json');
    gateway?.work();
    const system = exchange('system');
    await expect.poll(() => ask(system.asked), { timeout: 10_000 }).toEqual(system.shown);
    const { data } = await ask('{ system { daemons { id kind } } }');
    expect(asShown(data.system.daemons[1].id, 'reporter@…')).toBe('reporter@…');
    const said: string[] = [];
    const terminal = {
      out: (text: string) => said.push(text),
      err: (text: string) => said.push(text),
      environment: {},
      folder,
      stopped: new AbortController().signal,
    };
    const openLocal = async () => ({
      gateway,
      run: async (document: string, variables = {}) => (await gateway?.execute({ document, variables }))?.data as never,
      close: async () => {},
    });
    const lines = titled(guide, 'maintenance').trim().split('\n');
    for (const line of lines)
      if (line.startsWith('$ ')) {
        said.push(`${line}\n`);
        await runCommand(line.split(' ').slice(2), terminal as never, { openLocal: openLocal as never });
      }
    expect(said.join('').trim().split('\n')).toEqual(lines);
  });

  test('quotes the refusal of a class without an author', async () => {
    const { plugin } = await import(pathToFileURL(join(folder, 'reports.ts')).href);
    const anonymous = definePlugin({
      ...plugin,
      jobs: plugin.jobs.map((job: JobClass) => ({ ...job, author: '' })),
    });
    const starting = createGateway({
      folder,
      config: { plugins: ['default', '!storage-prisma', 'storage-memory', anonymous], dataDir: 'memory://' },
    });
    await expect(starting).rejects.toThrow(titled(guide, 'author').trim());
  });
});
