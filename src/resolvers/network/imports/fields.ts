import type { RowKind } from '#resolvers/network/imports/inventory-import.ts';

/** How a cell of a table says a value. */
export type CellForm = 'text' | 'whole' | 'flag' | 'list';

/** What each kind of row may say, besides attributes. A dot leads into an object. */
export const fieldsOf: Readonly<Record<RowKind, Readonly<Record<string, CellForm>>>> = {
  SITE: { name: 'text', description: 'text' },
  ATTRIBUTE: {
    site: 'text',
    resource: 'text',
    name: 'text',
    description: 'text',
    required: 'flag',
    display: 'flag',
    multi: 'flag',
    'constraints.allowEmpty': 'flag',
    'constraints.pattern': 'text',
    'constraints.validValues': 'list',
  },
  PROTOCOL_TYPE: { site: 'text', name: 'text', description: 'text', requiredAttributes: 'list' },
  DEVICE: { site: 'text', hostname: 'text' },
  NETWORK: { site: 'text', cidr: 'text', networkAddress: 'text', prefixLength: 'whole', state: 'text' },
  INTERFACE: {
    site: 'text',
    device: 'text',
    name: 'text',
    description: 'text',
    type: 'whole',
    macAddress: 'text',
    speed: 'whole',
    parent: 'text',
    addresses: 'list',
    forceAddresses: 'flag',
  },
  CIRCUIT: { site: 'text', name: 'text', endpointA: 'text', endpointZ: 'text' },
  PROTOCOL: {
    site: 'text',
    type: 'text',
    device: 'text',
    interface: 'text',
    circuit: 'text',
    description: 'text',
    authString: 'text',
  },
};
