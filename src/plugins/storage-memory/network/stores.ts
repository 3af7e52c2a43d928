import { type Provision, provision } from '#plugins/provision.ts';
import type { Session } from '#plugins/storage-memory/database.ts';
import { MemoryAttributes } from '#plugins/storage-memory/network/attributes.ts';
import { MemoryCircuits } from '#plugins/storage-memory/network/circuits.ts';
import { MemoryDevices } from '#plugins/storage-memory/network/devices.ts';
import { MemoryImports } from '#plugins/storage-memory/network/imports.ts';
import { MemoryInterfaces } from '#plugins/storage-memory/network/interfaces.ts';
import { MemoryNetworks } from '#plugins/storage-memory/network/networks.ts';
import { MemoryProtocolTypes } from '#plugins/storage-memory/network/protocol-types.ts';
import { MemoryProtocols } from '#plugins/storage-memory/network/protocols.ts';
import { MemorySites } from '#plugins/storage-memory/network/sites.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import { circuitStore } from '#resolvers/network/circuits/circuit.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { importStore } from '#resolvers/network/imports/inventory-import.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { protocolTypeStore } from '#resolvers/network/protocol-types/protocol-type.ts';
import { protocolStore } from '#resolvers/network/protocols/protocol.ts';
import { siteStore } from '#resolvers/network/sites/site.ts';

export const networkStores: readonly Provision<Session>[] = [
  provision(siteStore, (session) => new MemorySites(session)),
  provision(attributeStore, (session) => new MemoryAttributes(session)),
  provision(deviceStore, (session) => new MemoryDevices(session)),
  provision(networkStore, (session) => new MemoryNetworks(session)),
  provision(interfaceStore, (session) => new MemoryInterfaces(session)),
  provision(circuitStore, (session) => new MemoryCircuits(session)),
  provision(protocolTypeStore, (session) => new MemoryProtocolTypes(session)),
  provision(protocolStore, (session) => new MemoryProtocols(session)),
  provision(importStore, (session) => new MemoryImports(session)),
];
