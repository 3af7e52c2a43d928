import { type Circuit, circuitCreated, circuitDeleted, circuitUpdated } from '#resolvers/network/circuits/circuit.ts';
import {
  type CircuitList,
  type CircuitsOf,
  countCircuitsOfSites,
  findCircuit,
  findCircuits,
  findCircuitsOfInterfaces,
  listCircuits,
  listCircuitsOf,
} from '#resolvers/network/circuits/find.ts';
import {
  findCircuitDevices,
  findCircuitInterfaces,
  findInterfaceFor,
  listCircuitAddresses,
} from '#resolvers/network/circuits/relations.ts';
import { findInterfaces } from '#resolvers/network/interfaces/find.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { orderInput } from '#schema/filter.ts';
import { changeFeed, queryArgs } from '#schema/network/shared.ts';
import { node } from '#schema/node.ts';
import { instants } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Circuit: Circuit;
  }
  interface InputShapes {
    CircuitKey: { id?: string | null; nameSlug?: string | null };
  }
}

export function circuits(builder: Builder): void {
  builder.inputType('CircuitKey', {
    description: 'Names a circuit.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      nameSlug: t.string({
        description: 'Its name with `_` for each `/`. Give the Site too where several may have it.',
      }),
    }),
  });
  node(builder, 'Circuit', {
    description: 'What joins two interfaces, or leads from one to somewhere else.',
    find: findCircuits,
    interfaces: ['NetworkResource'],
    fields: (t) => ({ ...ownFields(t), ...relations(builder, t) }),
  });
  lists(builder);
  changeFeed(builder, 'circuit', 'Circuit', [circuitCreated, circuitUpdated, circuitDeleted]);
}

type Fields = PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Circuit>;

const ownFields = (t: Fields) => ({
  name: t.exposeString('name', { description: 'Unique in its Site.' }),
  nameSlug: t.exposeString('nameSlug', { description: 'Its name with `_` for each `/`, unique in its Site too.' }),
  naturalKey: t.exposeString('nameSlug', { description: 'Its slug.' }),
  endpointA: t.field({
    type: 'NetworkInterface',
    nullable: true,
    description: 'The interface that it begins at; null where the viewer may not read the interface itself.',
    resolve: ({ endpointA }, _, ctx) => ctx.load(findInterfaces, endpointA.interfaceId),
  }),
  endpointZ: t.field({
    type: 'NetworkInterface',
    nullable: true,
    description: 'The interface that it ends at; null where it has none that the viewer may read.',
    resolve: ({ endpointZ }, _, ctx) => (endpointZ ? ctx.load(findInterfaces, endpointZ.interfaceId) : null),
  }),
  ...instants(t as never),
});

const relations = (builder: Builder, t: Fields) => ({
  interfaces: t.field({
    type: ['NetworkInterface'],
    description: 'The interfaces at its ends that the viewer may see, A before Z.',
    resolve: (circuit, _, ctx) => findCircuitInterfaces(ctx, circuit),
  }),
  devices: t.field({
    type: ['Device'],
    description: 'The devices of its ends that the viewer may see, each once.',
    resolve: (circuit, _, ctx) => findCircuitDevices(ctx, circuit),
  }),
  addresses: connection(builder, t, 'Network', {
    description: 'The addresses of its interfaces and of those directly below them, A before Z.',
    resolve: (circuit, _, page, ctx) => listCircuitAddresses(ctx, circuit, page),
  }),
  interfaceFor: t.field({
    type: 'NetworkInterface',
    nullable: true,
    description: 'Its interface on a device: A where it is there, else Z; null where neither is.',
    args: { device: t.arg({ type: 'DeviceKey', required: true, description: 'The device.' }) },
    resolve: (circuit, { device }, ctx) => findInterfaceFor(ctx, circuit, device),
  }),
});

function lists(builder: Builder): void {
  const filter = builder.inputType('CircuitFilter', {
    description: 'Which circuits; everything given must hold.',
    fields: (t) => ({
      name: t.string({ description: 'With this name.' }),
      endpointA: t.field({ type: 'NetworkInterfaceKey', description: 'That begin at this interface.' }),
      endpointZ: t.field({ type: 'NetworkInterfaceKey', description: 'That end at this interface.' }),
      attributes: t.field({ type: ['AttributeMatch'], description: 'That carry all of these.' }),
    }),
  });
  const orderBy = orderInput(builder, 'Circuit', { CREATED: 'When it was made.', NATURAL: 'Its slug.' });
  builder.queryFields((t) => ({
    circuit: t.field({
      type: 'Circuit',
      nullable: true,
      description: 'The circuit with this key; null when the viewer may see none.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'The Site to look in.' }),
        by: t.arg({ type: 'CircuitKey', required: true, description: 'Its key.' }),
      },
      resolve: (_, args, ctx) => findCircuit(ctx, args),
    }),
    circuits: connection(builder, t, 'Circuit', {
      description: 'The circuits that the viewer may see.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'Only of this Site.' }),
        filter: t.arg({ type: filter, description: 'Which ones.' }),
        ...queryArgs(t.arg),
        orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
      },
      resolve: (_, args, page, ctx) => listCircuits(ctx, args as CircuitList, page),
    }),
  }));
  for (const [type, kind, description] of [
    ['Site', 'site', 'Its circuits.'],
    ['Device', 'device', 'The circuits with an end on it, each once.'],
  ] as const) {
    builder.objectField(type, 'circuits', (t) =>
      connection(builder, t as never, 'Circuit', {
        description,
        args: {
          filter: t.arg({ type: filter, description: 'Which ones.' }),
          orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
        },
        resolve: ({ id }: { id: string }, args, page, ctx) =>
          listCircuitsOf(ctx, { kind, id }, args as CircuitsOf, page),
      }),
    );
  }
  builder.objectField('NetworkInterface', 'circuit', (t) =>
    t.field({
      type: 'Circuit',
      nullable: true,
      description: 'The circuit that it is an end of; null where there is none that the viewer may see.',
      resolve: ({ id }, _, ctx) => ctx.load(findCircuitsOfInterfaces, id),
    }),
  );
  builder.objectField('SiteCounts', 'circuits', (t) =>
    t.int({ description: 'Circuits.', resolve: ({ siteId }, _, ctx) => ctx.load(countCircuitsOfSites, siteId) }),
  );
}
