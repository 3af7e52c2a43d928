import type { Context } from '#kernel/context.ts';
import { findDevices } from '#resolvers/network/devices/find.ts';
import {
  findInterface,
  findInterfaceAncestors,
  findInterfaces,
  findParentInterface,
  hostnamesOf,
} from '#resolvers/network/interfaces/find.ts';
import {
  interfaceCreated,
  interfaceDeleted,
  interfaceUpdated,
  type NetworkInterface,
  slugOf,
} from '#resolvers/network/interfaces/interface.ts';
import {
  countInterfacesOfSites,
  type InterfaceList,
  type InterfacesOf,
  listAround,
  listInterfaces,
  listInterfacesOf,
} from '#resolvers/network/interfaces/list.ts';
import { type InterfaceType, networkSettings } from '#resolvers/network/settings.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { orderInput } from '#schema/filter.ts';
import { changeFeed, queryArgs } from '#schema/network/shared.ts';
import { node } from '#schema/node.ts';
import { instants } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    NetworkInterface: NetworkInterface;
    NetworkInterfaceType: InterfaceType;
  }
  interface InputShapes {
    NetworkInterfaceKey: { id?: string | null; nameSlug?: string | null };
  }
}

export function networkInterfaces(builder: Builder): void {
  builder.inputType('NetworkInterfaceKey', {
    description: 'Names an interface.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      nameSlug: t.string({
        description: 'Hostname, colon, name: `sjc-r1:eth0`. Give the Site too where several may have it.',
      }),
    }),
  });
  builder.objectType('NetworkInterfaceType', {
    description: 'What an interface is.',
    fields: (t) => ({
      id: t.exposeInt('id', { description: 'Its number in the IF-MIB list.' }),
      name: t.exposeString('name', { description: 'Its name.' }),
    }),
  });
  node(builder, 'NetworkInterface', {
    description: 'A port of a device, or something that behaves as one.',
    find: findInterfaces,
    interfaces: ['NetworkResource'],
    fields: (t) => ({ ...ownFields(t), ...relatives(builder, t) }),
  });
  lists(builder);
  changeFeed(builder, 'networkInterface', 'NetworkInterface', [interfaceCreated, interfaceUpdated, interfaceDeleted]);
}

type Fields = PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, NetworkInterface>;

const slug = async ({ deviceId, name }: NetworkInterface, _: unknown, ctx: Context): Promise<string> =>
  slugOf(await ctx.load(hostnamesOf, deviceId), name);

/** A number that the config does not name any more stays what it was. */
const typeOf = ({ type }: NetworkInterface, _: unknown, ctx: Context): InterfaceType =>
  ctx.use(networkSettings).interface.types.find(({ id }) => id === type) ?? { id: type, name: String(type) };

const ownFields = (t: Fields) => ({
  name: t.exposeString('name', { description: 'Unique on its device.' }),
  nameSlug: t.string({ description: 'Hostname of its device, colon, name.', resolve: slug }),
  naturalKey: t.string({ description: 'Its slug.', resolve: slug }),
  deviceHostname: t.string({
    description: 'The hostname of its device, also where the viewer may not read the device.',
    resolve: ({ deviceId }, _, ctx) => ctx.load(hostnamesOf, deviceId),
  }),
  device: t.field({
    type: 'Device',
    nullable: true,
    description: 'The device that it is on, for good; null where the viewer may not read the device itself.',
    resolve: ({ deviceId }, _, ctx) => ctx.load(findDevices, deviceId),
  }),
  description: t.exposeString('description', { description: 'Free text.' }),
  type: t.field({ type: 'NetworkInterfaceType', description: 'What it is.', resolve: typeOf }),
  macAddress: t.field({
    type: 'MacAddress',
    nullable: true,
    description: 'Its MAC address.',
    resolve: ({ macAddress }) => macAddress,
  }),
  speed: t.exposeInt('speed', { nullable: true, description: 'In Mbit/s.' }),
  ...instants(t as never),
});

