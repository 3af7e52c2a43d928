import { AmbiguousError, ConflictError } from '#kernel/errors.ts';
import {
  type AddressAssign,
  type AddressUnassign,
  assignAddress,
  type Unassigned,
  unassignAddress,
} from '#resolvers/network/interfaces/assign.ts';
import {
  findAssignments,
  listAddresses,
  listAssignments,
  listInterfaceNetworks,
} from '#resolvers/network/interfaces/bound.ts';
import { findInterfaces } from '#resolvers/network/interfaces/find.ts';
import { type Assignment, interfaceUpdated } from '#resolvers/network/interfaces/interface.ts';
import { findNetworks } from '#resolvers/network/networks/find.ts';
import { networkCreated, networkDeleted, networkUpdated } from '#resolvers/network/networks/network.ts';
import type { AnyField, Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { mutation } from '#schema/mutation.ts';
import { node } from '#schema/node.ts';
import { oneThing } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Assignment: Assignment;
  }
}

/** Addresses on interfaces, seen from both ends. */
export function assignments(builder: Builder): void {
  node(builder, 'Assignment', {
    description: 'An address that is bound to an interface.',
    find: findAssignments,
    fields: (t) => ({
      interface: t.field({
        type: 'NetworkInterface',
        nullable: true,
        description: 'The interface; null where the viewer may not read it.',
        resolve: ({ interfaceId }, _, ctx) => ctx.load(findInterfaces, interfaceId),
      }),
      address: t.field({
        type: 'Network',
        nullable: true,
        description: 'The address; null where the viewer may not read it.',
        resolve: ({ addressId }, _, ctx) => ctx.load(findNetworks, addressId),
      }),
      createdAt: t.field({ type: 'DateTime', description: 'When it was bound.', resolve: (one) => one.createdAt }),
    }),
  });
  builder.objectField('Network', 'assignments', (t) =>
    connection(builder, t, 'Assignment', {
      description: 'The interfaces that the address is bound to, one on each device; none for a subnet.',
      resolve: (network, _, page, ctx) => listAssignments(ctx, network, page),
    }),
  );
  builder.objectField('NetworkInterface', 'addresses', (t) =>
    connection(builder, t, 'Network', {
      description: 'The addresses that are bound to it, in their order.',
      resolve: (one, _, page, ctx) => listAddresses(ctx, one, page),
    }),
  );
  builder.objectField('NetworkInterface', 'networks', (t) =>
    connection(builder, t, 'Network', {
      description: 'The closest networks of its addresses, each once, in their order.',
      resolve: (one, _, page, ctx) => listInterfaceNetworks(ctx, one, page),
    }),
  );
  mutation(builder, 'addressAssign', {
    description: 'Binds an address to an interface; its state becomes ASSIGNED. A missing address is created.',
    needs: 'network:update on the interface and on the address, or network:create where that is missing',
    emits: [networkCreated, networkUpdated, interfaceUpdated],
    errors: [AmbiguousError, ConflictError],
    input: (t) => ({
      ...target(t),
      attributes: t.field({ type: 'Attributes', description: 'What an address carries that has to be created.' }),
      force: t.boolean({ description: 'Also when it is RESERVED.' }),
    }),
    success: oneThing('assignment', 'Assignment'),
    resolve: async (ctx, input) => ({ assignment: await assignAddress(ctx, input as AddressAssign) }),
  });
  mutation(builder, 'addressUnassign', {
    description: 'Takes an address from an interface. After its last one it is released: ORPHANED, or as configured.',
    needs: 'network:update on the interface; to delete the address, network:delete on it',
    emits: [networkUpdated, networkDeleted, interfaceUpdated],
    errors: [AmbiguousError],
    input: (t) => ({
      ...target(t),
      deleteAddress: t.boolean({ description: 'Deletes an address that lost its last interface.' }),
    }),
    success: freed,
    resolve: (ctx, input): Promise<Unassigned> => unassignAddress(ctx, input as AddressUnassign),
  });
}

const target = (t: PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>) => ({
  site: t.field({ type: 'SiteKey', description: 'The Site to look for the interface in.' }),
  interface: t.field({ type: 'NetworkInterfaceKey', required: true, description: 'The interface.' }),
  address: t.field({ type: 'Cidr', required: true, description: 'A host address, in any spelling.' }),
});

const freed = (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Unassigned>): Record<string, AnyField> => ({
  networkInterface: t.field({
    type: 'NetworkInterface',
    description: 'As it is now.',
    resolve: ({ networkInterface }) => networkInterface,
  }),
  address: t.field({
    type: 'Network',
    nullable: true,
    description: 'As it is now; null when it was deleted, or the viewer may not read it.',
    resolve: ({ address }, _, ctx) => address && ctx.load(findNetworks, address.id),
  }),
});
