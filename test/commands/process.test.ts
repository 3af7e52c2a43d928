import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { newFolder } from './support.ts';

const source = (name: string) => fileURLToPath(new URL(`../../src/${name}`, import.meta.url));
vi.setConfig({ testTimeout: 120_000 });
const children = new Set<ChildProcess>();
/** One database for all: a new one takes longer than everything else. */
const folder = newFolder();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

/** A process of the command line, in a folder and an environment of its own. */
function launch(script: 'cli.ts' | 'main.ts', words: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [source(script), ...words], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', GATEHOUSE_ADMIN_PASSWORD: 'correct horse battery staple', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let [out, err] = ['', ''];
  const heard = new Set<() => void>();
  child.stdout.on('data', (chunk) => {
    out += chunk;
    for (const tell of heard) tell();
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, out, err }));
  return {
    child,
    ended,
    /** Resolves with what was written when it matches. */
    async says(pattern: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const match = pattern.exec(out);
        if (match) return match;
        await Promise.race([
          new Promise<void>((resolve) => heard.add(resolve)),
          ended.then(() => Promise.reject(new Error(`It ended and said ${out}${err}`))),
        ]);
      }
    },
  };
}

const anyPort = { PORT: '0', GATEHOUSE_LOG_LEVEL: 'warn' };

describe('the processes', () => {
  test('start serves until it is told to stop, drains, and exits with 0', async () => {
    const gateway = launch('main.ts', [], anyPort);
    const [, url] = await gateway.says(
      /^Gatehouse is at (http:\/\/\S+)\. Open \S+\/graphql in a browser for GraphiQL\.$/m,
    );
    const page = await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } });
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('GraphiQL')]);
    const answer = await fetch(`${url}/health`);
    expect(answer.status).toBe(200);

    const beside = launch('cli.ts', ['site', 'list']);
    const refused = await beside.ended;
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(`in use by process ${gateway.child.pid}`);
    expect(refused.err).toContain('--url and --token');

    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toMatchObject({ code: 0, err: '' });
  });

  test('start says what to do about an address that is taken, and exits with 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { code, err } = await launch('cli.ts', ['start'], { PORT: String(port), GATEHOUSE_LOG_LEVEL: 'warn' }).ended;
    expect([code, err]).toEqual([1, expect.stringMatching(new RegExp(`^ADDRESS: .*${port}.*PORT`, 's'))]);
    taken.close();
  });

  test('work works without a door until it is told to stop', async () => {
    const worker = launch('cli.ts', ['work']);
    await worker.says(/^Gatehouse is at work\.$/m);
    worker.child.kill('SIGINT');
    expect((await worker.ended).code).toBe(0);
  });

  test('a command in this process opens no port, keeps what it did, and ends by itself', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const environment = { PORT: String((taken.address() as AddressInfo).port) };
    expect(await launch('cli.ts', ['site', 'create', 'SJC'], environment).ended).toMatchObject({
      code: 0,
      out: 'Created site SJC.\n',
    });
    writeFileSync(join(folder, 'rows.csv'), 'kind,site,hostname\ndevice,SJC,r1\n');
    const imported = await launch('cli.ts', ['inventory', 'import', 'rows.csv', '--format', 'csv'], environment).ended;
    expect([imported.code, imported.err]).toEqual([0, 'reading\nchecking 1 rows\nwriting 1 rows\n']);
    const listed = await launch('cli.ts', ['device', 'list', '--json'], environment).ended;
    expect(JSON.parse(listed.out)).toMatchObject([{ hostname: 'r1', site: { name: 'SJC' } }]);
    taken.close();
  });

  test('a config that cannot be used stops it with every fault', async () => {
    writeFileSync(join(folder, 'faulty.json'), '{"http":{"port":-1},"colour":{}}');
    const { code, err } = await launch('main.ts', ['--config', 'faulty.json']).ended;
    expect(code).toBe(1);
    expect(err).toContain('at http.port');
    expect(err).toContain('at colour');
  });
});
