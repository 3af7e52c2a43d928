import { ConflictError, type GatehouseError, InputError } from '#kernel/errors.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import type { Pass } from '#resolvers/network/imports/pass.ts';
import { firstRefusal } from '#resolvers/network/imports/references.ts';
import type { Verdict } from '#resolvers/network/imports/row.ts';
import type { InterfaceWish } from '#resolvers/network/imports/wish.ts';
import { type AddressWish, refuseBinding } from '#resolvers/network/interfaces/bind.ts';
import type { Assignment } from '#resolvers/network/interfaces/interface.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { placeAmong, type Standing } from '#resolvers/network/networks/ancestors.ts';
import { judgeSeeds } from '#resolvers/network/networks/insert.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';

/** An interface that a row asks for, with its row id. */
interface Receiver {
  readonly item: Item<InterfaceWish>;
  readonly id: string;
  readonly siteId: string;
  readonly deviceId: string;
}

export interface AddressesPlan {
  /** What it does not have yet. */
  readonly add: readonly AddressWish[];
  /** What it has and another interface gets. */
  readonly remove: readonly Assignment[];
  /** Ids of the interfaces with which addresses are exchanged: all of them are written, or none. */
  readonly partners: readonly string[];
  readonly error: GatehouseError | null;
  /** Why it fails with a row of the file for one of the addresses. */
  readonly refused: Verdict | null;
}

const path = ['addresses'];

/**
 * What interfaces are to get beside the addresses that they have, and what is wrong with it, in a fixed number of reads.
 * An address is taken from an interface only where the file knows both it and the one that has the address now.
 */
export async function planAddresses(pass: Pass, receivers: readonly Receiver[]): Promise<AddressesPlan[]> {
  const asking = receivers.filter(({ item }) => (item.wish.addresses ?? []).length > 0);
  const tracked = receivers.filter(({ item }) => item.wish.identity !== undefined);
  const held = await addressesOf(pass, [...new Set([...asking, ...tracked].map(({ id }) => id))]);
  const wishes = asking.flatMap((to): AddressWish[] =>
    (to.item.wish.addresses ?? [])
      .filter((cidr) => !held.get(to.id)?.has(cidr))
      .map((cidr) => ({ to, cidr, force: to.item.wish.forceAddresses ?? false, path })),
  );
  const moves = findMoves(tracked, held, wishes);
  const errors = await judgeWishes(pass, wishes, new Set(moves.map(({ assignment }) => assignment.id)));
  const clashes = findClashes(asking);
  const byReceiver = Map.groupBy(wishes, ({ to }) => to.id);
  const [taken, got] = [Map.groupBy(moves, ({ from }) => from.id), Map.groupBy(moves, ({ to }) => to.id)];
  return receivers.map(({ id, item: { wish } }) => {
    const add = byReceiver.get(id) ?? [];
    const error = add.map((one) => errors.get(one)).find((one) => one !== undefined);
    const rows = add.map(({ cidr }) => pass.known.find({ kind: 'NETWORK', site: wish.site, cidr }, 'addresses'));
    return {
      add,
      remove: [...new Set((taken.get(id) ?? []).map(({ assignment }) => assignment))],
      partners: [...(taken.get(id) ?? []).map(({ to }) => to.id), ...(got.get(id) ?? []).map(({ from }) => from.id)],
      error: clashes.get(id) ?? error ?? null,
      refused: firstRefusal(...rows),
    };
  });
}

interface Move {
  readonly assignment: Assignment;
  readonly from: Receiver;
  readonly to: Pick<Receiver, 'id'>;
}

/** Where NetBox has the address of one interface on another one now. */
function findMoves(tracked: readonly Receiver[], held: Held, wishes: readonly AddressWish[]): Move[] {
  const known = new Set(tracked.map(({ id }) => id));
  const wanted = Map.groupBy(
    wishes.filter(({ to }) => known.has(to.id)),
    placeOf,
  );
  return tracked.flatMap((from) =>
    [...(held.get(from.id) ?? [])].flatMap(([cidr, assignment]) => {
      if (from.item.wish.addresses?.includes(cidr)) return [];
      return (wanted.get(`${from.siteId}/${cidr}`) ?? []).map(({ to }): Move => ({ assignment, from, to }));
    }),
  );
}

/** The addresses that interfaces have, by id and prefix. */
type Held = ReadonlyMap<string, ReadonlyMap<string, Assignment>>;

