import type { Context } from 'gatehouse/kernel/context';
import { ConflictError } from 'gatehouse/kernel/errors';
import { fromGlobalId, toGlobalId } from 'gatehouse/kernel/id';
import type { Builder } from 'gatehouse/schema/builder';
import { connection } from 'gatehouse/schema/connection';
import { feed } from 'gatehouse/schema/feed';
import { mutation } from 'gatehouse/schema/mutation';
import { findNode, node } from 'gatehouse/schema/node';
import { findWindows, listWindows, listWindowsOfDevice, type WindowList, watchWindows } from './find.ts';
import { cancelWindow, type Schedule, scheduleWindow } from './schedule.ts';
import { type MaintenanceWindow, windowCancelled, windowEvents, windowScheduled, windowStates } from './window.ts';

declare module 'gatehouse/schema/builder' {
  interface Shapes {
    MaintenanceWindow: MaintenanceWindow;
  }
}

const stateDescriptions = {
  PLANNED: 'Its time has not come.',
  ACTIVE: 'Somebody is at work.',
  ENDED: 'Its time is over.',
  CANCELLED: 'It was called off.',
};

export function maintenanceWindows(builder: Builder): void {
  const state = builder.enumType('MaintenanceWindowState', {
    description: 'Where a maintenance window stands.',
    values: Object.fromEntries(windowStates.map((name) => [name, { description: stateDescriptions[name] }])),
  });
  /** Devices are another plugin's: found by the name of their type, with the rights of the viewer. */
  const findDevices = (ctx: Context, ids: readonly string[]) =>
    Promise.all(
      ids.map((text) => {
        const parts = fromGlobalId(text);
        return parts?.type === 'Device' ? findNode(builder, ctx, 'Device', parts.id) : null;
      }),
    );

  node(builder, 'MaintenanceWindow', {
    description: 'A time in which somebody works on devices.',
    find: findWindows,
    fields: (t) => ({
      title: t.exposeString('title', { description: 'What is done, in one line.' }),
      reason: t.exposeString('reason', { description: 'Why.' }),
      startsAt: t.field({ type: 'DateTime', description: 'When it begins.', resolve: (window) => window.startsAt }),
      endsAt: t.field({ type: 'DateTime', description: 'When it ends.', resolve: (window) => window.endsAt }),
      state: t.field({ type: state, description: 'Where it stands.', resolve: (window) => window.state }),
      devices: t.field({
        type: ['Device'],
        description: 'What is worked on, as far as the viewer may see it: 100 at most.',
        resolve: async (window, _, ctx) =>
          (await findDevices(ctx, window.devices)).filter((one) => one !== null) as never,
      }),
    }),
  });
  builder.queryFields((t) => ({
    maintenanceWindow: t.field({
      type: 'MaintenanceWindow',
      nullable: true,
      description: 'The maintenance window with this id; null when the viewer may see none.',
      args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
      resolve: (_, { id }, ctx) => {
        const parts = fromGlobalId(id);
        return parts?.type === 'MaintenanceWindow' ? ctx.load(findWindows, parts.id) : null;
      },
    }),
    maintenanceWindows: connection(builder, t, 'MaintenanceWindow', {
      description: 'The maintenance windows that the viewer may see, by start.',
      args: { state: t.arg({ type: state, description: 'Only those that stand here.' }) },
      resolve: (_, args, page, ctx) => listWindows(ctx, args as WindowList, page),
    }),
  }));
  builder.objectField('Device', 'maintenanceWindows', (t) =>
    connection(builder, t, 'MaintenanceWindow', {
      description: 'When somebody works on it, by start.',
      args: { state: t.arg({ type: state, description: 'Only those that stand here.' }) },
      resolve: (device, args, page, ctx) =>
        listWindowsOfDevice(ctx, toGlobalId('Device', device.id), args as WindowList, page),
    }),
  );
  mutation(builder, 'maintenanceWindowSchedule', {
    description: 'Plans work on devices.',
    needs: 'maintenance:write',
    emits: [windowScheduled],
    input: (t) => ({
      title: t.string({ required: true, description: 'What is done: 1 to 200 characters.' }),
      reason: t.string({ description: 'Why.' }),
      startsAt: t.field({ type: 'DateTime', required: true, description: 'When it begins.' }),
      endsAt: t.field({ type: 'DateTime', required: true, description: 'When it ends.' }),
      devices: t.idList({ required: true, description: 'What is worked on: 1 to 100 devices.' }),
    }),
    resolve: async (ctx, input) => ({ window: await scheduleWindow(ctx, input as Schedule, findDevices) }),
    success: (t) => ({
      maintenanceWindow: t.expose('window', { type: 'MaintenanceWindow', description: 'The plan.' }),
    }),
  });
  mutation(builder, 'maintenanceWindowCancel', {
    description: 'Calls planned work off, or breaks it off.',
    needs: 'maintenance:write',
    emits: [windowCancelled],
    errors: [ConflictError],
    input: (t) => ({ id: t.id({ required: true, description: 'The maintenance window.' }) }),
    resolve: async (ctx, input) => ({ window: await cancelWindow(ctx, input) }),
    success: (t) => ({
      maintenanceWindow: t.expose('window', { type: 'MaintenanceWindow', description: 'As it is now.' }),
    }),
  });
  feed(builder, 'maintenanceWindowChanged', {
    description: 'Windows that are scheduled, begin, end or are cancelled.',
    needs: 'maintenance:read',
    args: (arg) => ({ devices: arg.idList({ description: 'Only those of these devices; 1,000 at most.' }) }),
    events: windowEvents,
    select: (ctx, args) => watchWindows(ctx, args),
  });
}
