import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { type ImportNote, type InventoryImport, importStore } from '#resolvers/network/imports/inventory-import.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { request } from './support.ts';

const started = '2026-03-01T09:30:00.123000Z';

const anImport = (parts: Partial<InventoryImport> & { account?: string | null } = {}): InventoryImport => {
  const { account = null, ...rest } = parts;
  return {
    id: newId(),
    format: 'CSV',
    dryRun: false,
    state: 'RUNNING',
    actor: { account, name: 'somebody', credential: 'SESSION', address: '2001:db8::1' },
    startedAt: started,
    finishedAt: null,
    touchedAt: started,
    progress: { phase: 'VALIDATE', done: 0, total: 7 },
    counts: [],
    warnings: [],
    ignored: [],
    ...rest,
  };
};

const ended = (run: InventoryImport): InventoryImport => ({
  ...run,
  state: 'COMPLETED',
  finishedAt: '2026-03-01T09:31:00.000000Z',
  touchedAt: '2026-03-01T09:31:00.000000Z',
  progress: { phase: 'DONE', done: 7, total: 7 },
  counts: [{ kind: 'DEVICE', created: 1, updated: 2, unchanged: 0, skipped: 0, failed: 4 }],
  warnings: [{ code: 'HOSTNAME_CHANGED', count: 2 }],
  ignored: [{ model: 'dcim.region', count: 3 }],
});

const note = (parts: Partial<ImportNote> = {}): ImportNote => ({
  row: 3,
  kind: 'DEVICE',
  ref: 'dcim.device:74',
  outcome: 'FAILED',
  code: 'BAD_USER_INPUT',
  message: 'hostname may not be empty. "quoted" \\ 🛰',
  path: ['attributes', 'role'],
  ...parts,
});

