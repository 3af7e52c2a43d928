import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'devices-json-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Report {
  readonly logged: readonly string[];
  readonly stored: readonly string[];
}

/** Starts the gateway of `crash.child.ts` and gives what it found. */
async function child(end: string, killAfter?: number): Promise<Report> {
  const process_ = spawn(process.execPath, [join(import.meta.dirname, 'crash.child.ts'), folder, end], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(process_, 'exit');
  const [line] = await once(createInterface(process_.stdout), 'line');
  if (killAfter !== undefined) setTimeout(() => process_.kill('SIGKILL'), killAfter);
  const [code, signal] = await exited;
  expect(code === 0 || signal === 'SIGKILL').toBe(true);
  return JSON.parse(line);
}

test('has, after each kill, exactly the devices that the event log tells of', { timeout: 120_000 }, async () => {
  expect(await child('prepare')).toEqual({ logged: [], stored: [] });
  expect((await readdir(join(folder, 'devices-json'))).filter((name) => name.endsWith('.prepared'))).toHaveLength(1);
  expect(await child('commit')).toEqual({ logged: [], stored: [] });
  expect((await readdir(join(folder, 'devices-json'))).filter((name) => name.endsWith('.prepared'))).toHaveLength(1);
  const after = await child('work', 700);
  expect(after).toEqual({ logged: ['died-in-commit'], stored: ['died-in-commit'] });
  for (const killAfter of [400, 900]) {
    const { logged, stored } = await child('work', killAfter);
    expect(logged.length).toBeGreaterThan(1);
    expect(stored).toEqual(logged);
  }
  const last = await child('report');
  expect(last.stored).toEqual(last.logged);
});
