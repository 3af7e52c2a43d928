import { type OpenStorage, sharedStorage } from 'gatehouse/contract/suite';
import { InputError } from 'gatehouse/kernel/errors';
import { newId, toGlobalId } from 'gatehouse/kernel/id';
import type { PageRequest } from 'gatehouse/kernel/page';
import { describe, expect, test } from 'vitest';
import { type MaintenanceWindow, type WindowQuery, windowStore } from './window.ts';

const aWindow = (day: number, parts: Partial<MaintenanceWindow> = {}): MaintenanceWindow => ({
  id: newId(),
  title: `day ${day}`,
  reason: '',
  startsAt: `2026-03-0${day}T10:00:00.000000Z`,
  endsAt: `2026-03-0${day}T11:00:00.000000Z`,
  state: 'PLANNED',
  devices: [],
  createdAt: '2026-03-01T00:00:00.000000Z',
  updatedAt: '2026-03-01T00:00:00.000000Z',
  ...parts,
});

const query = (parts: Partial<Omit<WindowQuery, 'page'>> & { page?: Partial<PageRequest> } = {}): WindowQuery => ({
  state: null,
  visibility: 'all',
  ...parts,
  page: { limit: 50, direction: 'forward', after: null, before: null, offset: 0, ...parts.page },
});

/** What every storage of maintenance windows holds. */
export function windowContract(name: string, open: OpenStorage): void {
  describe(`maintenance windows in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(windowStore);
    const insert = async (...windows: MaintenanceWindow[]) => {
      for (const window of windows) await store().insert(window);
    };
    const titles = async (parts: Parameters<typeof query>[0] = {}, device: string | null = null) => {
      const [page] = await store().pages([device], query(parts));
      expect(await page?.count()).toBeGreaterThanOrEqual(page?.items.length ?? 0);
      return page?.items.map(({ node }) => node.title);
    };

    test('gives back what was inserted, null for what is missing, in the order asked for', async () => {
      const [one, two] = [aWindow(1), aWindow(2)];
      await insert(one, two);
      expect(await store().getMany([two.id, newId(), one.id])).toEqual([two, null, one]);
    });

    test('pages by start, both ways, by state, by device and by what may be seen', async () => {
      const device = toGlobalId('Device', newId());
      const [three, one, two] = [aWindow(3), aWindow(1, { devices: [device] }), aWindow(2, { state: 'ACTIVE' })];
      await insert(three, one, two);
      expect(await titles()).toEqual(['day 1', 'day 2', 'day 3']);
      expect(await titles({ page: { limit: 1, direction: 'backward' } })).toEqual(['day 3']);
      expect(await titles({ page: { after: [one.startsAt, one.id] } })).toEqual(['day 2', 'day 3']);
      expect(await titles({ state: 'ACTIVE' })).toEqual(['day 2']);
      expect(await titles({ visibility: { allOf: [[{ kind: 'window', value: three.id }]] } })).toEqual(['day 3']);
      expect(await titles({}, device)).toEqual(['day 1']);
      const pages = await store().pages([device, toGlobalId('Device', newId()), null], query());
      expect(pages.map(({ items }) => items.length)).toEqual([1, 0, 3]);
    });

    test('refuses the cursor of another list', async () => {
      await expect(async () => store().pages([null], query({ page: { after: ['x'] } }))).rejects.toThrow(InputError);
    });

    test('knows what is due: planned ones that begin, active ones that end', async () => {
      const [one, two, three] = [aWindow(1), aWindow(2, { state: 'ACTIVE' }), aWindow(3)];
      await insert(three, two, one, aWindow(1, { state: 'ENDED' }), aWindow(1, { state: 'CANCELLED' }));
      expect(await store().due('2026-03-02T10:59:59.999999Z', 10)).toEqual([one.id]);
      expect(await store().due('2026-03-02T11:00:00.000000Z', 10)).toEqual([one.id, two.id]);
      expect(await store().due('2026-03-03T10:00:00.000000Z', 2)).toEqual([one.id, two.id]);
    });

    test('moves a window that is locked, one unit of work after the other', async () => {
      const window = aWindow(1);
      await insert(window);
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, () =>
          storage.atomically(async (use) => {
            const now = await use(windowStore).lock(window.id);
            if (now?.state === 'PLANNED') await use(windowStore).update({ ...now, state: 'ACTIVE', title: 'ignored' });
            return now?.state;
          }),
        ),
      );
      expect(outcomes.filter((state) => state === 'PLANNED')).toHaveLength(1);
      expect(await store().getMany([window.id])).toEqual([{ ...window, state: 'ACTIVE' }]);
    });

    test('forgets what a rolled back unit did', async () => {
      const failing = storage.atomically(async (use) => {
        await use(windowStore).insert(aWindow(1));
        throw new Error('given up');
      });
      await expect(failing).rejects.toThrow('given up');
      expect(await titles()).toEqual([]);
    });
  });
}
