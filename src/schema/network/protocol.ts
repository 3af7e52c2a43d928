import { findCircuits } from '#resolvers/network/circuits/find.ts';
import { findDevices } from '#resolvers/network/devices/find.ts';
import { findInterfaces } from '#resolvers/network/interfaces/find.ts';
import { findProtocolTypes } from '#resolvers/network/protocol-types/find.ts';
import {
  countProtocolsOfSites,
  findProtocol,
  findProtocols,
  listProtocols,
  listProtocolsOf,
  type ProtocolList,
  type ProtocolsOf,
} from '#resolvers/network/protocols/find.ts';
import { nameOfProtocol } from '#resolvers/network/protocols/name.ts';
import {
  type Protocol,
  protocolCreated,
  protocolDeleted,
  protocolUpdated,
} from '#resolvers/network/protocols/protocol.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { orderInput } from '#schema/filter.ts';
import { changeFeed, queryArgs } from '#schema/network/shared.ts';
import { node } from '#schema/node.ts';
import { instants } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Protocol: Protocol;
  }
  interface InputShapes {
    ProtocolKey: { id?: string | null };
  }
}

export function protocols(builder: Builder): void {
  builder.inputType('ProtocolKey', {
    description: 'Names a protocol. It has no natural key.',
    isOneOf: true,
    fields: (t) => ({ id: t.id({ description: 'Its id.' }) }),
  });
  node(builder, 'Protocol', {
    description: 'What a device speaks, perhaps on one of its interfaces or over a circuit.',
    find: findProtocols,
    interfaces: ['NetworkResource'],
    fields,
  });
  lists(builder);
  changeFeed(builder, 'protocol', 'Protocol', [protocolCreated, protocolUpdated, protocolDeleted]);
}

const fields = (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Protocol>) => ({
  naturalKey: t.string({
    description: 'Its type and device as far as the viewer may read them: `bgp on sjc-r1`. Others may have the same.',
    resolve: (protocol, _, ctx) => nameOfProtocol(ctx, protocol),
  }),
  type: t.field({
    type: 'ProtocolType',
    nullable: true,
    description: 'What kind of protocol it is; null where the viewer may not read the type.',
    resolve: ({ typeId }, _, ctx) => ctx.load(findProtocolTypes, typeId),
  }),
  device: t.field({
    type: 'Device',
    nullable: true,
    description: 'The device that speaks it; null where the viewer may not read the device itself.',
    resolve: ({ deviceId }, _, ctx) => ctx.load(findDevices, deviceId),
  }),
  interface: t.field({
    type: 'NetworkInterface',
    nullable: true,
    description: 'The interface that it is spoken on, if one is named and the viewer may read it.',
    resolve: ({ interfaceId }, _, ctx) => (interfaceId === null ? null : ctx.load(findInterfaces, interfaceId)),
  }),
  circuit: t.field({
    type: 'Circuit',
    nullable: true,
    description: 'The circuit that it runs over, if one is named and the viewer may read it.',
    resolve: ({ circuitId }, _, ctx) => (circuitId === null ? null : ctx.load(findCircuits, circuitId)),
  }),
  description: t.exposeString('description', { description: 'Free text.' }),
  hasAuthString: t.exposeBoolean('hasAuthString', {
    description: 'Whether it has a secret. `protocolRevealAuthString` shows it.',
  }),
  authStringRevision: t.exposeInt('authStringRevision', { description: 'How often its secret changed.' }),
  ...instants(t as never),
});

function lists(builder: Builder): void {
  const filter = builder.inputType('ProtocolFilter', {
    description: 'Which protocols; everything given must hold.',
    fields: (t) => ({
      type: t.field({ type: 'ProtocolTypeKey', description: 'Of this type.' }),
      device: t.field({ type: 'DeviceKey', description: 'That this device speaks.' }),
      interface: t.field({ type: 'NetworkInterfaceKey', description: 'That are spoken on this interface.' }),
      circuit: t.field({ type: 'CircuitKey', description: 'That run over this circuit.' }),
      description: t.string({ description: 'With this description, exactly.' }),
      attributes: t.field({ type: ['AttributeMatch'], description: 'That carry all of these.' }),
    }),
  });
  const orderBy = orderInput(builder, 'Protocol', {
    CREATED: 'When it was made.',
    NATURAL: 'The same: it has no natural key.',
  });
  builder.queryFields((t) => ({
    protocol: t.field({
      type: 'Protocol',
      nullable: true,
      description: 'The protocol with this key; null when the viewer may see none.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'The Site to look in.' }),
        by: t.arg({ type: 'ProtocolKey', required: true, description: 'Its key.' }),
      },
      resolve: (_, args, ctx) => findProtocol(ctx, args as { by: { id: string } }),
    }),
    protocols: connection(builder, t, 'Protocol', {
      description: 'The protocols that the viewer may see.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'Only of this Site.' }),
        filter: t.arg({ type: filter, description: 'Which ones.' }),
        ...queryArgs(t.arg),
        orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
      },
      resolve: (_, args, page, ctx) => listProtocols(ctx, args as ProtocolList, page),
    }),
  }));
  for (const [type, kind, description] of [
    ['Site', 'site', 'Its protocols.'],
    ['ProtocolType', 'type', 'The protocols of this type.'],
    ['Device', 'device', 'The protocols that it speaks.'],
    ['NetworkInterface', 'interface', 'The protocols that are spoken on it.'],
    ['Circuit', 'circuit', 'The protocols that run over it.'],
  ] as const) {
    builder.objectField(type, 'protocols', (t) =>
      connection(builder, t as never, 'Protocol', {
        description,
        args: {
          filter: t.arg({ type: filter, description: 'Which ones.' }),
          orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
        },
        resolve: ({ id }: { id: string }, args, page, ctx) =>
          listProtocolsOf(ctx, { kind, id }, args as ProtocolsOf, page),
      }),
    );
  }
  builder.objectField('SiteCounts', 'protocols', (t) =>
    t.int({ description: 'Protocols.', resolve: ({ siteId }, _, ctx) => ctx.load(countProtocolsOfSites, siteId) }),
  );
}
