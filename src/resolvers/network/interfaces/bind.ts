import { toCidr } from '#kernel/cidr.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError, type FieldFault, type GatehouseError, InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { mayRead, refusal } from '#resolvers/network/access.ts';
import type { GivenAttributes } from '#resolvers/network/attributes/check.ts';
import { attributesOf } from '#resolvers/network/attributes/values.ts';
import type { Assignment, NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { ancestorsOf, placeAmong } from '#resolvers/network/networks/ancestors.ts';
import { insertNetworks } from '#resolvers/network/networks/insert.ts';
import { type Network, networkFacts } from '#resolvers/network/networks/network.ts';
import { networkStore, type Tree } from '#resolvers/network/networks/store.ts';
import { appendNetworkUpdated } from '#resolvers/network/networks/update.ts';
import { networkSettings } from '#resolvers/network/settings.ts';

/** An address that an interface is to have. */
export interface AddressWish {
  readonly to: Pick<NetworkInterface, 'id' | 'siteId' | 'deviceId'>;
  /** A host address in canonical form. */
  readonly cidr: string;
  /** For an address that has to be created. */
  readonly attributes?: GivenAttributes | undefined;
  /** Also when it is RESERVED. */
  readonly force: boolean;
  /** Where it stands in the input. */
  readonly path: readonly string[];
}

export interface AddressChanges {
  readonly remove: readonly Assignment[];
  readonly add: readonly AddressWish[];
  /** Leaves the state of what is removed as it is, for what goes away at once. */
  readonly keepState?: boolean;
}

/** The trees that wishes are about: they are locked before the devices. */
export const treesOfAddresses = (wishes: readonly { readonly siteId: string; readonly cidr: string }[]): Tree[] => {
  const trees = wishes.map(({ siteId, cidr }): Tree => ({ siteId, version: toCidr(cidr).version }));
  return [...new Map(trees.map((tree) => [`${tree.siteId}/${tree.version}`, tree])).values()];
};

/**
 * Takes addresses from interfaces and gives them others, however many, with the states that follow and their events:
 * what is bound is ASSIGNED, and what lost its last interface is released. What moves from one interface to another
 * keeps its state. A missing address is created. The caller has checked the rights on the interfaces and locked the
 * trees of what is added, then the devices; rights on the addresses are checked here.
 *
 * The interfaces' own events are the caller's.
 * @throws InputError with every fault of the wishes, or what else the first of them meets.
 */
export async function changeAddresses(ctx: Context, changes: AddressChanges): Promise<Assignment[]> {
  const { remove, add } = changes;
  if (remove.length + add.length === 0) return [];
  const found = await lookUp(ctx, changes);
  const made = await createMissing(ctx, found);
  const now = microseconds(ctx.clock.now());
  const wanted = add.map(({ to, cidr }): Assignment => {
    const key = `${to.siteId}/${cidr}`;
    const addressId = (found.byPlace.get(key) ?? made.get(key))?.id ?? '';
    return { id: newId(), siteId: to.siteId, interfaceId: to.id, deviceId: to.deviceId, addressId, createdAt: now };
  });
  const bound = await ctx.use(interfaceStore).setAddresses({ remove: remove.map(({ id }) => id), add: wanted });
  const refused = bound.indexOf(null);
  if (refused >= 0) throw new ConflictError('Address already assigned to this Device.', add[refused]?.path);
  await restate(ctx, changes, found, now);
  return wanted;
}

interface Found {
  /** Every address that exists and is touched, locked. */
  readonly locked: ReadonlyMap<string, Network>;
  /** What exists of what is added, by Site and prefix. */
  readonly byPlace: ReadonlyMap<string, Network>;
  readonly missing: readonly AddressWish[];
}

/** Locks what is touched and checks what is added. */
async function lookUp(ctx: Context, { remove, add }: AddressChanges): Promise<Found> {
  const store = ctx.use(networkStore);
  const places = add.map(({ to, cidr }) => ({ siteId: to.siteId, cidr }));
  const standings = add.length === 0 ? [] : placeAmong(await store.containing(places), places);
  const ids = [...remove.map(({ addressId }) => addressId), ...standings.flatMap(({ equal }) => equal?.id ?? [])];
  const rows = ids.length === 0 ? [] : await store.lock([...new Set(ids)]);
  const locked = new Map(rows.flatMap((network) => (network ? [[network.id, network] as const] : [])));
  const byPlace = new Map<string, Network>();
  const errors = add.flatMap((wish, index): GatehouseError[] => {
    const { ancestors = [], equal = null } = standings[index] ?? {};
    const network = equal && locked.get(equal.id);
    if (!network) return [];
    byPlace.set(`${network.siteId}/${network.cidr}`, network);
    const refused = refuseBinding(ctx, wish, network, ancestors);
    return refused ? [refused] : [];
  });
  if (errors[0]) throw errors[0];
  return {
    locked,
    byPlace,
    missing: add.filter(({ to, cidr }) => !byPlace.has(`${to.siteId}/${cidr}`)),
  };
}

/** An address that the viewer may not read is as one that is missing and that he may not create. */
export function refuseBinding(
  ctx: Context,
  wish: AddressWish,
  network: Network,
  ancestors: readonly Network[],
): GatehouseError | null {
  const facts = networkFacts(network, ancestors);
  const refused = refusal(ctx, mayRead(ctx, facts) ? 'network:update' : 'network:create', facts);
  if (refused) return refused;
  if (network.state !== 'RESERVED' || wish.force) return null;
  return new ConflictError(`${network.cidr} is RESERVED. Use force to assign it all the same.`, wish.path);
}

async function createMissing(ctx: Context, { missing }: Found): Promise<ReadonlyMap<string, Network>> {
  const first = new Map(missing.toReversed().map((wish) => [`${wish.to.siteId}/${wish.cidr}`, wish]));
  const wishes = [...first.values()].toReversed();
  const outcomes = await insertNetworks(
    ctx,
    wishes.map(({ to, cidr, attributes, path }) => ({
      site: { id: to.siteId },
      cidr,
      state: 'ASSIGNED',
      attributes,
      path,
    })),
  );
  const faults: FieldFault[] = outcomes.flatMap((outcome, index) =>
    'error' in outcome && outcome.error instanceof InputError
      ? outcome.error.fields.map((fault) => ({ ...fault, path: atWish(fault.path, wishes[index]?.path ?? []) }))
      : [],
  );
  if (faults.length > 0) throw new InputError(faults);
  return new Map(
    outcomes.map((outcome) => {
      if ('error' in outcome) throw outcome.error;
      return [`${outcome.network.siteId}/${outcome.network.cidr}`, outcome.network];
    }),
  );
}

/** What is wrong with the prefix of a new network is wrong with the address as it was given. */
const atWish = (path: readonly string[], wished: readonly string[]): readonly string[] =>
  path.at(-1) === 'cidr' || path.at(-1) === 'site' ? wished : path;

/** Sets the states that follow, each with its event. */
async function restate(ctx: Context, changes: AddressChanges, found: Found, now: string): Promise<void> {
  const added = new Set([...found.byPlace.values()].map(({ id }) => id));
  const left = await released(ctx, changes, added);
  const states = new Map<string, Network['state']>();
  for (const id of added) states.set(id, 'ASSIGNED');
  for (const id of left) {
    if (found.locked.get(id)?.state === 'ASSIGNED') states.set(id, ctx.use(networkSettings).release.state);
  }
  const before = [...states].flatMap(([id, state]) => {
    const network = found.locked.get(id);
    return network && network.state !== state ? [network] : [];
  });
  if (before.length === 0) return;
  const after = before.map(
    (network): Network => ({
      ...network,
      state: states.get(network.id) ?? network.state,
      updatedAt: now,
    }),
  );
  await ctx.use(networkStore).updateMany(after);
  const ancestors = await ancestorsOf(ctx, after);
  const carried = await attributesOf(
    ctx,
    after.map(({ id }) => id),
  );
  for (const [index, network] of after.entries()) {
    const attributes = carried[index] ?? {};
    const same = { before: attributes, after: attributes };
    appendNetworkUpdated(ctx, before[index] as Network, network, ancestors[index] ?? [], same);
  }
}

/** The addresses that were taken away and that no interface has any more. */
async function released(
  ctx: Context,
  { remove, keepState }: AddressChanges,
  added: ReadonlySet<string>,
): Promise<string[]> {
  if (keepState) return [];
  const gone = [...new Set(remove.map(({ addressId }) => addressId))].filter((id) => !added.has(id));
  const kept = gone.length === 0 ? [] : await ctx.use(interfaceStore).assignmentsOfAddresses(gone);
  return gone.filter((_, index) => kept[index]?.length === 0);
}
