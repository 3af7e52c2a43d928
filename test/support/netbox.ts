/** Exports of NetBox for tests, and the inventory as it is afterwards, in words. */
import { readFileSync } from 'node:fs';
import type { Context } from '#kernel/context.ts';
import { ImportRejectedError } from '#kernel/errors.ts';
import type { PageRequest } from '#kernel/page.ts';
import { listAttributes } from '#resolvers/network/attributes/find.ts';
import { attributesOf } from '#resolvers/network/attributes/values.ts';
import { listCircuits } from '#resolvers/network/circuits/find.ts';
import { slugsOfEnds } from '#resolvers/network/circuits/snapshot.ts';
import { listDevices } from '#resolvers/network/devices/find.ts';
import { findImports, listNotes } from '#resolvers/network/imports/find.ts';
import { importInventory } from '#resolvers/network/imports/import.ts';
import type { ImportInput } from '#resolvers/network/imports/input.ts';
import type { ImportNote, InventoryImport } from '#resolvers/network/imports/inventory-import.ts';
import { listInterfaces } from '#resolvers/network/interfaces/list.ts';
import { portray } from '#resolvers/network/interfaces/snapshot.ts';
import { listNetworks } from '#resolvers/network/networks/find.ts';
import { listSites } from '#resolvers/network/sites/find.ts';

/** The whole export of a demonstration company. */
export const demo = readFileSync(new URL('../fixtures/netbox-demo.json', import.meta.url), 'utf8');

/** A row of an export. */
export interface Entry {
  readonly model: string;
  readonly pk?: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

export const entry = (model: string, pk: number | undefined, fields: Entry['fields']): Entry => ({
  model,
  ...(pk !== undefined && { pk }),
  fields,
});

export interface Ended {
  readonly ended: InventoryImport;
  readonly notes: readonly ImportNote[];
}

/** Imports an export; also one that is rejected comes with its notes. */
export async function importNetbox(
  ctx: Context,
  given: string | readonly unknown[],
  more: Partial<ImportInput> = {},
): Promise<Ended> {
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  const ended = await importInventory(ctx, { text, format: 'NETBOX', ...more }).catch(async (error) => {
    if (!(error instanceof ImportRejectedError)) throw error;
    const [rejected] = await findImports(ctx, [error.importId]);
    if (!rejected) throw error;
    return rejected;
  });
  const { items } = await listNotes(ctx, ended, {}, everything);
  return { ended, notes: items.map(({ node }) => node) };
}

const everything: PageRequest = { limit: 1000, direction: 'forward', after: null, before: null, offset: 0 };

interface Pages<T> {
  readonly items: readonly { readonly node: T }[];
  readonly hasNextPage: boolean;
}

async function all<T>(read: (page: PageRequest) => Promise<Pages<T>>): Promise<T[]> {
  const found: T[] = [];
  for (;;) {
    const page = await read({ ...everything, offset: found.length });
    found.push(...page.items.map(({ node }) => node));
    if (!page.hasNextPage) return found;
  }
}

/** The whole inventory, each thing by its Site and natural key, without ids and times. */
export async function inventoryOf(ctx: Context) {
  const sites = await all((page) => listSites(ctx, {}, page));
  const definitions = await all((page) => listAttributes(ctx, {}, page));
  const devices = await all((page) => listDevices(ctx, {}, page));
  const networks = await all((page) => listNetworks(ctx, {}, page));
  const interfaces = await all((page) => listInterfaces(ctx, {}, page));
  const circuits = await all((page) => listCircuits(ctx, {}, page));
  const things = [...devices, ...networks, ...circuits];
  const values = await attributesOf(
    ctx,
    things.map(({ id }) => id),
  );
  const carried = new Map(things.map(({ id }, index) => [id, values[index]]));
  const nameOf = new Map(sites.map(({ id, name }) => [id, name]));
  const cidrOf = new Map(networks.map(({ id, cidr }) => [id, cidr]));
  const portraits = await portray(
    ctx,
    interfaces.map(({ id }) => id),
  );
  const slugs = await slugsOfEnds(ctx, circuits);
  const place = (siteId: string, key: string) => `${nameOf.get(siteId)} ${key}`;
  return {
    sites: byKey(
      sites,
      ({ name }) => name,
      ({ description }) => description,
    ),
    definitions: byKey(
      definitions,
      ({ siteId, resource, name }) => place(siteId, `${resource} ${name}`),
      ({ required, multi }) => ({ required, multi }),
    ),
    devices: byKey(
      devices,
      ({ siteId, hostname }) => place(siteId, hostname),
      ({ id }) => carried.get(id),
    ),
    networks: byKey(
      networks,
      ({ siteId, cidr }) => place(siteId, cidr),
      ({ id, state, parentId }) => ({ state, parent: cidrOf.get(parentId ?? '') ?? null, attributes: carried.get(id) }),
    ),
    interfaces: byKey(
      [...portraits.values()],
      ({ one, snapshot }) => place(one.siteId, snapshot.nameSlug),
      ({ snapshot: { description, type, macAddress, speed, parent, addresses, attributes } }) => ({
        description,
        type,
        macAddress,
        speed,
        parent,
        addresses,
        attributes,
      }),
    ),
    circuits: byKey(
      circuits,
      ({ siteId, name }) => place(siteId, name),
      ({ id, endpointA, endpointZ }) => ({
        endpointA: slugs.get(endpointA.interfaceId),
        endpointZ: endpointZ && slugs.get(endpointZ.interfaceId),
        attributes: carried.get(id),
      }),
    ),
  };
}

const byKey = <T, Shown>(
  list: readonly T[],
  key: (one: T) => string,
  shown: (one: T) => Shown,
): Record<string, Shown> =>
  Object.fromEntries(
    list.map((one) => [key(one), shown(one)] as const).sort(([one], [other]) => (one < other ? -1 : 1)),
  );
