import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { tendOneTable } from '#plugins/storage-prisma/upkeep.ts';
import { embeddedDatabase } from '../../support/database.ts';

let database: Database;
beforeEach(async () => {
  database = await embeddedDatabase();
});
afterEach(() => database.close());

const tendAll = async () => {
  const tended: string[] = [];
  await database.pool.query('SELECT pg_stat_force_next_flush()');
  for (let name = await tendOneTable(database.pool); name !== null; name = await tendOneTable(database.pool)) {
    tended.push(name);
    await database.pool.query('SELECT pg_stat_force_next_flush()');
  }
  return tended;
};

describe('the upkeep of the embedded database', () => {
  test('leaves tables alone of which little changed', async () => {
    await tendAll();
    await database.pool.query('UPDATE event_log SET head = head');
    expect(await tendAll()).toEqual([]);
  });

  test('gives the space of dead rows to new ones', async () => {
    await database.pool.query('CREATE TABLE passing (filler text)');
    const fill = () => database.pool.query("INSERT INTO passing SELECT repeat('x', 500) FROM generate_series(1, 2000)");
    const size = async () =>
      (await database.pool.query("SELECT pg_relation_size('passing')::int AS size")).rows[0].size as number;
    await fill();
    const filled = await size();
    await database.pool.query('DELETE FROM passing');
    expect(await tendAll()).toContain('public.passing');
    for (let round = 0; round < 3; round += 1) {
      await fill();
      await database.pool.query('DELETE FROM passing');
      await tendAll();
    }
    expect(await size()).toBeLessThanOrEqual(filled);
  });

  test('tells the planner how many rows there are', async () => {
    await database.pool.query('CREATE TABLE grown AS SELECT generate_series(1, 5000) AS id');
    expect(await tendAll()).toContain('public.grown');
    const { rows } = await database.pool.query("SELECT reltuples::int AS count FROM pg_class WHERE relname = 'grown'");
    expect(rows).toEqual([{ count: 5000 }]);
  });
});
