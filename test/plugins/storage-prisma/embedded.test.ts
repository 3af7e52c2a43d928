import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockDirectory } from '#plugins/directory-lock.ts';
import { type Database, openDatabase } from '#plugins/storage-prisma/database.ts';
import { embeddedTemplate } from '../../support/database.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-embedded-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = async (directory: string): Promise<Database> =>
  openDatabase({ directory, from: await embeddedTemplate(), poolSize: 1, timeout: 5000 });

const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

/** A process that writes to the database, once it has written something. */
async function writer(directory: string): Promise<{ child: ChildProcess; lastWritten(): number }> {
  const script = fileURLToPath(new URL('../../support/hold-database.ts', import.meta.url));
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = 0;
  child.stdout.on('data', (lines: Buffer) => {
    last = Number(lines.toString().trim().split('\n').at(-1));
  });
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`The writer ended with ${code}.`)));
  await Promise.race([once(child.stdout, 'data'), failed]);
  failed.catch(() => {});
  return { child, lastWritten: () => last };
}

describe('an embedded database', () => {
  test('is made with the folders above it, and keeps what it held', async () => {
    const directory = join(folder, 'a', 'b', 'database');
    const first = await open(directory);
    await first.pool.query('CREATE TABLE kept AS SELECT 42 AS answer');
    await first.close();
    expect(readdirSync(directory)).toEqual(['data']);
    const again = await open(directory);
    expect((await again.pool.query('SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }]);
    await again.close();
  });

  test('keeps every row whose writing was answered when its process is killed, again and again', async () => {
    const seed = await open(folder);
    await seed.close();
    for (let round = 0; round < 3; round += 1) {
      const { child, lastWritten } = await writer(folder);
      await new Promise((resolve) => setTimeout(resolve, 300));
      child.kill('SIGKILL');
      await once(child, 'exit');
      const database = await open(folder);
      const { rows } = await database.pool.query('SELECT count(*)::int AS count, max(id) AS last FROM kept');
      expect(rows[0].last).toBeGreaterThanOrEqual(lastWritten());
      expect(rows[0].count).toBe(rows[0].last);
      await database.close();
    }
  }, 120_000);

  test('is begun anew when the process that began it was killed half-way', async () => {
    const script = fileURLToPath(new URL('../../support/hold-database.ts', import.meta.url));
    const child = spawn(process.execPath, [script, folder], { stdio: 'ignore' });
    while (!readdirSync(folder).includes('data.new')) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(readdirSync(folder).sort()).toEqual(['data.new', 'gatehouse.lock']);
    const database = await open(folder);
    expect((await database.pool.query('SELECT head::int AS head FROM event_log')).rows).toEqual([{ head: 0 }]);
    await database.close();
    expect(readdirSync(folder)).toEqual(['data']);
  }, 120_000);

  test('that cannot be opened is named, with what to do', async () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'PG_VERSION'), '9');
    await expect(open(folder)).rejects.toThrow(
      new RegExp(
        `^The database in ${folder} cannot be opened: .* Restore it from a backup, or move the folder away`,
        's',
      ),
    );
    expect(readdirSync(folder)).toEqual(['data']);
  });

  test('refuses a second process, naming the folder, the process and what to do', async () => {
    await (await open(folder)).close();
    const { child } = await writer(folder);
    const refused = open(folder);
    await expect(refused).rejects.toThrow(`The database in ${folder} is in use by process ${child.pid}.`);
    await expect(refused).rejects.toThrow(/Stop that process first, or set DATABASE_URL .* --url and --token/s);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await open(folder)).close();
  }, 120_000);

  test('refuses to be opened twice in one process', async () => {
    const database = await open(folder);
    await expect(open(folder)).rejects.toThrow(`in use by process ${process.pid}`);
    await database.close();
    await (await open(folder)).close();
  });

  test('drops an open transaction with its connection', async () => {
    const database = await open('memory://drop');
    const client = await database.pool.connect();
    await client.query('BEGIN; CREATE TABLE half (id int)');
    client.release(new Error('lost'));
    expect((await database.pool.query("SELECT to_regclass('half') AS half")).rows).toEqual([{ half: null }]);
    await database.close();
  });

  test('answers a statement that fails with the error of the server, and the next one as always', async () => {
    const database = await open('memory://errors');
    await expect(database.pool.query('SELECT $1::int', ['x'])).rejects.toMatchObject({ code: '22P02' });
    await expect(database.pool.query('SELEC')).rejects.toMatchObject({ code: '42601' });
    const { rows } = await database.pool.query(
      "SELECT $1::text AS text, $2::bytea AS bytes, repeat('ab', 100000) AS long",
      ['ü\u{1f680}', Buffer.from([0, 255])],
    );
    expect(rows).toEqual([{ text: 'ü\u{1f680}', bytes: Buffer.from([0, 255]), long: 'ab'.repeat(100_000) }]);
    await database.close();
  });
});

describe('the lock of a folder', () => {
  const holder = (over: object) =>
    writeFileSync(join(folder, 'gatehouse.lock'), JSON.stringify({ pid: 1, host: hostname(), started: null, ...over }));

  test('is given back, and leaves nothing', () => {
    lockDirectory(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is taken over from a process that died', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    holder({ pid: child.pid });
    lockDirectory(folder)();
  });

  test('is taken over when another process has the number of the one that died', () => {
    holder({ pid: process.ppid, started: '1' });
    expect(refusal(lockDirectory(folder))).toBe('');
  });

  test('is taken over when it cannot be read', () => {
    writeFileSync(join(folder, 'gatehouse.lock'), '{"pid":');
    lockDirectory(folder)();
  });

  test('stands when its holder runs on another machine, with how to remove it', () => {
    holder({ pid: 1234, host: 'elsewhere' });
    const message = refusal(() => lockDirectory(folder));
    expect(message).toContain('is in use by process 1234 on elsewhere.');
    expect(message).toContain(`If that process is gone, delete ${join(folder, 'gatehouse.lock')}.`);
    expect(readdirSync(folder)).toEqual(['gatehouse.lock']);
  });
});
