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

/**
 * Starts the gateway of `crash.child.ts`.
 * @param devices how many it makes until it is killed, at some moment of the next one.
 * @returns what it found when it began.
 */
async function child(end: string, devices?: number): Promise<Report> {
  const gateway = spawn(process.execPath, [join(import.meta.dirname, 'crash.child.ts'), folder, end], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(gateway, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface(gateway.stdout)) {
    lines.push(line);
    if (devices !== undefined && lines.length === devices + 1)
      setTimeout(() => gateway.kill('SIGKILL'), Math.random() * 20);
  }
  const [code, signal] = await exited;
  expect(code === 0 || signal === 'SIGKILL').toBe(true);
  return JSON.parse(lines[0] ?? '');
}

test('has, after each kill, exactly the devices that the event log tells of', { timeout: 240_000 }, async () => {
  expect(await child('prepare')).toEqual({ logged: [], stored: [] });
  expect((await readdir(join(folder, 'devices-json'))).filter((name) => name.endsWith('.prepared'))).toHaveLength(1);
  expect(await child('commit')).toEqual({ logged: [], stored: [] });
  expect((await readdir(join(folder, 'devices-json'))).filter((name) => name.endsWith('.prepared'))).toHaveLength(1);
  const after = await child('work', 20);
  expect(after).toEqual({ logged: ['died-in-commit'], stored: ['died-in-commit'] });
  const last = await child('report');
  expect(last.logged.length).toBeGreaterThan(10);
  expect(last.stored).toEqual(last.logged);
});
