import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnavailableError } from 'gatehouse/kernel/errors';
import { newId } from 'gatehouse/kernel/id';
import { createLogger } from 'gatehouse/kernel/log';
import { type Branch, openUnit, type Participant } from 'gatehouse/kernel/unit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type JsonTable, openTable, type TableOptions } from './table.ts';

interface Row {
  readonly id: string;
  readonly name: string;
}

let folder: string;
let table: JsonTable<Row> | null = null;
const committed = new Set<string>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'json-table-'));
  committed.clear();
});
afterEach(async () => {
  await table?.close();
  await rm(folder, { recursive: true });
});

async function open(options: Partial<TableOptions<Row>> = {}): Promise<JsonTable<Row>> {
  table = await openTable<Row>({
    path: join(folder, 'rows.json'),
    row: z.strictObject({ id: z.string(), name: z.string() }),
    form: { id: ({ id }) => id, keys: ({ name }) => [`name ${name}`] },
    eventLog: { committed: async (units) => units.filter((unit) => committed.has(unit)) },
    patience: 1000,
    log: createLogger('silent'),
    ...options,
  });
  return table;
}

const prepare = (unit: string, parts: { put?: Row[]; gone?: string[]; until?: number; at?: number }) =>
  writeFile(
    join(folder, `rows.json.${unit}.prepared`),
    JSON.stringify({ unit, at: 0, until: Date.now() - 1, put: [], gone: [], ...parts }),
  );
const names = (rows: Iterable<Row>) => [...rows].map(({ name }) => name).sort();
const read = (of: JsonTable<Row>) => of.session(null).read((rows) => names(rows.values()));
const onDisk = async () => names(JSON.parse(await readFile(join(folder, 'rows.json'), 'utf8')).rows);
const waitingUnits = async () => (await readdir(folder)).filter((name) => name.endsWith('.prepared'));

/** Stands for the storage that holds the event log: the last to be asked, and the one whose commit decides. */
function deciding(unit: ReturnType<typeof openUnit>, commit: () => Promise<void>): Promise<void> {
  const participant: Participant<Branch> = { name: 'log', begin: async () => ({ commit, rollback: async () => {} }) };
  return unit.appendLast(async () => void (await unit.enlist(participant)));
}

describe('a table in a JSON file', () => {
  test('opens with what it held', async () => {
    const first = await open();
    await first.session(null).write([], (rows) => {
      rows.put({ id: '1', name: 'one' });
      rows.put({ id: '2', name: 'two' });
    });
    await first.session(null).write(['1'], (rows) => rows.delete('1'));
    await first.close();
    expect(await read(await open())).toEqual(['two']);
  });

  test('shows the writes of a unit to itself, and to others once it is committed', async () => {
    const rows = await open();
    const unit = openUnit(newId(), 1000);
    const session = rows.session(unit);
    await session.write(['1'], (rows) => rows.put({ id: '1', name: 'one' }));
    expect(await session.read((rows) => names(rows.values()))).toEqual(['one']);
    expect(await read(rows)).toEqual([]);
    await unit.commit();
    expect(await read(rows)).toEqual(['one']);
    expect(await onDisk()).toEqual(['one']);
  });

  test('is on the disk, not yet in the table, when the log decides', async () => {
    const rows = await open();
    const unit = openUnit(newId(), 1000);
    await rows.session(unit).write(['1'], (rows) => rows.put({ id: '1', name: 'one' }));
    await deciding(unit, async () => {
      expect(await waitingUnits()).toEqual([`rows.json.${unit.id}.prepared`]);
      expect(await read(rows)).toEqual([]);
      committed.add(unit.id);
    });
    await unit.commit();
    expect(await read(rows)).toEqual(['one']);
    expect(await waitingUnits()).toEqual([]);
  });

  test('forgets a unit that the log refused', async () => {
    const rows = await open();
    const unit = openUnit(newId(), 100);
    await rows.session(unit).write(['1'], (rows) => rows.put({ id: '1', name: 'one' }));
    await deciding(unit, async () => {
      throw new Error('no');
    });
    await expect(unit.commit()).rejects.toThrow('no');
    await unit.rollback();
    await expect.poll(waitingUnits).toEqual([]);
    expect(await read(rows)).toEqual([]);
    await rows.session(null).write(['1'], (rows) => rows.put({ id: '1', name: 'free again' }));
    expect(await read(rows)).toEqual(['free again']);
  });

  test('finishes a unit whose commit looked like a failure and was none', async () => {
    const rows = await open();
    const unit = openUnit(newId(), 10_000);
    await rows.session(unit).write(['1'], (rows) => rows.put({ id: '1', name: 'one' }));
    await deciding(unit, async () => {
      committed.add(unit.id);
      throw new Error('the connection was lost');
    });
    await expect(unit.commit()).rejects.toThrow('the connection was lost');
    await unit.rollback();
    await expect.poll(() => read(rows)).toEqual(['one']);
  });

  test('lets a second unit that wants a row of the first wait for it, as long as it has patience', async () => {
    const rows = await open();
    await rows.session(null).write(['1'], (rows) => rows.put({ id: '1', name: 'one' }));
    const first = openUnit(newId(), 10_000);
    await rows.session(first).write(['1'], (rows) => rows.put({ id: '1', name: 'first' }));
    const impatient = openUnit(newId(), 10_000);
    await expect(rows.session(impatient).write(['1'], () => {})).rejects.toThrow(UnavailableError);
    await impatient.rollback();
    const second = openUnit(newId(), 10_000);
    const seen = rows.session(second).write(['1'], (rows) => rows.get('1')?.name);
    await first.commit();
    expect(await seen).toBe('first');
    await second.rollback();
  });

  test('gives up a unit that takes too long, and what it held', async () => {
    const rows = await open();
    const unit = openUnit(newId(), 20);
    await rows.session(unit).write(['1'], (rows) => rows.put({ id: '1', name: 'slow' }));
    await rows.session(null).write(['1'], (rows) => rows.put({ id: '1', name: 'quick' }));
    await expect(unit.commit()).rejects.toThrow('A transaction took longer than 20 ms. Try again.');
    expect(await read(rows)).toEqual(['quick']);
  });
});

