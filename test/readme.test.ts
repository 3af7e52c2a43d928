import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import { asShown, blocksOf, exchanges, titled, writeFiles } from './support/markdown.ts';
import { scratchFolder } from './support/scratch.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = await blocksOf(join(root, 'README.md'));
/** Below the clone, so that its plugin finds the package, and node its modules. */
let folder: string;
let gateway: Gateway;
let url: string;
let token = '';

beforeAll(async () => {
  folder = scratchFolder('readme');
  const anyPort = readme.map((block) => ({
    ...block,
    text: block.text.replaceAll('localhost:4000', 'localhost:$PORT'),
  }));
  await writeFiles(anyPort, folder);
  gateway = await createGateway({
    folder,
    config: {
      ...JSON.parse(titled(readme, 'gatehouse.config.json')),
      dataDir: 'memory://readme',
      accounts: { adminPassword: 'correct horse battery' },
      http: { port: 0 },
      log: { level: 'silent' },
    },
  });
  url = await gateway.listen();
});
afterAll(async () => {
  await gateway.dispose();
  await rm(folder, { recursive: true });
});

async function ask(query: string): Promise<{ data: Record<string, Record<string, unknown>> }> {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query }),
  });
  return answer.json() as never;
}

/** Runs a program until it printed what is waited for. */
async function printed(command: string, args: readonly string[], environment: object, wanted: RegExp): Promise<string> {
  const program = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...environment } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  program.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  try {
    await expect.poll(() => text, { timeout: 15_000 }).toMatch(wanted);
    return text;
  } finally {
    program.kill('SIGKILL');
  }
}

test('answers every operation of the README as it is shown there', async () => {
  const asked = exchanges(readme, 'graphql').filter(({ asked }) => !asked.startsWith('subscription'));
  expect(asked.length).toBeGreaterThan(3);
  for (const { asked: query, shown } of asked) {
    const answer = await ask(query);
    token = (answer.data.login?.token as string | undefined) ?? token;
    const expected = JSON.parse(shown?.text ?? '');
    expect(asShown(answer, expected), query).toEqual(expected);
  }
});

test('listens with the program and the command of the README, both from a cursor', { timeout: 60_000 }, async () => {
  const before = (await ask('{ eventLog { cursor } }')).data.eventLog?.cursor as string;
  await ask('mutation { deviceCreate(input: { site: { name: "SJC" }, hostname: "sjc-r3" }) { __typename } }');
  const environment = { TOKEN: token, CURSOR: before, PORT: new URL(url).port };
  const script = titled(readme, 'listen.ts').replace('localhost:4000', new URL(url).host);
  await writeFile(join(folder, 'listen.ts'), script);
  const program = await printed(process.execPath, ['listen.ts'], environment, /sjc-r3/);
  expect(program).toContain("{ __typename: 'Subscribed' }");
  expect(program).toContain("{ __typename: 'DeviceCreated', device: { hostname: 'sjc-r3' } } MS");
  const streamed = await printed('bash', ['listen.sh'], environment, /sjc-r3.*\n\n/);
  const shown = exchanges(readme, 'sh').find(({ asked }) => asked.includes('curl'))?.shown?.text ?? '';
  // How a cursor begins follows from the epoch of its log: a letter or a digit.
  const masked = streamed.slice(streamed.indexOf('id: ')).replaceAll(/MS[45][\w-]+/g, 'MS5…');
  expect(masked.trim()).toBe(shown.trim());
});

test('delivers the subscription of the README', async () => {
  const subscription = exchanges(readme, 'graphql').find(({ asked }) => asked.startsWith('subscription'))?.asked ?? '';
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query: subscription }),
  });
  let text = '';
  const reading = (async () => {
    for await (const part of answer.body ?? []) {
      text += Buffer.from(part).toString();
      if (text.includes('sjc-r4')) return;
    }
  })();
  await expect.poll(() => text).toContain('Subscribed');
  await ask('mutation { deviceCreate(input: { site: { name: "SJC" }, hostname: "sjc-r4" }) { __typename } }');
  await reading;
  expect(text).toContain('{"__typename":"DeviceCreated","device":{"hostname":"sjc-r4"},"actor":{"name":"admin"}}');
});

test('imports what the README imports, and nothing changes the second time', { timeout: 240_000 }, async () => {
  const commands = readme
    .filter(({ language, title }) => language === 'sh' && title === null)
    .flatMap(({ text }) => text.split('\n'))
    .filter((line) => line.startsWith('npx gatehouse'));
  expect(commands).toHaveLength(3);
  const run = async (line: string) => {
    const args = ['src/cli.ts', ...line.split(' ').slice(2), '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: root,
      env: { ...process.env, GATEHOUSE_DATA_DIR: join(folder, 'data') },
    });
    return JSON.parse(stdout);
  };
  const imports = commands.filter((command) => command.includes('inventory import'));
  for (const command of commands) {
    const answer = JSON.stringify(await run(command));
    if (imports.includes(command)) expect(answer).toMatch(/"created":[1-9]/);
  }
  expect(JSON.stringify(await run(imports[0] ?? ''))).not.toMatch(/"(created|updated)":[1-9]/);
});

test('links to pages that are there', async () => {
  const text = await readFile(join(root, 'README.md'), 'utf8');
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, link]) => link ?? '');
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
});