/** What every storage of imports holds. */
export function importContract(name: string, open: OpenStorage): void {
  describe(`imports in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(importStore);
    const notesOf = async (run: InventoryImport, filter = {}, page = {}) =>
      (await store().notes([run.id], filter, request(page)))[0]?.items.map(({ node }) => node);

    test('gives back what was kept, null for what is missing, in the order asked for', async () => {
      const [one, other] = [anImport(), anImport({ account: newId(), dryRun: true })];
      await store().insert(one);
      await store().insert(other);
      expect(await store().getMany([other.id, newId(), 'no id', one.id])).toEqual([other, null, null, one]);
    });

    test('lists the newest first, of everybody or of one account, page by page', async () => {
      const account = newId();
      const runs = [anImport(), anImport({ account }), anImport(), anImport({ account })];
      for (const run of runs) await store().insert(run);
      const ids = async (who: string | null, page = {}) =>
        (await store().page(who, request(page))).items.map(({ node }) => runs.findIndex(({ id }) => id === node.id));
      expect(await ids(null)).toEqual([3, 2, 1, 0]);
      expect(await ids(account)).toEqual([3, 1]);
      expect(await ids(newId())).toEqual([]);
      const first = await store().page(null, request({ limit: 2 }));
      expect([first.hasNextPage, await first.count()]).toEqual([true, 4]);
      const after = first.items.at(-1)?.position ?? null;
      expect(await ids(null, { limit: 2, after })).toEqual([1, 0]);
      expect(await ids(null, { limit: 2, direction: 'backward' })).toEqual([1, 0]);
      await expect(store().page(null, request({ after: ['no id'] }))).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    });

    test('keeps how far an import is, and nothing of one that ended', async () => {
      const run = anImport();
      await store().insert(run);
      const progress = { phase: 'APPLY', done: 5, total: 7 } as const;
      await store().touch(run.id, progress, '2026-03-01T09:30:30.500000Z');
      const touched = { ...run, progress, touchedAt: '2026-03-01T09:30:30.500000Z' };
      expect(await store().getMany([run.id])).toEqual([touched]);
      await store().finish(ended(touched), []);
      await store().touch(run.id, progress, '2026-03-01T09:40:00.000000Z');
      expect(await store().getMany([run.id])).toEqual([ended(touched)]);
    });

    test('ends an import once, with its notes in their order', async () => {
      const run = anImport();
      await store().insert(run);
      const notes = [note({ row: null }), note({ row: 9, path: [] }), note({ row: 4, outcome: 'CREATED', code: 'X' })];
      expect(await store().finish(ended(run), notes)).toBe(true);
      expect(await store().getMany([run.id])).toEqual([ended(run)]);
      expect(await notesOf(run)).toEqual(notes);
      expect(await store().finish({ ...ended(run), state: 'FAILED' }, [note()])).toBe(false);
      expect(await store().getMany([run.id])).toEqual([ended(run)]);
      expect(await notesOf(run)).toEqual(notes);
      expect(await store().finish(ended(anImport()), [])).toBe(false);
    });

    test('gives an import that waits to one caller, with what was asked, and forgets that at its end', async () => {
      const order = 'sealed'.repeat(100_000);
      const waiting = anImport({ state: 'QUEUED', progress: { phase: 'READ', done: 0, total: 7 } });
      await store().insert(waiting, order);
      const at = '2026-03-01T09:30:10.500000Z';
      const turns = await Promise.all(Array.from({ length: 10 }, () => store().start(waiting.id, at)));
      const started = { ...waiting, state: 'RUNNING', startedAt: at, touchedAt: at } as const;
      expect(turns.filter((turn) => turn !== null)).toEqual([{ started, order }]);
      expect(await store().getMany([waiting.id])).toEqual([started]);
      expect(await store().finish(ended(started), [])).toBe(true);
      expect(await store().start(waiting.id, at)).toBeNull();
      expect(await store().start(newId(), at)).toBeNull();
      const running = anImport();
      await store().insert(running);
      expect(await store().start(running.id, at)).toBeNull();
    });

    test('ends one that never began, which then does not begin any more', async () => {
      const waiting = anImport({ state: 'QUEUED' });
      await store().insert(waiting, '');
      expect(await store().silent('2026-03-02T00:00:00.000000Z', 10)).not.toContainEqual(waiting);
      expect(await store().finish({ ...ended(waiting), state: 'FAILED' }, [])).toBe(true);
      expect(await store().start(waiting.id, started)).toBeNull();
    });

    test('lets one of several callers end an import', async () => {
      const run = anImport();
      await store().insert(run);
      const answers = await Promise.all(Array.from({ length: 10 }, () => store().finish(ended(run), [note()])));
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await notesOf(run)).toEqual([note()]);
    });

    test('leaves nothing of an end that was rolled back', async () => {
      const run = anImport();
      await store().insert(run);
      const failing = storage.atomically(async (use) => {
        await use(importStore).finish(ended(run), [note()]);
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await store().getMany([run.id])).toEqual([run]);
      expect(await notesOf(run)).toEqual([]);
    });

    test('finds notes by outcome and code, page by page', async () => {
      const run = anImport();
      await store().insert(run);
      const notes = Array.from({ length: 9 }, (_, row) =>
        note({ row, outcome: row % 3 === 0 ? 'SKIPPED' : 'FAILED', code: row % 2 === 0 ? 'EVEN' : 'ODD' }),
      );
      await store().finish(ended(run), notes);
      const rows = async (filter: object, page = {}) => (await notesOf(run, filter, page))?.map(({ row }) => row);
      expect(await rows({ outcome: 'SKIPPED' })).toEqual([0, 3, 6]);
      expect(await rows({ code: 'ODD' })).toEqual([1, 3, 5, 7]);
      expect(await rows({ outcome: 'FAILED', code: 'EVEN' })).toEqual([2, 4, 8]);
      expect(await rows({ code: 'NUL \u0000' })).toEqual([]);
      const [first] = await store().notes([run.id], { code: 'EVEN' }, request({ limit: 2 }));
      expect([first?.hasNextPage, await first?.count()]).toEqual([true, 5]);
      expect(await rows({ code: 'EVEN' }, { limit: 2, after: first?.items.at(-1)?.position })).toEqual([4, 6]);
      expect(await rows({}, { limit: 2, direction: 'backward' })).toEqual([7, 8]);
    });

    test('reads the notes of many imports at once', async () => {
      const runs = [anImport(), anImport(), anImport()];
      for (const [index, run] of runs.entries()) {
        await store().insert(run);
        await store().finish(ended(run), [note({ row: index })]);
      }
      const ids = [runs[2]?.id ?? '', newId(), runs[0]?.id ?? ''];
      const read = async (asked: readonly string[]) => {
        const pages = await store().notes(asked, {}, request());
        return pages.map(({ items }) => items.map(({ node }) => node.row));
      };
      expect(await read(ids)).toEqual([[2], [], [0]]);
      const one = await storage.countStatements(() => read(ids.slice(0, 1)));
      expect(await storage.countStatements(() => read(ids))).toBe(one);
    });

    test('finds imports that have told nothing for long, the oldest first', async () => {
      const at = (minute: number) => `2026-03-01T09:${String(minute).padStart(2, '0')}:00.000000Z`;
      const [fresh, old, older, done] = [30, 11, 10, 1].map((minute) => anImport({ touchedAt: at(minute) }));
      for (const run of [fresh, old, older, done]) await store().insert(run as InventoryImport);
      await store().finish(ended(done as InventoryImport), []);
      const silent = async (limit: number) => (await store().silent(at(20), limit)).map(({ id }) => id);
      expect(await silent(10)).toEqual([older?.id, old?.id]);
      expect(await silent(1)).toEqual([older?.id]);
    });

    test('keeps ten thousand notes of one import', async () => {
      const run = anImport();
      await store().insert(run);
      await store().finish(
        ended(run),
        Array.from({ length: 10_000 }, (_, row) => note({ row })),
      );
      const [page] = await store().notes([run.id], {}, request({ limit: 1, direction: 'backward' }));
      expect([page?.items[0]?.node.row, await page?.count()]).toEqual([9999, 10_000]);
    });
  });
}
