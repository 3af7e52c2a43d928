import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { StoredEvent } from '#kernel/event.ts';
import { newId } from '#kernel/id.ts';
import { openUnit, openUnits } from '#kernel/unit.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { PrismaEventLog } from '#plugins/storage-prisma/platform/event-log.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import { embeddedDatabase, newServerDatabase, openServer, stopSharedServer } from '../../support/database.ts';
import { findPostgres } from '../../support/postgres.ts';
import { newEvent } from './event-log.ts';

const subjects = 4;
const writers = 10;

/** What a writer knows of one transaction of his. */
interface Written {
  readonly tx: string;
  readonly events: number;
  readonly began: number;
  readonly committed: number;
}

interface Change {
  readonly subject: number;
  readonly version: number;
}

/** Changes some subjects, slowly, and appends what it changed; or gives it all up. */
async function write(database: Database, random: () => number): Promise<Written | null> {
  const began = performance.now();
  const tx = newId();
  const unit = openUnit(tx, 20_000);
  const session = openSessions(database)(unit);
  const giveUp = random() < 0.25;
  return openUnits.run(unit, async () => {
    try {
      const events = [];
      // Rising, so that no two writers wait for each other in a circle.
      for (let subject = Math.floor(random() * subjects); subject < subjects; subject += 1 + Math.floor(random() * 3)) {
        const [row] = await session.run(
          (db) => db.$queryRaw<[{ version: number }]>`
            UPDATE thing SET version = version + 1 WHERE id = ${subject} RETURNING version`,
        );
        const change: Change = { subject, version: row.version };
        events.push(newEvent({ tx, data: change }));
        if (random() < 0.5) await sleep(random() * 8);
      }
      await new PrismaEventLog(session).append(events);
      if (random() < 0.5) await sleep(random() * 8);
      if (giveUp) throw new Error('given up');
      await unit.commit();
      return { tx, events: events.length, began, committed: performance.now() };
    } catch (error) {
      await unit.rollback();
      if (giveUp) return null;
      throw error;
    }
  });
}

/** Reads what is numbered, again and again, until told to stop and nothing is left. */
function follow(database: Database): { stop(): Promise<StoredEvent[]> } {
  const log = new PrismaEventLog(openSessions(database)(null));
  const seen: StoredEvent[] = [];
  let stopping = false;
  const reading = (async () => {
    for (;;) {
      const last = stopping;
      const events = await log.read(seen.at(-1)?.sequence ?? 0, 10);
      seen.push(...events);
      if (events.length === 0 && last) return seen;
      if (events.length === 0) await sleep(1);
    }
  })();
  return {
    stop() {
      stopping = true;
      return reading;
    },
  };
}

