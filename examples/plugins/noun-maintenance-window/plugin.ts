import { duration, keys } from 'gatehouse/kernel/config';
import { eventLog } from 'gatehouse/kernel/event';
import { definePort } from 'gatehouse/kernel/port';
import { definePlugin } from 'gatehouse/plugins/define';
import { z } from 'zod';
import { openTableInFolder } from '../json-table/folder.ts';
import type { JsonTable } from '../json-table/table.ts';
import { progress } from './progress.ts';
import { maintenanceWindows } from './schema.ts';
import { JsonWindows, windowForm, windowRow } from './store.ts';
import { type MaintenanceWindow, maintenanceArea, maintenanceRoles, windowEvents, windowStore } from './window.ts';

/** For the readiness check, which gets a context and nothing else. */
const windowTable = definePort<JsonTable<MaintenanceWindow>>('maintenance-window.table');

export const plugin = definePlugin({
  name: 'maintenance-window',
  version: '1.0.0',
  description: 'Times in which somebody works on devices.',
  config: keys({
    folder: z.string().min(1).default('maintenance').describe('Where windows.json lies, from the data folder.'),
    patience: duration().prefault('5s').describe('How long a change waits for another one of the same window.'),
  }),
  // By name: a graph without devices could not be built, and this says who is missing.
  uses: { eventLog, network: definePort('network.settings') },
  provides: [windowStore, windowTable],
  events: windowEvents,
  permissions: [maintenanceArea],
  roles: maintenanceRoles,
  tasks: [progress],
  checks: [{ name: 'maintenance-window', check: (ctx) => ctx.use(windowTable).check() }],
  schema: maintenanceWindows,
  async setup({ config, ports, provide, dataDir, log }) {
    const { table, close } = await openTableInFolder({
      ...config,
      file: 'windows.json',
      dataDir,
      row: windowRow,
      form: windowForm,
      eventLog: ports.eventLog,
      log,
    });
    provide(windowTable, table);
    provide.bound(windowStore, (unit) => new JsonWindows(table.session(unit)));
    return close;
  },
});
