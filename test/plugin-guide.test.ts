import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import { definePort } from '#kernel/port.ts';
import { openUnit } from '#kernel/unit.ts';
import { definePlugin, type GatehousePlugin } from '#plugins/define.ts';
import { compile } from './support/compile.ts';
import { blocksOf, exchanges, shownPattern, titled, writeFiles } from './support/markdown.ts';
import { scratchFolder } from './support/scratch.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const guide = await blocksOf(join(root, 'docs', 'plugins.md'));
const folder = scratchFolder('plugins-guide');
await writeFiles(
  guide.filter(({ language }) => language !== 'text'),
  folder,
);
afterAll(() => rmSync(folder, { recursive: true }));

let gateway: Gateway | null = null;
afterEach(async () => {
  await gateway?.dispose();
  gateway = null;
});

async function start(
  config: Record<string, unknown>,
  storage: readonly string[] = ['storage-memory'],
): Promise<Gateway> {
  const [first, ...others] = config.plugins as unknown[];
  gateway = await createGateway({
    folder,
    config: {
      accounts: { adminPassword: 'correct horse battery' },
      http: { port: 0 },
      log: { level: 'silent' },
      ...config,
      dataDir: 'memory://',
      plugins: [first, '!storage-prisma', ...storage, ...others] as never,
    },
  });
  return gateway;
}

const configOf = (title: string): Record<string, unknown> => JSON.parse(titled(guide, title));

