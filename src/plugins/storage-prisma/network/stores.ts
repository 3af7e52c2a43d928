import { type Provision, provision } from '#plugins/provision.ts';
import { PrismaAttributes } from '#plugins/storage-prisma/network/attributes.ts';
import { PrismaDevices } from '#plugins/storage-prisma/network/devices.ts';
import { PrismaImports } from '#plugins/storage-prisma/network/imports.ts';
import { PrismaNetworks } from '#plugins/storage-prisma/network/networks.ts';
import { PrismaSites } from '#plugins/storage-prisma/network/sites.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import { importStore } from '#resolvers/network/imports/inventory-import.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { siteStore } from '#resolvers/network/sites/site.ts';

export const networkStores: readonly Provision<Session>[] = [
  provision(siteStore, (session) => new PrismaSites(session)),
  provision(deviceStore, (session) => new PrismaDevices(session)),
  provision(networkStore, (session) => new PrismaNetworks(session)),
  provision(attributeStore, (session) => new PrismaAttributes(session)),
  provision(importStore, (session) => new PrismaImports(session)),
];
