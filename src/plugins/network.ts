import { z } from 'zod';
import { addressInventory } from '#kernel/address-inventory.ts';
import { duration, group, keys, size } from '#kernel/config.ts';
import { grants } from '#kernel/grants.ts';
import { compilePattern } from '#kernel/pattern.ts';
import { secretBox } from '#kernel/secret-box.ts';
import { definePlugin } from '#plugins/define.ts';
import { networkArea, networkRoles } from '#resolvers/network/area.ts';
import { attributeCreated, attributeDeleted, attributeUpdated } from '#resolvers/network/attributes/attribute.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import { namingOthers } from '#resolvers/network/changes/show.ts';
import { circuitCreated, circuitDeleted, circuitStore, circuitUpdated } from '#resolvers/network/circuits/circuit.ts';
import { deviceCreated, deviceDeleted, deviceStore, deviceUpdated } from '#resolvers/network/devices/device.ts';
import { abandonedImportsTask, endedJobsListener, endLeftImports } from '#resolvers/network/imports/abandoned.ts';
import { createImportEnds, importEnds } from '#resolvers/network/imports/ends.ts';
import {
  importCompleted,
  importFailed,
  importStarted,
  importStore,
} from '#resolvers/network/imports/inventory-import.ts';
import { importJob } from '#resolvers/network/imports/job.ts';
import { interfaceCreated, interfaceDeleted, interfaceUpdated } from '#resolvers/network/interfaces/interface.ts';
import { readMac } from '#resolvers/network/interfaces/mac.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { networkInventory } from '#resolvers/network/networks/inventory.ts';
import { networkCreated, networkDeleted, networkUpdated } from '#resolvers/network/networks/network.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { treeRepaired } from '#resolvers/network/networks/verify.ts';
import {
  protocolTypeCreated,
  protocolTypeDeleted,
  protocolTypeStore,
  protocolTypeUpdated,
} from '#resolvers/network/protocol-types/protocol-type.ts';
import {
  authStringRevealed,
  protocolCreated,
  protocolDeleted,
  protocolStore,
  protocolUpdated,
} from '#resolvers/network/protocols/protocol.ts';
import { networkSettings } from '#resolvers/network/settings.ts';
import { siteCreated, siteDeleted, siteStore, siteUpdated } from '#resolvers/network/sites/site.ts';
import { allocation } from '#schema/network/allocation.ts';
import { assignments } from '#schema/network/assignment.ts';
import { attributes } from '#schema/network/attribute.ts';
import { attributeValues } from '#schema/network/attribute-value.ts';
import { changes } from '#schema/network/change.ts';
import { circuits } from '#schema/network/circuit.ts';
import { circuitChanges } from '#schema/network/circuit-changes.ts';
import { devices } from '#schema/network/device.ts';
import { inventoryImports } from '#schema/network/inventory-import.ts';
import { networks } from '#schema/network/network.ts';
import { networkInterfaces } from '#schema/network/network-interface.ts';
import { networkInterfaceChanges } from '#schema/network/network-interface-changes.ts';
import { networkTree } from '#schema/network/network-tree.ts';
import { protocols } from '#schema/network/protocol.ts';
import { protocolChanges } from '#schema/network/protocol-changes.ts';
import { protocolTypes } from '#schema/network/protocol-type.ts';
import { resources } from '#schema/network/shared.ts';
import { sites } from '#schema/network/site.ts';

const expression = z.string().refine((source) => {
  try {
    compilePattern(source);
    return true;
  } catch {
    return false;
  }
}, 'is no regular expression in RE2 syntax.');

/** The types that networks mostly have. */
const interfaceTypes = [
  { id: 6, name: 'ethernet' },
  { id: 1, name: 'other' },
  { id: 135, name: 'l2vlan' },
  { id: 136, name: 'l3vlan' },
  { id: 161, name: 'lag' },
  { id: 24, name: 'loopback' },
  { id: 150, name: 'mpls' },
  { id: 53, name: 'prop_virtual' },
  { id: 131, name: 'tunnel' },
];

/** What happens in this domain. */
const events = [
  siteCreated,
  siteUpdated,
  siteDeleted,
  attributeCreated,
  attributeUpdated,
  attributeDeleted,
  deviceCreated,
  deviceUpdated,
  deviceDeleted,
  networkCreated,
  networkUpdated,
  networkDeleted,
  interfaceCreated,
  interfaceUpdated,
  interfaceDeleted,
  circuitCreated,
  circuitUpdated,
  circuitDeleted,
  protocolTypeCreated,
  protocolTypeUpdated,
  protocolTypeDeleted,
  protocolCreated,
  protocolUpdated,
  protocolDeleted,
  authStringRevealed,
  treeRepaired,
  importStarted,
  importCompleted,
  importFailed,
].map((event) => namingOthers(event));

