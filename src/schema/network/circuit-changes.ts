import { AmbiguousError, ConflictError, InUseError } from '#kernel/errors.ts';
import { circuitCreated, circuitDeleted, circuitUpdated } from '#resolvers/network/circuits/circuit.ts';
import { type CircuitCreate, createCircuit, createCircuits } from '#resolvers/network/circuits/create.ts';
import { type CircuitDelete, deleteCircuit, deleteCircuits } from '#resolvers/network/circuits/delete.ts';
import {
  type CircuitReplace,
  type CircuitUpdate,
  replaceCircuit,
  replaceCircuits,
  updateCircuit,
  updateCircuits,
} from '#resolvers/network/circuits/update.ts';
import { protocolDeleted } from '#resolvers/network/protocols/protocol.ts';
import type { Builder } from '#schema/builder.ts';
import { bulkMutation, mutation } from '#schema/mutation.ts';
import { manyGone, manyThings, oneGone, oneThing } from '#schema/network/shared.ts';

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
  const inputs = mutation(builder, 'circuitCreate', {
    ...facts,
    description: 'Creates a circuit. An interface is an end of one circuit at most.',
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
    success: oneThing('circuit', 'Circuit'),
    resolve: async (ctx, input) => ({ circuit: await createCircuit(ctx, input as CircuitCreate) }),
  });
  bulkMutation(builder, 'circuitCreateMany', {
    ...facts,
    description: 'Creates circuits, all or none.',
    inputs,
    success: manyThings('circuits', 'Circuit'),
    resolve: async (ctx, inputs) => ({ circuits: await createCircuits(ctx, inputs as readonly CircuitCreate[]) }),
  });
}

const changing = {
  needs: `network:update ${where}`,
  emits: [circuitUpdated],
  errors: [AmbiguousError, ConflictError, InUseError],
};

function updates(builder: Builder): void {
  const update = mutation(builder, 'circuitUpdate', {
    ...changing,
    description: 'Changes what is given of a circuit and leaves the rest.',
    input: (t) => ({
      site: t.field({ type: 'SiteKey', description: 'The Site to look in.' }),
      by: t.field({ type: 'CircuitKey', required: true, description: 'The circuit.' }),
      endpointA: t.field({ type: 'NetworkInterfaceKey', description: 'The interface that it begins at, in its Site.' }),
      endpointZ: t.field({ type: 'NetworkInterfaceKey', description: 'The interface that it ends at; null for none.' }),
      name: t.string({ description: 'Its new name. It does not follow the ends by itself.' }),
      attributes: t.field({ type: 'Attributes', description: 'What it carries: all of it.' }),
    }),
    success: oneThing('circuit', 'Circuit'),
    resolve: async (ctx, input) => ({ circuit: await updateCircuit(ctx, input as CircuitUpdate) }),
  });
  bulkMutation(builder, 'circuitUpdateMany', {
    ...changing,
    description: 'Changes circuits, all or none. They may exchange ends and names.',
    inputs: update,
    success: manyThings('circuits', 'Circuit'),
    resolve: async (ctx, inputs) => ({ circuits: await updateCircuits(ctx, inputs as readonly CircuitUpdate[]) }),
  });
}

function replacements(builder: Builder): void {
  const replace = mutation(builder, 'circuitReplace', {
    ...changing,
    description: 'Sets everything of a circuit that can change; what is not given becomes its default.',
    input: (t) => ({
      site: t.field({ type: 'SiteKey', description: 'The Site to look in.' }),
      by: t.field({ type: 'CircuitKey', required: true, description: 'The circuit.' }),
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
    success: oneThing('circuit', 'Circuit'),
    resolve: async (ctx, input) => ({ circuit: await replaceCircuit(ctx, input as CircuitReplace) }),
  });
  bulkMutation(builder, 'circuitReplaceMany', {
    ...changing,
    description: 'Sets everything of circuits that can change, all or none.',
    inputs: replace,
    success: manyThings('circuits', 'Circuit'),
    resolve: async (ctx, inputs) => ({ circuits: await replaceCircuits(ctx, inputs as readonly CircuitReplace[]) }),
  });
}

function deletion(builder: Builder): void {
  const facts = {
    needs: `network:delete ${where}`,
    emits: [protocolDeleted, circuitDeleted],
    errors: [AmbiguousError],
  };
  const inputs = mutation(builder, 'circuitDelete', {
    ...facts,
    description: 'Deletes a circuit with the protocols that run over it.',
    input: (t) => ({
      site: t.field({ type: 'SiteKey', description: 'The Site to look in.' }),
      by: t.field({ type: 'CircuitKey', required: true, description: 'The circuit.' }),
    }),
    success: oneGone('Circuit'),
    resolve: async (ctx, input) => ({ id: await deleteCircuit(ctx, input as CircuitDelete) }),
  });
  bulkMutation(builder, 'circuitDeleteMany', {
    ...facts,
    description: 'Deletes circuits, all or none.',
    inputs,
    success: manyGone('Circuit'),
    resolve: async (ctx, inputs) => ({ ids: await deleteCircuits(ctx, inputs as readonly CircuitDelete[]) }),
  });
}
