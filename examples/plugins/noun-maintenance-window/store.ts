import type { Page } from 'gatehouse/kernel/page';
import { isVisible, pageOfRows, type RowKey } from 'gatehouse/plugins/storage-memory/page';
import { z } from 'zod';
import type { ChangedRows, RowForm } from '../json-table/rows.ts';
import type { Session } from '../json-table/table.ts';
import { type MaintenanceWindow, type WindowQuery, type WindowStore, windowStates } from './window.ts';

export const windowRow: z.ZodType<MaintenanceWindow> = z.strictObject({
  id: z.uuid(),
  title: z.string(),
  reason: z.string(),
  startsAt: z.string(),
  endsAt: z.string(),
  state: z.enum(windowStates),
  devices: z.array(z.string()),
  createdAt: z.string(),
  updatedAt: z.string(),
});

export const windowForm: RowForm<MaintenanceWindow> = { id: ({ id }) => id, keys: () => [] };

const byStart: readonly RowKey<MaintenanceWindow>[] = [
  { type: 'instant', value: ({ startsAt }) => startsAt },
  { type: 'uuid', value: ({ id }) => id },
];

/** Windows in a JSON file. */
export class JsonWindows implements WindowStore {
  readonly #session: Session<MaintenanceWindow>;

  constructor(session: Session<MaintenanceWindow>) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(MaintenanceWindow | null)[]> {
    return this.#session.read((windows) => ids.map((id) => windows.get(id.toLowerCase()) ?? null));
  }

  pages(devices: readonly (string | null)[], query: WindowQuery): Promise<Page<MaintenanceWindow>[]> {
    return this.#session.read((windows) => {
      const shown = [...windows.values()].filter((window) => isShown(window, query));
      return devices.map((device) => {
        const own = device === null ? shown : shown.filter((window) => window.devices.includes(device));
        return pageOfRows(own, byStart, query.page);
      });
    });
  }

  insert(window: MaintenanceWindow): Promise<void> {
    return this.#session.write([window.id], (windows) => windows.put(window));
  }

  lock(id: string): Promise<MaintenanceWindow | null> {
    return this.#session.write([id], (windows) => windows.get(id) ?? null);
  }

  update({ id, state, updatedAt }: MaintenanceWindow): Promise<void> {
    return this.#session.write([id], (windows) => {
      const window = windows.get(id);
      if (window) windows.put({ ...window, state, updatedAt });
    });
  }

  due(now: string, limit: number): Promise<string[]> {
    return this.#session.read((windows) =>
      dueOf(windows, now)
        .sort((one, other) => (one.startsAt < other.startsAt ? -1 : 1))
        .slice(0, limit)
        .map(({ id }) => id),
    );
  }
}

const dueOf = (windows: ChangedRows<MaintenanceWindow>, now: string): MaintenanceWindow[] =>
  [...windows.values()].filter(
    ({ state, startsAt, endsAt }) => (state === 'PLANNED' && startsAt <= now) || (state === 'ACTIVE' && endsAt <= now),
  );

function isShown(window: MaintenanceWindow, { state, visibility }: WindowQuery): boolean {
  if (state !== null && window.state !== state) return false;
  return isVisible(visibility, ({ kind, value }) => kind === 'window' && value === window.id);
}
