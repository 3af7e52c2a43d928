import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksOf } from './support/markdown.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
/** Somebody's project, with the package and what it depends on installed. */
let project: string;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-package-'));
  project = join(folder, 'project');
  await run(process.execPath, ['scripts/build.ts', join(folder, 'package')], { cwd: root });
  mkdirSync(join(project, 'node_modules'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  symlinkSync(join(folder, 'package'), join(project, 'node_modules', 'gatehouse'));
  const files: Record<string, string> = {
    'package.json': JSON.stringify({ name: 'project', type: 'module', private: true }),
    'tsconfig.json': JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { types: [] },
      include: ['*.ts', 'notices/*.ts'],
      exclude: ['**/*.test.ts'],
    }),
    'vitest.config.ts': 'export default { test: { server: { deps: { inline: [/@pothos/, /graphql/] } } } };',
    'gatehouse.config.json': JSON.stringify({
      plugins: ['default', '!storage-prisma', 'storage-memory', './greeter.ts', './notices/plugin.ts'],
      dataDir: 'memory://',
      accounts: { adminPassword: 'correct horse battery' },
      log: { level: 'warn' },
    }),
    'main.ts': `
      import { readFile } from 'node:fs/promises';
      import { createGateway } from 'gatehouse';
      import { GatehouseError, NotFoundError } from 'gatehouse/kernel/errors';
      const config = JSON.parse(await readFile('gatehouse.config.json', 'utf8'));
      const gateway = await createGateway({ config });
      const document = 'mutation { noticePost(input: { text: "Hi" }) { __typename ... on Error { message } } }';
      const { data } = await gateway.execute({ document });
      console.log(JSON.stringify([data, new NotFoundError('x') instanceof GatehouseError]));
      await gateway.dispose();`,
    'contract.test.ts': `
      import { createGateway } from 'gatehouse';
      import { deviceContract } from 'gatehouse/contract/network/devices';
      import { gatewayStorage } from 'gatehouse/contract/suite';
      const config = {
        plugins: ['default', '!storage-prisma', 'storage-memory'],
        dataDir: 'memory://',
        accounts: { adminPassword: 'correct horse battery' },
        log: { level: 'silent' },
      };
      deviceContract('memory', () => gatewayStorage(() => createGateway({ config })));`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
  for (const { title, text } of await blocksOf(join(root, 'docs', 'plugins.md'))) {
    if (title !== 'greeter.ts' && !title?.startsWith('notices/')) continue;
    mkdirSync(join(project, 'notices'), { recursive: true });
    writeFileSync(join(project, title), text);
  }
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true }));

test('the package runs with a plugin of the project, as one copy', { timeout: 120_000 }, async () => {
  const { stdout } = await run(process.execPath, ['main.ts'], { cwd: project });
  expect(JSON.parse(stdout)).toEqual([{ noticePost: { __typename: 'NoticePostSuccess' } }, true]);
});

test('the package has the command, which reads the config of the project', { timeout: 120_000 }, async () => {
  const cli = join(project, 'node_modules', 'gatehouse', 'src', 'cli.js');
  const { stdout } = await run(process.execPath, [cli, 'schema', 'print'], { cwd: project });
  expect(stdout).toContain('greeting: String!');
  expect(stdout).toContain('type Notice implements Node');
});

test('the package has its migrations', { timeout: 120_000 }, async () => {
  const config = JSON.stringify({ dataDir: './data', log: { level: 'warn' } });
  writeFileSync(join(project, 'embedded.json'), config);
  const cli = join(project, 'node_modules', 'gatehouse', 'src', 'cli.js');
  const { stdout } = await run(process.execPath, [cli, '--config', 'embedded.json', '--json', 'site', 'list'], {
    cwd: project,
    env: { ...process.env, GATEHOUSE_ADMIN_PASSWORD: 'correct horse battery' },
  });
  expect(JSON.parse(stdout)).toBeDefined();
});

test('the package has types that a project can compile against', { timeout: 240_000 }, async () => {
  const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), ['-p', project]).catch((error) => error);
  expect(stdout).toBe('');
});

test('the package has contract suites that run in a project', { timeout: 120_000 }, async () => {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const { stdout } = await run(process.execPath, [vitest, 'run', 'contract.test.ts'], { cwd: project }).catch(
    (error) => error,
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
  expect(stdout.replace(/\u001b\[\d+m/g, '')).toMatch(/Tests +\d+ passed/);
});
