import { AmbiguousError, ConflictError, InUseError } from '#kernel/errors.ts';
import { createDevice, createDevices } from '#resolvers/network/devices/create.ts';
import { deleteDevice, deleteDevices } from '#resolvers/network/devices/delete.ts';
import { type Device, deviceCreated, deviceDeleted, deviceUpdated } from '#resolvers/network/devices/device.ts';
import {
  countDevicesOfSites,
  type DeviceList,
  findDevice,
  findDevices,
  listDevices,
  listDevicesOfSite,
} from '#resolvers/network/devices/find.ts';
import { replaceDevice, replaceDevices, updateDevice, updateDevices } from '#resolvers/network/devices/update.ts';
import { interfaceDeleted } from '#resolvers/network/interfaces/interface.ts';
import { networkUpdated } from '#resolvers/network/networks/network.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { orderInput } from '#schema/filter.ts';
import { changeFeed, queryArgs } from '#schema/network/shared.ts';
import { thatThing, verb } from '#schema/network/verb.ts';
import { node } from '#schema/node.ts';
import { instants } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Device: Device;
  }
  interface InputShapes {
    DeviceKey: { id?: string | null; hostname?: string | null };
  }
}

export function devices(builder: Builder): void {
  const key = builder.inputType('DeviceKey', {
    description: 'Names a device.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      hostname: t.string({ description: 'Its hostname, in any case. Give the Site too where several may have it.' }),
    }),
  });
  const filter = builder.inputType('DeviceFilter', {
    description: 'Which devices; everything given must hold.',
    fields: (t) => ({
      hostname: t.string({ description: 'With this hostname, in any case.' }),
      attributes: t.field({ type: ['AttributeMatch'], description: 'That carry all of these.' }),
    }),
  });
  const orderBy = orderInput(builder, 'Device', { CREATED: 'When it was made.', NATURAL: 'Its hostname.' });
  node(builder, 'Device', {
    description: 'Something with a name of its own on the network.',
    find: findDevices,
    interfaces: ['NetworkResource'],
    fields: (t) => ({
      hostname: t.exposeString('hostname', { description: 'Unique in its Site without regard to case.' }),
      naturalKey: t.exposeString('hostname', { description: 'Its hostname.' }),
      ...instants(t as never),
    }),
  });
  builder.queryFields((t) => ({
    device: t.field({
      type: 'Device',
      nullable: true,
      description: 'The device with this key; null when the viewer may see none.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'The Site to look in.' }),
        by: t.arg({ type: key, required: true, description: 'Its key.' }),
      },
      resolve: (_, args, ctx) => findDevice(ctx, args),
    }),
    devices: connection(builder, t, 'Device', {
      description: 'The devices that the viewer may see.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'Only of this Site.' }),
        filter: t.arg({ type: filter, description: 'Which ones.' }),
        ...queryArgs(t.arg),
        orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
      },
      resolve: (_, args, page, ctx) => listDevices(ctx, args as DeviceList, page),
    }),
  }));
  builder.objectField('Site', 'devices', (t) =>
    connection(builder, t, 'Device', {
      description: 'Its devices.',
      args: {
        filter: t.arg({ type: filter, description: 'Which ones.' }),
        orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
      },
      resolve: (site, args, page, ctx) => listDevicesOfSite(ctx, site.id, args as DeviceList, page),
    }),
  );
  builder.objectField('SiteCounts', 'devices', (t) =>
    t.int({ description: 'Devices.', resolve: ({ siteId }, _, ctx) => ctx.load(countDevicesOfSites, siteId) }),
  );
  creation(builder);
  changes(builder);
  deletion(builder);
  changeFeed(builder, 'device', 'Device', [deviceCreated, deviceUpdated, deviceDeleted]);
}

function creation(builder: Builder): void {
  const facts = { needs: 'network:create', emits: [deviceCreated], errors: [ConflictError] };
  verb(builder, 'Device', 'Create', {
    ...facts,
    description: 'Creates a device.',
    descriptionOfMany: 'Creates devices, all or none.',
    input: (t) => ({
      site: t.field({ type: 'SiteKey', required: true, description: 'The Site it belongs to, for good.' }),
      hostname: t.string({ required: true, description: 'By the rules of DNS, or of this gateway.' }),
      attributes: t.field({ type: 'Attributes', description: 'All that it carries.' }),
    }),
    one: createDevice,
    many: createDevices,
  });
}

function changes(builder: Builder): void {
  const facts = { needs: 'network:update', emits: [deviceUpdated], errors: [AmbiguousError, ConflictError] };
  verb(builder, 'Device', 'Update', {
    ...facts,
    description: 'Changes what is given of a device and leaves the rest.',
    descriptionOfMany: 'Changes devices, all or none. They may swap hostnames.',
    input: (t) => ({
      ...thatThing(t, 'Device'),
      hostname: t.string({ description: 'Its new hostname.' }),
      attributes: t.field({ type: 'Attributes', description: 'All that it carries from now on.' }),
    }),
    one: updateDevice,
    many: updateDevices,
  });
  verb(builder, 'Device', 'Replace', {
    ...facts,
    description: 'Sets everything of a device that can change.',
    descriptionOfMany: 'Sets everything of devices that can change, all or none.',
    input: (t) => ({
      ...thatThing(t, 'Device'),
      hostname: t.string({ required: true, description: 'Its hostname.' }),
      attributes: t.field({ type: 'Attributes', description: 'All that it carries; nothing unless said.' }),
    }),
    one: replaceDevice,
    many: replaceDevices,
  });
}

function deletion(builder: Builder): void {
  const facts = {
    needs: 'network:delete',
    emits: [networkUpdated, interfaceDeleted, deviceDeleted],
    errors: [AmbiguousError, InUseError],
  };
  verb(builder, 'Device', 'Delete', {
    ...facts,
    description: 'Deletes a device with its interfaces. Their addresses stay, released.',
    descriptionOfMany: 'Deletes devices, all or none.',
    input: (t) => ({
      ...thatThing(t, 'Device'),
      force: t.boolean({ description: 'Also when interfaces of it hang below others.' }),
    }),
    one: deleteDevice,
    many: deleteDevices,
  });
}