export const network = definePlugin({
  name: 'network',
  version: '1.0.0',
  description: 'The network source of truth: sites, devices and the tree of networks.',
  config: keys({
    hostname: group({
      allowFqdn: z.boolean().default(true).describe('Whether hostnames may hold dots.'),
      allowUnderscore: z.boolean().default(false).describe('Whether hostnames may hold underscores.'),
      pattern: expression
        .nullable()
        .default(null)
        .describe('An RE2 expression for the whole hostname, in place of the rules of DNS.'),
    }),
    interface: keys({
      types: z
        .array(keys({ id: z.number().int().min(0), name: z.string().min(1) }))
        .default(() => [...interfaceTypes])
        .describe('The types of interfaces, by their numbers in the IF-MIB list.'),
      defaultType: z.number().int().default(6).describe('The type of an interface of which none is said.'),
      defaultSpeed: z
        .number()
        .int()
        .min(0)
        .max(2 ** 31 - 1)
        .nullable()
        .default(1000)
        .describe('The speed in Mbit/s of an interface of which none is said.'),
      defaultMac: z
        .string()
        .refine((text) => readMac(text) !== null, 'is no MAC address.')
        .nullable()
        .default('00:00:00:00:00:00')
        .describe('The MAC address of an interface of which none is said.'),
    })
      .refine(({ types, defaultType }) => types.some(({ id }) => id === defaultType), {
        path: ['defaultType'],
        message: 'is none of network.interface.types.',
      })
      .prefault({}),
    release: group({
      state: z
        .enum(['ORPHANED', 'ALLOCATED'])
        .default('ORPHANED')
        .describe('The state of an address that lost its last interface.'),
    }),
    ipv6: group({
      display: z.enum(['compressed', 'exploded']).default('compressed').describe('How IPv6 addresses are written.'),
    }),
    import: group({
      maxBytes: size().prefault('64MiB').describe('The most bytes of the text of an import.'),
      maxRows: z.number().int().min(1).default(250_000).describe('The most rows of an import.'),
      keepOutcomes: z
        .number()
        .int()
        .min(0)
        .default(10_000)
        .describe('How many outcomes of rows are kept of an import.'),
      wait: duration()
        .prefault('50s')
        .describe(
          'How long a request waits for the end of its import before it is answered with the import as it runs.',
        ),
    }),
    allocate: group({
      max: z
        .number()
        .int()
        .min(1)
        .max(1024)
        .default(1024)
        .describe('The most networks or addresses that are offered or taken at once.'),
    }),
    attribute: group({
      namePattern: expression
        .default('^[a-z][a-z0-9_]*$')
        .describe('An RE2 expression that names of attributes must match.'),
    }),
    query: group({
      maxTerms: z.number().int().min(1).default(100).describe('The most terms of a set query.'),
      maxLength: z.number().int().min(1).default(4096).describe('The most characters of a set query.'),
    }),
    bulk: group({ max: z.number().int().min(1).max(1000).default(1000).describe('The most items of one bulk call.') }),
  }),
  permissions: [networkArea],
  roles: networkRoles,
  events,
  jobs: [importJob],
  tasks: [abandonedImportsTask],
  listeners: [endedJobsListener],
  uses: {
    siteStore,
    attributeStore,
    deviceStore,
    networkStore,
    interfaceStore,
    circuitStore,
    protocolTypeStore,
    protocolStore,
    importStore,
    grants,
    secretBox,
  },
  provides: [networkSettings, addressInventory, importEnds],
  schema(builder) {
    resources(builder);
    sites(builder);
    attributes(builder);
    attributeValues(builder);
    devices(builder);
    networks(builder);
    networkTree(builder);
    networkInterfaces(builder);
    networkInterfaceChanges(builder);
    assignments(builder);
    circuits(builder);
    circuitChanges(builder);
    protocolTypes(builder);
    protocols(builder);
    protocolChanges(builder);
    allocation(builder);
    inventoryImports(builder);
    changes(builder, events);
  },
  async setup({ config, provide, context }) {
    provide(importEnds, createImportEnds());
    provide(addressInventory, networkInventory);
    const { pattern } = config.hostname;
    const { defaultMac } = config.interface;
    provide(networkSettings, {
      ...config,
      attribute: { namePattern: compilePattern(config.attribute.namePattern) },
      interface: { ...config.interface, defaultMac: defaultMac === null ? null : readMac(defaultMac) },
      hostname: { ...config.hostname, pattern: pattern === null ? null : compilePattern(pattern) },
    });
    await endLeftImports(context());
    return undefined;
  },
});
