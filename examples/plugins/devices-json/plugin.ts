import { duration, keys } from 'gatehouse/kernel/config';
import { eventLog } from 'gatehouse/kernel/event';
import { definePort } from 'gatehouse/kernel/port';
import { definePlugin } from 'gatehouse/plugins/define';
import { type Device, deviceStore } from 'gatehouse/resolvers/network/devices/device';
import { z } from 'zod';
import { openTableInFolder } from '../json-table/folder.ts';
import type { JsonTable } from '../json-table/table.ts';
import { deviceForm, JsonDevices } from './store.ts';

export const deviceRow: z.ZodType<Device> = z.strictObject({
  id: z.uuid(),
  siteId: z.uuid(),
  hostname: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
});

/** For the readiness check, which gets a context and nothing else. */
const deviceTable = definePort<JsonTable<Device>>('devices-json.table');

export const plugin = definePlugin({
  name: 'devices-json',
  version: '1.0.0',
  description: 'Keeps devices in a JSON file.',
  config: keys({
    folder: z.string().min(1).default('devices-json').describe('Where devices.json lies, from the data folder.'),
    patience: duration().prefault('5s').describe('How long a change waits for another one of the same device.'),
  }),
  uses: { eventLog },
  provides: [deviceStore, deviceTable],
  checks: [{ name: 'devices-json', check: (ctx) => ctx.use(deviceTable).check() }],
  async setup({ config, ports, provide, dataDir, log }) {
    const { table, close } = await openTableInFolder({
      ...config,
      file: 'devices.json',
      dataDir,
      row: deviceRow,
      form: deviceForm,
      eventLog: ports.eventLog,
      log,
    });
    provide(deviceTable, table);
    provide.bound(deviceStore, (unit) => new JsonDevices(table.session(unit)));
    return close;
  },
});