const relatives = (builder: Builder, t: Fields) => ({
  parent: t.field({
    type: 'NetworkInterface',
    nullable: true,
    description: 'The interface that it hangs below; null for one that hangs below none.',
    resolve: (one, _, ctx) => findParentInterface(ctx, one),
  }),
  root: t.field({
    type: 'NetworkInterface',
    description: 'The outermost interface above it; itself where it hangs below none.',
    resolve: async (one, _, ctx) => (await findInterfaceAncestors(ctx, one)).at(-1) ?? one,
  }),
  ancestors: t.field({
    type: ['NetworkInterface'],
    description: 'What it hangs below, the nearest first.',
    resolve: (one, _, ctx) => findInterfaceAncestors(ctx, one),
  }),
  children: around(builder, t, 'children', 'The interfaces that hang directly below it, by name.'),
  descendants: around(builder, t, 'descendants', 'The interfaces that hang below it at any depth, by name.'),
  siblings: around(builder, t, 'siblings', 'The other interfaces of its device with the same parent, by name.'),
});

const around = (builder: Builder, t: Fields, kind: Parameters<typeof listAround>[1], description: string) =>
  connection(builder, t, 'NetworkInterface', {
    description,
    resolve: (one, _, page, ctx) => listAround(ctx, kind, one, page),
  });

function lists(builder: Builder): void {
  const filter = builder.inputType('NetworkInterfaceFilter', {
    description: 'Which interfaces; everything given must hold.',
    fields: (t) => ({
      device: t.field({ type: 'DeviceKey', description: 'On this device.' }),
      name: t.string({ description: 'With this name.' }),
      type: t.int({ description: 'Of the type with this number.' }),
      macAddress: t.field({ type: 'MacAddress', description: 'With this MAC address, in any spelling.' }),
      speed: t.int({ description: 'Of this speed in Mbit/s.' }),
      parent: t.field({ type: 'NetworkInterfaceKey', description: 'That hang directly below this one.' }),
      description: t.string({ description: 'With this description.' }),
      attributes: t.field({ type: ['AttributeMatch'], description: 'That carry all of these.' }),
    }),
  });
  const orderBy = orderInput(builder, 'NetworkInterface', {
    CREATED: 'When it was made.',
    NATURAL: 'The hostname of its device, then its name.',
  });
  builder.queryFields((t) => ({
    networkInterface: t.field({
      type: 'NetworkInterface',
      nullable: true,
      description: 'The interface with this key; null when the viewer may see none.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'The Site to look in.' }),
        by: t.arg({ type: 'NetworkInterfaceKey', required: true, description: 'Its key.' }),
      },
      resolve: (_, args, ctx) => findInterface(ctx, args),
    }),
    networkInterfaces: connection(builder, t, 'NetworkInterface', {
      description: 'The interfaces that the viewer may see.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'Only of this Site.' }),
        filter: t.arg({ type: filter, description: 'Which ones.' }),
        ...queryArgs(t.arg),
        orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
      },
      resolve: (_, args, page, ctx) => listInterfaces(ctx, args as InterfaceList, page),
    }),
    networkInterfaceTypes: t.field({
      type: ['NetworkInterfaceType'],
      description: 'The types that an interface can have here.',
      resolve: (_, __, ctx) => [...ctx.use(networkSettings).interface.types],
    }),
  }));
  builder.objectField('Site', 'networkInterfaces', (t) =>
    connection(builder, t, 'NetworkInterface', {
      description: 'Its interfaces.',
      args: {
        filter: t.arg({ type: filter, description: 'Which ones.' }),
        orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
      },
      resolve: ({ id }, args, page, ctx) => listInterfacesOf(ctx, { kind: 'site', id }, args as InterfacesOf, page),
    }),
  );
  builder.objectField('Device', 'interfaces', (t) =>
    connection(builder, t, 'NetworkInterface', {
      description: 'Its interfaces.',
      args: {
        filter: t.arg({ type: filter, description: 'Which ones.' }),
        orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
      },
      resolve: ({ id }, args, page, ctx) => listInterfacesOf(ctx, { kind: 'device', id }, args as InterfacesOf, page),
    }),
  );
  builder.objectField('SiteCounts', 'networkInterfaces', (t) =>
    t.int({ description: 'Interfaces.', resolve: ({ siteId }, _, ctx) => ctx.load(countInterfacesOfSites, siteId) }),
  );
}
