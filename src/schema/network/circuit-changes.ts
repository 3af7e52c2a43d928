import { AmbiguousError, ConflictError, InUseError } from '#kernel/errors.ts';
import { circuitCreated, circuitDeleted, circuitUpdated } from '#resolvers/network/circuits/circuit.ts';
import { createCircuit, createCircuits } from '#resolvers/network/circuits/create.ts';
import { deleteCircuit, deleteCircuits } from '#resolvers/network/circuits/delete.ts';
import { replaceCircuit, replaceCircuits, updateCircuit, updateCircuits } from '#resolvers/network/circuits/update.ts';
import { protocolDeleted } from '#resolvers/network/protocols/protocol.ts';
import type { Builder } from '#schema/builder.ts';
import { thatThing, verb } from '#schema/network/verb.ts';

const where = 'on the Site of the circuit, or on the devices of both ends';

/** The mutations of circuits. */
export function circuitChanges(builder: Builder): void {
  creation(builder);
  updates(builder);
  replacements(builder);
  deletion(builder);
}

function creation(builder: Builder): void {
  const facts = {
    needs: `network:create ${where}`,
    emits: [circuitCreated],
    errors: [AmbiguousError, ConflictError],
  };
  verb(builder, 'Circuit', 'Create', {
    ...facts,
    description: 'Creates a circuit. An interface is an end of one circuit at most.',
    descriptionOfMany: 'Creates circuits, all or none.',
    input: (t) => ({
      site: t.field({ type: 'SiteKey', description: 'The Site to look for the interfaces in.' }),
      endpointA: t.field({
        type: 'NetworkInterfaceKey',
        required: true,
        description: 'The interface that it begins at. Its Site is the Site of the circuit.',
      }),
      endpointZ: t.field({ type: 'NetworkInterfaceKey', description: 'The interface that it ends at, if any.' }),
      name: t.string({ description: 'Its name; what follows from its ends unless said.' }),
      attributes: t.field({ type: 'Attributes', description: 'What it carries.' }),
    }),
    one: createCircuit,
    many: createCircuits,
  });
}

const changing = {
  needs: `network:update ${where}`,
  emits: [circuitUpdated],
  errors: [AmbiguousError, ConflictError, InUseError],
};

function updates(builder: Builder): void {
  verb(builder, 'Circuit', 'Update', {
    ...changing,
    description: 'Changes what is given of a circuit and leaves the rest.',
    descriptionOfMany: 'Changes circuits, all or none. They may exchange ends and names.',
    input: (t) => ({
      ...thatThing(t, 'Circuit'),
      endpointA: t.field({ type: 'NetworkInterfaceKey', description: 'The interface that it begins at, in its Site.' }),
      endpointZ: t.field({ type: 'NetworkInterfaceKey', description: 'The interface that it ends at; null for none.' }),
      name: t.string({ description: 'Its new name. It does not follow the ends by itself.' }),
      attributes: t.field({ type: 'Attributes', description: 'What it carries: all of it.' }),
    }),
    one: updateCircuit,
    many: updateCircuits,
  });
}

function replacements(builder: Builder): void {
  verb(builder, 'Circuit', 'Replace', {
    ...changing,
    description: 'Sets everything of a circuit that can change; what is not given becomes its default.',
    descriptionOfMany: 'Sets everything of circuits that can change, all or none.',
    input: (t) => ({
      ...thatThing(t, 'Circuit'),
      endpointA: t.field({
        type: 'NetworkInterfaceKey',
        required: true,
        description: 'The interface that it begins at, in its Site.',
      }),
      endpointZ: t.field({
        type: 'NetworkInterfaceKey',
        description: 'The interface that it ends at; none unless said.',
      }),
      name: t.string({ description: 'Its name; what follows from its ends unless said.' }),
      attributes: t.field({ type: 'Attributes', description: 'What it carries; nothing unless said.' }),
    }),
    one: replaceCircuit,
    many: replaceCircuits,
  });
}

function deletion(builder: Builder): void {
  const facts = {
    needs: `network:delete ${where}`,
    emits: [protocolDeleted, circuitDeleted],
    errors: [AmbiguousError],
  };
  verb(builder, 'Circuit', 'Delete', {
    ...facts,
    description: 'Deletes a circuit with the protocols that run over it.',
    descriptionOfMany: 'Deletes circuits, all or none.',
    input: (t) => ({
      ...thatThing(t, 'Circuit'),
    }),
    one: deleteCircuit,
    many: deleteCircuits,
  });
}