/** Repeatable numbers between 0 and 1. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

async function writeAll(database: Database, perWriter: number): Promise<Written[]> {
  await database.pool.query('CREATE TABLE thing AS SELECT id, 0 AS version FROM generate_series(0, 3) AS id');
  const all = await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      const random = randomFrom(writer + 1);
      const own: (Written | null)[] = [];
      for (let count = 0; count < perWriter; count += 1) own.push(await write(database, random));
      return own;
    }),
  );
  return all.flat().filter((written) => written !== null);
}

function expectOrder(written: readonly Written[], seen: readonly StoredEvent[]): void {
  const total = written.reduce((sum, { events }) => sum + events, 0);
  expect(seen.map(({ sequence }) => sequence)).toEqual(Array.from({ length: total }, (_, index) => index + 1));

  const byTransaction = Map.groupBy(seen, ({ tx }) => tx);
  expect([...byTransaction.keys()].sort()).toEqual(written.map(({ tx }) => tx).sort());
  for (const events of byTransaction.values()) {
    const first = events[0]?.sequence ?? 0;
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => first + index));
    const touched = events.map(({ data }) => (data as Change).subject);
    expect(touched).toEqual([...touched].sort());
  }

  for (const [, changes] of Map.groupBy(
    seen.map(({ data }) => data as Change),
    ({ subject }) => subject,
  )) {
    expect(changes.map(({ version }) => version)).toEqual(changes.map((_, index) => index + 1));
  }

  const firstOf = (tx: string) => byTransaction.get(tx)?.[0]?.sequence ?? 0;
  for (const earlier of written) {
    for (const later of written) {
      if (earlier.committed < later.began) expect(firstOf(earlier.tx)).toBeLessThan(firstOf(later.tx));
    }
  }
}

describe('the order of events', () => {
  test('holds on the embedded database for writers at once', async () => {
    const database = await embeddedDatabase();
    const log = new PrismaEventLog(openSessions(database)(null));
    const tail = follow(database);
    let writing = true;
    const numbering = (async () => {
      while (writing) if ((await log.number(7)) === 0) await sleep(1);
    })();
    const written = await writeAll(database, 5);
    writing = false;
    await numbering;
    while ((await log.number(7)) > 0);
    expectOrder(written, await tail.stop());
    await database.close();
  }, 60_000);

  describe.skipIf(!findPostgres())('on a PostgreSQL server', () => {
    afterAll(stopSharedServer);

    test('holds while processes that number are killed and two of them compete', async () => {
      const url = await newServerDatabase();
      const database = await openServer(url);
      const log = new PrismaEventLog(openSessions(database)(null));
      const numberers = [await numberer(url), await numberer(url)];
      const tail = follow(database);
      const writing = writeAll(database, 30);
      for (const [index, process] of numberers.entries()) {
        await sleep(250);
        await kill(process);
        numberers[index] = await numberer(url);
      }
      const written = await writing;
      for (const process of numberers) await kill(process);
      while ((await log.number(7)) > 0);
      const seen = await tail.stop();
      expect(written.length).toBeGreaterThan(150);
      expectOrder(written, seen);
      await database.close();
    }, 60_000);

    test('gives a transaction that commits late a later number, and skips no reader past it', async () => {
      const database = await openServer(await newServerDatabase());
      const sessions = openSessions(database);
      const log = new PrismaEventLog(sessions(null));
      const [slow, quick] = [openUnit(newId(), 5000), openUnit(newId(), 5000)];
      await new PrismaEventLog(sessions(slow)).append([newEvent({ subject: 'slow' })]);
      await new PrismaEventLog(sessions(quick)).append([newEvent({ subject: 'quick' })]);
      await quick.commit();
      expect(await log.number(10)).toBe(1);
      await slow.commit();
      expect(await log.number(10)).toBe(1);
      expect((await log.read(0, 10)).map(({ sequence, subject }) => [sequence, subject])).toEqual([
        [1, 'quick'],
        [2, 'slow'],
      ]);
      await database.close();
    });

    test('numbers in one session at a time, and then all that was committed while it waited', async () => {
      const database = await openServer(await newServerDatabase());
      const log = new PrismaEventLog(openSessions(database)(null));
      const append = async (subject: string) => {
        const unit = openUnit(newId(), 5000);
        await new PrismaEventLog(openSessions(database)(unit)).append([newEvent({ subject })]);
        await unit.commit();
      };
      await append('before');
      const other = await database.pool.connect();
      await other.query('BEGIN; SELECT event_number(10)');
      let answered = false;
      const waiting = log.number(10).finally(() => {
        answered = true;
      });
      await sleep(150);
      expect(answered).toBe(false);
      await append('meanwhile');
      await other.query('COMMIT');
      other.release();
      expect(await waiting).toBe(1);
      expect((await log.read(0, 10)).map(({ sequence, subject }) => [sequence, subject])).toEqual([
        [1, 'before'],
        [2, 'meanwhile'],
      ]);
      await database.close();
    });

    test('goes on in a database whose transaction ids began anew', async () => {
      const database = await openServer(await newServerDatabase());
      const log = new PrismaEventLog(openSessions(database)(null));
      await database.pool.query('UPDATE event_log SET settled = 1000000000000');
      const unit = openUnit(newId(), 5000);
      await new PrismaEventLog(openSessions(database)(unit)).append([newEvent()]);
      await unit.commit();
      expect(await log.number(10)).toBe(1);
      await database.close();
    });
  });
});

/** Kills a process that numbered without a failure until then. */
async function kill(child: ChildProcess): Promise<void> {
  expect(child.exitCode).toBeNull();
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function numberer(url: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('../../support/number-events.ts', import.meta.url));
  const child = spawn(process.execPath, [script, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}