async function ask(headers: Record<string, string>, query: string) {
  const request = new Request('http://here/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return (await gateway?.fetch(request))?.json();
}

describe('the plugin guide', () => {
  test('has code that the compiler accepts', { timeout: 240_000 }, async () => {
    expect(await compile(folder)).toBe('');
  });

  test('begins with a plugin that answers as it says', async () => {
    await start({ ...configOf('gatehouse.config.json'), graphql: { introspection: 'always' } });
    const login =
      'mutation { login(input: { name: "admin", password: "correct horse battery" }) { ... on LoginSuccess { token } } }';
    const { token } = (await ask({}, login)).data.login;
    const [{ asked, shown } = { asked: '', shown: null }] = exchanges(guide, 'graphql');
    expect(await ask({ authorization: `Bearer ${token}` }, asked)).toEqual(JSON.parse(shown?.text ?? ''));
  });

  test('makes a noun whose own test passes', { timeout: 120_000 }, async () => {
    const { stdout } = await run(process.execPath, ['--test', 'notices/notices.test.ts'], { cwd: folder });
    expect(stdout).toMatch(/pass 1\n/);
  });

  test('makes a noun that is live, found by id, seen by right, and given to roles', async () => {
    const running = await start({ plugins: ['default', './notices/plugin.ts'] });
    const { data } = await running.execute({
      document: 'mutation { noticePost(input: { text: "Hi" }) { ... on NoticePostSuccess { notice { id } } } }',
    });
    const { id } = (data as { noticePost: { notice: { id: string } } }).noticePost.notice;
    const answer = await running.execute({
      document: `{ node(id: "${id}") { ... on Notice { text } } roles(filter: { name: { eq: "notice-poster" } }) { totalCount } }`,
    });
    expect(answer).toEqual({ data: { node: { text: 'Hi' }, roles: { totalCount: 1 } } });
    expect(running.schema.getType('NoticePostedFeed')).toBeDefined();
    expect((await ask({}, '{ notices { totalCount } }')).data).toEqual({ notices: { totalCount: 0 } });
  });

  test('adds a check, a route, a task and a key', async () => {
    const running = await start({ plugins: ['default', './uptime.ts'], uptime: { every: '10ms' } });
    const url = await running.listen();
    const ready = async () => ((await (await fetch(`${url}/health/ready`)).json()) as { ready: boolean }).ready;
    expect(await ready()).toBe(false);
    expect((await fetch(`${url}/uptime`)).status).toBe(401);
    running.work();
    const beats = () => running.context().use(definePort<{ beats: number }>('uptime')).beats;
    await expect.poll(beats).toBeGreaterThan(2);
    expect(await ready()).toBe(true);
  });

  test('takes part in units of work', async () => {
    const { openTexts } = await import(pathToFileURL(join(folder, 'units.ts')).href);
    const texts = openTexts();
    const [kept, dropped] = [openUnit('one', 1000), openUnit('two', 1000)];
    await texts.session(kept).write('kept');
    await texts.session(dropped).write('dropped');
    expect(texts.read()).toEqual([]);
    await kept.commit();
    await dropped.rollback();
    expect(texts.read()).toEqual(['kept']);
  });

  test('signs in by another credential, and refuses a bad one', async () => {
    await start(configOf('badge.config.json'));
    const who = '{ profile { account { name } credential { kind } } }';
    expect(await ask({ 'x-badge': 'badge-of-admin' }, who)).toEqual({
      data: { profile: { account: { name: 'admin' }, credential: { kind: 'BADGE' } } },
    });
    expect(await ask({}, who)).toEqual({ data: { profile: null } });
    expect((await ask({ 'x-badge': 'found in the street' }, who)).errors[0].message).toBe('The badge is not known.');
  });

  test('shows a contract test as it is', () => {
    const path = 'examples/plugins/devices-json/contract.test.ts';
    expect(titled(guide, path)).toBe(readFileSync(join(root, path), 'utf8'));
  });

  test('has a TypeScript config that can leave a plugin out', async () => {
    const { default: config } = await import(pathToFileURL(join(folder, 'gatehouse.config.ts')).href);
    expect(
      config.plugins.map((entry: unknown) => (typeof entry === 'string' ? entry : (entry as GatehousePlugin).name)),
    ).toEqual(['default', 'greeter']);
  });

  test('names every field of a plugin, and no other', async () => {
    const { name: _, ...fields } = definePlugin({ name: 'x', version: '1.0.0', description: 'x' });
    const page = readFileSync(join(root, 'docs', 'plugins.md'), 'utf8');
    const section = page.slice(page.indexOf('## Everything a plugin can say'), page.indexOf('\n`setup` gets'));
    const named = [...section.matchAll(/^\| (`.+?`) \|/gm)].flatMap(([, cell]) =>
      [...(cell ?? '').matchAll(/`(\w+)/g)].map(([, field]) => field),
    );
    const optional = ['schema', 'setup'];
    const cells = [...new Set([...named, 'version', 'description'])];
    expect(cells.sort()).toEqual([...Object.keys(fields), 'name', ...optional].sort());
  });
});

const soup = definePort<object>('kitchen.soup');
const bread = definePort<object>('kitchen.bread');
const plain = { version: '1.0.0', description: 'x' };

/** What leads to each message of the guide. */
const refusals: Record<string, () => Promise<unknown>> = {
  unknown: () => start({ plugins: ['default', 'gatehouse-plugin-weather'] }),
  empty: () => {
    writeFileSync(join(folder, 'nothing.ts'), 'export const nothing = 1;');
    return start({ plugins: ['default', './nothing.ts'] });
  },
  config: () =>
    start({ plugins: ['default', './uptime.ts'], uptime: { every: 'soon', evry: 1 }, http: { port: 70_000 } }),
  two: async () => {
    const rival = join(root, 'examples/plugins/devices-json/plugin.ts');
    return createGateway({ folder, config: { plugins: ['default', rival], dataDir: 'memory://' } });
  },
  missing: () => start({ plugins: ['default'] }, []),
  circle: () => {
    const hen = definePlugin({ ...plain, name: 'hen', uses: { soup }, provides: [bread] });
    const egg = definePlugin({ ...plain, name: 'egg', uses: { bread }, provides: [soup] });
    return start({ plugins: ['default', hen, egg] });
  },
  graph: () => {
    const rival = definePlugin({
      ...plain,
      name: 'rival',
      schema(builder) {
        builder.objectType('Device', { description: 'Another.', fields: () => ({}) });
      },
    });
    return start({ plugins: ['default', rival] });
  },
  setup: async () => {
    const rival = join(root, 'examples/plugins/devices-json/plugin.ts');
    const config = {
      plugins: ['default', rival],
      ports: { 'network.devices': 'devices-json' },
      'devices-json': { folder: join(folder, 'devices') },
    };
    const first = await start(config);
    try {
      return await start(config);
    } finally {
      await first.dispose();
    }
  },
  provided: async () => {
    const { noticeStore } = await import(pathToFileURL(join(folder, 'notices/notice.ts')).href);
    return start({ plugins: ['default', definePlugin({ ...plain, name: 'forgetful', provides: [noticeStore] })] });
  },
};

const messages = guide.filter(({ language, title }) => language === 'text' && title !== null);

test('the guide shows a message for every way that is tried here', () => {
  expect(messages.map(({ title }) => title).sort()).toEqual(Object.keys(refusals).sort());
});

test.each(messages)('a start says what the guide says: $title', async ({ title, text }) => {
  const error = await refusals[title ?? '']?.().then(
    () => new Error('It started.'),
    (error: Error) => error,
  );
  expect(error?.message).toMatch(shownPattern(text));
});
