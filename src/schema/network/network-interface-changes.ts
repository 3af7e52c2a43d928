import { AmbiguousError, ConflictError, InUseError } from '#kernel/errors.ts';
import { createInterface, createInterfaces } from '#resolvers/network/interfaces/create.ts';
import { deleteInterface, deleteInterfaces } from '#resolvers/network/interfaces/delete.ts';
import { interfaceCreated, interfaceDeleted, interfaceUpdated } from '#resolvers/network/interfaces/interface.ts';
import {
  replaceInterface,
  replaceInterfaces,
  updateInterface,
  updateInterfaces,
} from '#resolvers/network/interfaces/update.ts';
import { networkCreated, networkUpdated } from '#resolvers/network/networks/network.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { thatThing, verb } from '#schema/network/verb.ts';

type Inputs = PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>;

const addressEvents = [networkCreated, networkUpdated];

export function networkInterfaceChanges(builder: Builder): void {
  creation(builder);
  changes(builder);
  deletion(builder);
}

/** What can be said of an interface in every mutation that writes one. */
const said = (
  t: Inputs,
  absent: { readonly common: string; readonly type: string; readonly mac: string; readonly speed: string },
) => ({
  description: t.string({ description: `At most 255 characters${absent.common}.` }),
  type: t.int({ description: `The number of one of \`networkInterfaceTypes\`${absent.type}.` }),
  macAddress: t.field({ type: 'MacAddress', description: `Null for none${absent.mac}.` }),
  speed: t.int({ description: `In Mbit/s; null for none${absent.speed}.` }),
  parent: t.field({
    type: 'NetworkInterfaceKey',
    description: `An interface of the same device to hang below; null for none${absent.common}.`,
  }),
  addresses: t.field({
    type: ['Cidr'],
    description: `All its host addresses${absent.common}. Missing ones are created.`,
  }),
  forceAddresses: t.boolean({ description: 'Takes RESERVED addresses too.' }),
  attributes: t.field({ type: 'Attributes', description: `All that it carries${absent.common}.` }),
});

const defaults = {
  common: '; nothing unless said',
  type: '; `network.interface.defaultType` unless said',
  mac: '; `network.interface.defaultMac` unless said',
  speed: '; `network.interface.defaultSpeed` unless said',
};
const asItIs = { common: '', type: '', mac: '', speed: '' };

function creation(builder: Builder): void {
  const facts = {
    needs: 'network:create; for addresses network:update, or network:create where they are missing',
    emits: [interfaceCreated, ...addressEvents],
    errors: [AmbiguousError, ConflictError],
  };
  verb(builder, 'NetworkInterface', 'Create', {
    ...facts,
    description: 'Creates an interface on a device.',
    descriptionOfMany: 'Creates interfaces, all or none. They may hang below one another, in any order.',
    input: (t) => ({
      site: t.field({ type: 'SiteKey', description: 'The Site to look for the device in.' }),
      device: t.field({ type: 'DeviceKey', required: true, description: 'The device that it is on, for good.' }),
      name: t.string({ required: true, description: '1 to 255 characters, unique on the device.' }),
      ...said(t, defaults),
    }),
    one: createInterface,
    many: createInterfaces,
  });
}

function changes(builder: Builder): void {
  const facts = {
    needs: 'network:update; for addresses that are missing network:create',
    emits: [interfaceUpdated, ...addressEvents],
    errors: [AmbiguousError, ConflictError],
  };
  verb(builder, 'NetworkInterface', 'Update', {
    ...facts,
    description: 'Changes what is given of an interface and leaves the rest.',
    descriptionOfMany: 'Changes interfaces, all or none. They may swap names and addresses.',
    input: (t) => ({
      ...thatThing(t, 'NetworkInterface'),
      name: t.string({ description: 'Its new name.' }),
      ...said(t, asItIs),
    }),
    one: updateInterface,
    many: updateInterfaces,
  });
  verb(builder, 'NetworkInterface', 'Replace', {
    ...facts,
    description: 'Sets everything of an interface that can change; what is not given becomes its default.',
    descriptionOfMany: 'Sets everything of interfaces that can change, all or none.',
    input: (t) => ({
      ...thatThing(t, 'NetworkInterface'),
      name: t.string({ required: true, description: 'Its name.' }),
      ...said(t, defaults),
    }),
    one: replaceInterface,
    many: replaceInterfaces,
  });
}

function deletion(builder: Builder): void {
  const facts = {
    needs: 'network:delete',
    emits: [interfaceDeleted, networkUpdated],
    errors: [AmbiguousError, InUseError],
  };
  verb(builder, 'NetworkInterface', 'Delete', {
    ...facts,
    description: 'Deletes an interface that nothing hangs below. Its addresses stay, released.',
    descriptionOfMany: 'Deletes interfaces, all or none, those that hang below others first.',
    input: (t) => thatThing(t, 'NetworkInterface'),
    one: deleteInterface,
    many: deleteInterfaces,
  });
}