describe('what a crash left prepared', () => {
  test('is finished when the log knows the unit, and forgotten when it does not', async () => {
    const [known, unknown] = [newId(), newId()];
    committed.add(known);
    await writeFile(
      join(folder, 'rows.json'),
      JSON.stringify({
        rows: [
          { id: '1', name: 'one' },
          { id: '2', name: 'two' },
        ],
        finished: [],
      }),
    );
    await prepare(known, { put: [{ id: '2', name: 'changed' }], gone: ['1'] });
    await prepare(unknown, { put: [{ id: '3', name: 'three' }] });
    expect(await read(await open())).toEqual(['changed']);
    expect(await onDisk()).toEqual(['changed']);
    expect(await waitingUnits()).toEqual([]);
  });

  test('is not done twice when it is in the file already', async () => {
    const unit = newId();
    committed.add(unit);
    await writeFile(join(folder, 'rows.json'), JSON.stringify({ rows: [], finished: [unit] }));
    await prepare(unit, { put: [{ id: '1', name: 'deleted since' }] });
    expect(await read(await open())).toEqual([]);
    expect(await waitingUnits()).toEqual([]);
  });

  test('is finished in the order in which it was prepared', async () => {
    const [early, late] = [newId(), newId()];
    for (const unit of [early, late]) committed.add(unit);
    await prepare(late, { at: 2, put: [{ id: '1', name: 'late' }] });
    await prepare(early, { at: 1, put: [{ id: '1', name: 'early' }] });
    expect(await read(await open())).toEqual(['late']);
  });

  test('waits as long as the log may still learn of it', async () => {
    const unit = newId();
    await prepare(unit, { until: Date.now() + 60_000, put: [{ id: '1', name: 'one' }] });
    let asked = 0;
    const late = async (units: readonly string[]) => (++asked > 2 ? [...units] : []);
    expect(await read(await open({ eventLog: { committed: late } }))).toEqual(['one']);
    expect(asked).toBe(3);
  });

  test('waits for a log that cannot be asked', async () => {
    const unit = newId();
    await prepare(unit, { put: [{ id: '1', name: 'one' }] });
    let asked = 0;
    const away = async (units: readonly string[]) => {
      if (++asked < 3) throw new Error('away');
      return [...units];
    };
    expect(await read(await open({ eventLog: { committed: away } }))).toEqual(['one']);
  });
});

test('a damaged file is named, with what is wrong', async () => {
  await writeFile(join(folder, 'rows.json'), '{ "rows": [{ "id": 7 }], "finished": [] }');
  await expect(open()).rejects.toThrow(/rows\.json cannot be read: .*rows\[0\]/s);
});
