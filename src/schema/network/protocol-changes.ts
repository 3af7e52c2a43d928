import { AmbiguousError } from '#kernel/errors.ts';
import { type Reveal, revealAuthString } from '#resolvers/network/protocols/auth-string.ts';
import { createProtocol, createProtocols } from '#resolvers/network/protocols/create.ts';
import { deleteProtocol, deleteProtocols } from '#resolvers/network/protocols/delete.ts';
import {
  authStringRevealed,
  type Protocol,
  protocolCreated,
  protocolDeleted,
  protocolUpdated,
} from '#resolvers/network/protocols/protocol.ts';
import {
  replaceProtocol,
  replaceProtocols,
  updateProtocol,
  updateProtocols,
} from '#resolvers/network/protocols/update.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { mutation } from '#schema/mutation.ts';
import { thatThing, verb } from '#schema/network/verb.ts';

type InputFields = PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>;

/** The mutations of protocols. */
export function protocolChanges(builder: Builder): void {
  creation(builder);
  updates(builder);
  replacements(builder);
  deletion(builder);
  reveal(builder);
}

/** What may be left out, whatever is done. */
const optional = (t: InputFields, otherwise: string) => ({
  interface: t.field({ type: 'NetworkInterfaceKey', description: `An interface of the device; ${otherwise}.` }),
  circuit: t.field({ type: 'CircuitKey', description: `A circuit with an end on the device; ${otherwise}.` }),
  description: t.string({ description: 'Free text.' }),
  authString: t.string({ description: 'A secret of at most 255 characters; empty for none. It is kept encrypted.' }),
  attributes: t.field({ type: 'Attributes', description: 'What it carries: all of it.' }),
});

function creation(builder: Builder): void {
  const facts = {
    needs: 'network:create',
    emits: [protocolCreated],
    errors: [AmbiguousError],
  };
  verb(builder, 'Protocol', 'Create', {
    ...facts,
    description: 'Creates a protocol on a device. It carries what its type requires.',
    descriptionOfMany: 'Creates protocols, all or none.',
    input: (t) => ({
      site: t.field({ type: 'SiteKey', description: 'The Site to look for the device in.' }),
      type: t.field({ type: 'ProtocolTypeKey', required: true, description: 'Its type, of the Site of the device.' }),
      device: t.field({ type: 'DeviceKey', required: true, description: 'The device that speaks it.' }),
      ...optional(t, 'none unless said'),
    }),
    one: createProtocol,
    many: createProtocols,
  });
}

const changing = { needs: 'network:update', emits: [protocolUpdated], errors: [AmbiguousError] };

function updates(builder: Builder): void {
  verb(builder, 'Protocol', 'Update', {
    ...changing,
    description: 'Changes what is given of a protocol and leaves the rest.',
    descriptionOfMany: 'Changes protocols, all or none.',
    input: (t) => ({
      ...thatThing(t, 'Protocol'),
      type: t.field({ type: 'ProtocolTypeKey', description: 'Its type. It must carry what that requires.' }),
      device: t.field({ type: 'DeviceKey', description: 'The device that speaks it, in its Site.' }),
      ...optional(t, 'null for none'),
    }),
    one: updateProtocol,
    many: updateProtocols,
  });
}

function replacements(builder: Builder): void {
  verb(builder, 'Protocol', 'Replace', {
    ...changing,
    description: 'Sets everything of a protocol that can change; what is not given becomes its default.',
    descriptionOfMany: 'Sets everything of protocols that can change, all or none.',
    input: (t) => ({
      ...thatThing(t, 'Protocol'),
      type: t.field({ type: 'ProtocolTypeKey', required: true, description: 'Its type.' }),
      device: t.field({ type: 'DeviceKey', required: true, description: 'The device that speaks it, in its Site.' }),
      ...optional(t, 'none unless said'),
    }),
    one: replaceProtocol,
    many: replaceProtocols,
  });
}

function deletion(builder: Builder): void {
  const facts = { needs: 'network:delete', emits: [protocolDeleted] };
  verb(builder, 'Protocol', 'Delete', {
    ...facts,
    description: 'Deletes a protocol.',
    descriptionOfMany: 'Deletes protocols, all or none.',
    input: (t) => ({
      ...thatThing(t, 'Protocol'),
    }),
    one: deleteProtocol,
    many: deleteProtocols,
  });
}

function reveal(builder: Builder): void {
  mutation(builder, 'protocolRevealAuthString', {
    description: 'Shows the secret of a protocol. That somebody saw it is kept.',
    needs: 'network:reveal on the protocol',
    emits: [authStringRevealed],
    input: (t) => ({ by: t.field({ type: 'ProtocolKey', required: true, description: 'The protocol.' }) }),
    success: (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, { protocol: Protocol; authString: string }>) => ({
      protocol: t.field({ type: 'Protocol', description: 'The protocol.', resolve: ({ protocol }) => protocol }),
      authString: t.exposeString('authString', { description: 'Its secret; empty where it has none.' }),
    }),
    resolve: (ctx, input) => revealAuthString(ctx, input as Reveal),
  });
}