async function addressesOf({ ctx }: Pass, interfaceIds: readonly string[]): Promise<Held> {
  if (interfaceIds.length === 0) return new Map();
  const assigned = await ctx.use(interfaceStore).assignmentsOf(interfaceIds);
  const ids = [...new Set(assigned.flat().map(({ addressId }) => addressId))];
  const found = ids.length === 0 ? [] : await ctx.use(networkStore).getMany(ids);
  const cidrs = new Map(found.flatMap((network) => (network ? [[network.id, network.cidr] as const] : [])));
  return new Map(
    interfaceIds.map((id, index) => [
      id,
      new Map((assigned[index] ?? []).map((one) => [cidrs.get(one.addressId) ?? '', one])),
    ]),
  );
}

/** Two interfaces of one device that are to have one address: which of them gets it would be a guess. */
function findClashes(asking: readonly Receiver[]): ReadonlyMap<string, GatehouseError> {
  const claims = asking.flatMap((one) => (one.item.wish.addresses ?? []).map((cidr) => ({ one, cidr })));
  const clashes = new Map<string, GatehouseError>();
  for (const group of Map.groupBy(claims, ({ one, cidr }) => `${one.deviceId}/${cidr}`).values()) {
    if (group.length === 1) continue;
    const names = group.map(({ one }) => one.item.wish.name).sort();
    const message = `The rows of ${names.join(' and ')} both ask for ${group[0]?.cidr}: it is at most once on a device.`;
    for (const { one } of group) clashes.set(one.id, new ConflictError(message, path));
  }
  return clashes;
}

const placeOf = ({ to: { siteId }, cidr }: AddressWish): string => `${siteId}/${cidr}`;

async function judgeWishes(
  { ctx, known, writes }: Pass,
  wishes: readonly AddressWish[],
  released: ReadonlySet<string>,
): Promise<ReadonlyMap<AddressWish, GatehouseError>> {
  if (wishes.length === 0) return new Map();
  const store = ctx.use(networkStore);
  const places = [
    ...new Map(wishes.map((wish) => [placeOf(wish), { siteId: wish.to.siteId, cidr: wish.cidr }])).values(),
  ];
  const found = placeAmong([...(await store.containing(places)), ...known.networks], places);
  const standings = new Map(places.map(({ siteId, cidr }, index) => [`${siteId}/${cidr}`, found[index] as Standing]));
  const ids = found.flatMap(({ equal }) => equal?.id ?? []);
  const rows = ids.length === 0 || !writes ? [] : await store.lock(ids);
  const locked = new Map(rows.flatMap((network) => (network ? [[network.id, network] as const] : [])));
  const bound = ids.length === 0 ? [] : await ctx.use(interfaceStore).assignmentsOfAddresses(ids);
  const holders = new Map(ids.map((id, index) => [id, bound[index] ?? []]));
  const missing = places.filter(({ siteId, cidr }) => !standings.get(`${siteId}/${cidr}`)?.equal);
  const { errors } = await judgeSeeds(
    ctx,
    missing.map(({ siteId, cidr }) => ({ site: { id: siteId }, cidr, state: 'ASSIGNED', path })),
    missing.map(({ siteId, cidr }) => standings.get(`${siteId}/${cidr}`) as Standing),
    known.definitions,
  );
  const unmakable = new Map(missing.map(({ siteId, cidr }, index) => [`${siteId}/${cidr}`, errors[index] ?? null]));
  return new Map(
    wishes.flatMap((wish) => {
      const { equal, ancestors } = standings.get(placeOf(wish)) ?? { equal: null, ancestors: [] };
      const error = equal
        ? (refuseBinding(ctx, wish, locked.get(equal.id) ?? equal, ancestors) ??
          (holders.get(equal.id)?.some(({ id, deviceId }) => deviceId === wish.to.deviceId && !released.has(id))
            ? new ConflictError('Address already assigned to this Device.', path)
            : null))
        : atAddresses(unmakable.get(placeOf(wish)) ?? null);
      return error ? [[wish, error] as const] : [];
    }),
  );
}

/** What is wrong with a network that would have to be made is wrong with the address. */
const atAddresses = (error: GatehouseError | null): GatehouseError | null =>
  error instanceof InputError ? new InputError(error.fields.map(({ message }) => ({ path, message }))) : error;
