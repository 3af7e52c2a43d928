import { type Provision, provision } from '#plugins/provision.ts';
import { PrismaAttributes } from '#plugins/storage-prisma/network/attributes.ts';
import { PrismaCircuits } from '#plugins/storage-prisma/network/circuits.ts';
import { PrismaDevices } from '#plugins/storage-prisma/network/devices.ts';
import { PrismaImports } from '#plugins/storage-prisma/network/imports.ts';
import { PrismaInterfaces } from '#plugins/storage-prisma/network/interfaces.ts';
import { PrismaNetworks } from '#plugins/storage-prisma/network/networks.ts';
import { PrismaProtocolTypes } from '#plugins/storage-prisma/network/protocol-types.ts';
import { PrismaProtocols } from '#plugins/storage-prisma/network/protocols.ts';
import { PrismaSites } from '#plugins/storage-prisma/network/sites.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
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
  provision(siteStore, (session) => new PrismaSites(session)),
  provision(attributeStore, (session) => new PrismaAttributes(session)),
  provision(deviceStore, (session) => new PrismaDevices(session)),
  provision(networkStore, (session) => new PrismaNetworks(session)),
  provision(interfaceStore, (session) => new PrismaInterfaces(session)),
  provision(circuitStore, (session) => new PrismaCircuits(session)),
  provision(protocolTypeStore, (session) => new PrismaProtocolTypes(session)),
  provision(protocolStore, (session) => new PrismaProtocols(session)),
  provision(importStore, (session) => new PrismaImports(session)),
];
