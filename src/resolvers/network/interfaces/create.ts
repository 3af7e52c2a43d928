import { allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError, type GatehouseError, InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { describeKey } from '#kernel/input.ts';
import { refusal } from '#resolvers/network/access.ts';
import { checkAttributes, noAttributes } from '#resolvers/network/attributes/check.ts';
import { storeAttributes } from '#resolvers/network/attributes/values.ts';
import { bulkItems, type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import { type Device, deviceStore } from '#resolvers/network/devices/device.ts';
import { deviceFinder } from '#resolvers/network/devices/find.ts';
import { changeAddresses, treesOfAddresses } from '#resolvers/network/interfaces/bind.ts';
import { findParents, type Hanging } from '#resolvers/network/interfaces/hang.ts';
import { type Fresh, type InterfaceCreate, interfaceCreate } from '#resolvers/network/interfaces/input.ts';
import { interfaceFacts, type NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { appendInterfaceCreated, portray } from '#resolvers/network/interfaces/snapshot.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { findAll } from '#resolvers/network/lookup.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';

/** Creates an interface on a device. */
export const createInterface = async (ctx: Context, input: InterfaceCreate): Promise<NetworkInterface> =>
  only(await create(ctx, singleItem(interfaceCreate(ctx), input)));

/** Creates interfaces that may hang below one another, in any order. */
export const createInterfaces = async (ctx: Context, inputs: readonly InterfaceCreate[]): Promise<NetworkInterface[]> =>
  create(ctx, bulkItems(ctx, interfaceCreate(ctx), inputs));

async function create(ctx: Context, items: Items<Fresh>): Promise<NetworkInterface[]> {
  allowSomewhere(ctx, 'network:create');
  return ctx.atomically(async (ctx) => {
    const devices = await lockDevicesOf(ctx, items);
    const drafts = await placeAll(ctx, items, devices);
    await refuseRights(ctx, drafts);
    const checked = await checkAttributes(
      ctx,
      'INTERFACE',
      drafts.map(({ row, index }) => ({
        siteId: row.siteId,
        given: items.values[index]?.attributes ?? {},
        path: items.path(index, 'attributes'),
      })),
    );
    await insert(ctx, items, drafts);
    await storeAttributes(
      ctx,
      'INTERFACE',
      drafts.flatMap(({ row }, at) => {
        const attributes = checked[at] ?? noAttributes;
        return attributes.parts.length > 0 ? [{ targetId: row.id, siteId: row.siteId, checked: attributes }] : [];
      }),
    );
    const add = drafts.flatMap(({ row, index }) => wishesOf(items, index, row));
    await changeAddresses(ctx, { remove: [], add });
    const made = await portray(
      ctx,
      drafts.map(({ row }) => row.id),
    );
    for (const portrait of made.values()) appendInterfaceCreated(ctx, portrait);
    const byIndex = new Map(drafts.map(({ row, index }) => [index, row]));
    return items.values.map((_, index) => byIndex.get(index) as NetworkInterface);
  });
}

/** The addresses that an item asks for. */
export function wishesOf(
  items: Items<Pick<Fresh, 'forceAddresses'> & { readonly addresses?: readonly string[] | undefined }>,
  index: number,
  to: Pick<NetworkInterface, 'id' | 'siteId' | 'deviceId'>,
) {
  const { addresses = [], forceAddresses } = items.values[index] ?? {};
  const path = items.path(index, 'addresses');
  return addresses.map((cidr) => ({ to, cidr, force: forceAddresses ?? false, path }));
}

/**
 * The devices that the items name, locked after the trees of the addresses.
 * @throws InputError naming every item whose device does not exist, or not for the viewer.
 */
async function lockDevicesOf(ctx: Context, items: Items<Fresh>): Promise<Device[]> {
  const path = (index: number, ...rest: readonly string[]) =>
    items.path(index, ...rest.map((part) => (part === 'by' ? 'device' : part)));
  const references = items.values.map(({ site, device }) => ({ site, by: device }));
  const named = await findAll(ctx, deviceFinder, references, path);
  refuseMissing(items, named);
  const trees = treesOfAddresses(
    items.values.flatMap(({ addresses }, index) =>
      addresses.map((cidr) => ({ siteId: named[index]?.siteId ?? '', cidr })),
    ),
  );
  if (trees.length > 0) await ctx.use(networkStore).lockTrees(trees);
  const ids = named.map((device) => device?.id ?? '');
  await ctx.use(interfaceStore).lockDevices([...new Set(ids)]);
  // Read again: until the lock was had, somebody may have deleted one.
  const devices = await ctx.use(deviceStore).getMany(ids);
  refuseMissing(items, devices);
  return devices as Device[];
}

function refuseMissing(items: Items<Fresh>, devices: readonly (Device | null)[]): void {
  const faults = items.values.flatMap(({ device }, index) =>
    devices[index] ? [] : [{ path: items.path(index, 'device'), message: `Device not found: ${describeKey(device)}.` }],
  );
  if (faults.length > 0) throw new InputError(faults);
}

/** An interface to be, with the place of its item. */
interface Draft {
  readonly row: NetworkInterface;
  readonly index: number;
}

/** The rows of the items, those that others hang below first: their ids rise in this order. */
async function placeAll(ctx: Context, items: Items<Fresh>, devices: readonly Device[]): Promise<Draft[]> {
  const keys = items.values.map((_, index) => `new ${index}`);
  const hanging = items.values.map(({ parent }, index): Hanging => {
    const { id: deviceId = '', siteId = '' } = devices[index] ?? {};
    return { id: keys[index] ?? '', siteId, deviceId, parent, parentId: null, path: items.path(index, 'parent') };
  });
  const newcomers = items.values.map(({ name }, index) => {
    const { id: deviceId = '', hostname = '' } = devices[index] ?? {};
    return { id: keys[index] ?? '', deviceId, hostname, name };
  });
  const parents = await findParents(ctx, hanging, newcomers);
  const ids = new Map<string, string>();
  const place = (index: number): void => {
    const key = keys[index] ?? '';
    const parent = keys.indexOf(parents[index] ?? '');
    if (ids.has(key)) return;
    if (parent >= 0) place(parent);
    ids.set(key, newId());
  };
  for (const index of keys.keys()) place(index);
  const now = microseconds(ctx.clock.now());
  return [...ids].map(([key, id]): Draft => {
    const index = keys.indexOf(key);
    const { name, description, type, macAddress, speed } = items.values[index] as Fresh;
    const { siteId, deviceId } = hanging[index] as Hanging;
    const parent = parents[index] ?? null;
    return {
      index,
      row: {
        id,
        siteId,
        deviceId,
        name,
        description,
        type,
        macAddress,
        speed,
        parentId: parent === null ? null : (ids.get(parent) ?? parent),
        createdAt: now,
        updatedAt: now,
      },
    };
  });
}

/** A grant on an interface lets its holder create below it. */
async function refuseRights(ctx: Context, drafts: readonly Draft[]): Promise<void> {
  const store = ctx.use(interfaceStore);
  const fresh = new Set(drafts.map(({ row }) => row.id));
  const standing = drafts.flatMap(({ row }) => (row.parentId !== null && !fresh.has(row.parentId) ? row.parentId : []));
  const wanted = [...new Set(standing)];
  const chains = wanted.length === 0 ? [] : await store.ancestors(wanted);
  const above = new Map(
    wanted.map((id, index) => [id, [{ id }, ...(chains[index] ?? []).map((one) => ({ id: one.id }))]]),
  );
  // Drafts come with what they hang below before them.
  for (const { row } of drafts) {
    const chain = row.parentId === null ? [] : (above.get(row.parentId) ?? []);
    above.set(row.id, [{ id: row.id }, ...chain]);
    const refused: GatehouseError | null = refusal(ctx, 'network:create', interfaceFacts({ ...row, id: '' }, chain));
    if (refused) throw refused;
  }
}

async function insert(ctx: Context, items: Items<Fresh>, drafts: readonly Draft[]): Promise<void> {
  const made = await ctx.use(interfaceStore).insertMany(drafts.map(({ row }) => row));
  const taken = drafts.find((_, at) => !made[at]);
  if (taken) throw nameTaken(taken.row, items, taken.index);
}

export const nameTaken = ({ name }: NetworkInterface, items: Items<unknown>, index: number): ConflictError =>
  new ConflictError(`${name} already exists on this device.`, items.path(index, 'name'));
