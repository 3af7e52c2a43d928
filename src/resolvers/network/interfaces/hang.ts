import type { Context } from '#kernel/context.ts';
import { type FieldFault, InputError } from '#kernel/errors.ts';
import { describeKey } from '#kernel/input.ts';
import { foldHostname } from '#resolvers/network/devices/hostname.ts';
import { interfaceFinder } from '#resolvers/network/interfaces/find.ts';
import { type NetworkInterface, readSlug } from '#resolvers/network/interfaces/interface.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import type { Reference } from '#resolvers/network/keys.ts';
import { findAll } from '#resolvers/network/lookup.ts';

/** An interface that is about to be written, with what it is to hang below. */
export interface Hanging {
  readonly id: string;
  readonly siteId: string;
  readonly deviceId: string;
  /** Undefined leaves it where it hangs, null takes it off. */
  readonly parent: Reference['by'] | null | undefined;
  /** Where it hangs now. */
  readonly parentId: string | null;
  /** Of the field `parent`. */
  readonly path: readonly string[];
}

/** An interface that is made in the same call, and may be named by its slug before it exists. */
export interface Newcomer {
  readonly id: string;
  readonly deviceId: string;
  readonly hostname: string;
  readonly name: string;
}

/** The most interfaces that one may hang below, so that what it hangs below is a list and no page. */
export const deepest = 128;

/** What is wrong with a place in the tree of a device. */
export const misplaced = {
  looped: 'An interface may hang neither below itself nor below what hangs below it.',
  tooDeep: `An interface may hang below ${deepest} others at most.`,
};

/**
 * What each is to hang below: an interface of its own device, neither itself nor one that hangs below it, and not too
 * deep. The devices are locked, so that two calls together cannot close a loop either.
 * @throws InputError with every fault.
 */
export async function findParents(
  ctx: Context,
  hanging: readonly Hanging[],
  newcomers: readonly Newcomer[] = [],
): Promise<(string | null)[]> {
  const named = await lookUp(ctx, hanging, newcomers);
  const faults: FieldFault[] = [];
  const parents = hanging.map(({ deviceId, parent, parentId, path }, index) => {
    if (parent === undefined) return parentId;
    if (parent === null) return null;
    const found = named[index] ?? null;
    if (!found) faults.push({ path, message: `NetworkInterface not found: ${describeKey(parent)}.` });
    else if (found.deviceId !== deviceId)
      faults.push({ path, message: 'The parent of an interface must be on the same device.' });
    return found?.id ?? null;
  });
  if (faults.length > 0) throw new InputError(faults);
  await refuseMisplaced(ctx, hanging, parents, new Set(newcomers.map(({ id }) => id)));
  return parents;
}

/** A key means an interface of the Site of the one that is to hang below it. */
async function lookUp(
  ctx: Context,
  hanging: readonly Hanging[],
  newcomers: readonly Newcomer[],
): Promise<(Pick<NetworkInterface, 'id' | 'deviceId'> | null)[]> {
  const fresh = new Map(newcomers.map((one) => [slotOf(one.deviceId, one.hostname, one.name), one]));
  const own = hanging.map(({ deviceId, parent }) => {
    const { nameSlug = '' } = parent ?? {};
    const slug = readSlug(nameSlug);
    return (slug && fresh.get(slotOf(deviceId, slug.hostname, slug.name))) ?? null;
  });
  const wanted = hanging.flatMap(({ siteId, parent }, index) =>
    parent && !own[index] ? [{ index, reference: { site: { id: siteId }, by: parent } }] : [],
  );
  const found = await findAll(
    ctx,
    interfaceFinder,
    wanted.map(({ reference }) => reference),
  );
  const byIndex = new Map(wanted.map(({ index }, at) => [index, found[at] ?? null]));
  return hanging.map((_, index) => own[index] ?? byIndex.get(index) ?? null);
}

const slotOf = (deviceId: string, hostname: string, name: string) => `${deviceId}/${foldHostname(hostname)}:${name}`;

async function refuseMisplaced(
  ctx: Context,
  hanging: readonly Hanging[],
  parents: readonly (string | null)[],
  fresh: ReadonlySet<string>,
): Promise<void> {
  const moved = hanging.filter(({ parent }) => parent != null);
  if (moved.length === 0) return;
  const starts = [...new Set(parents.filter((id) => id !== null))];
  const above = linksOf(starts, await ctx.use(interfaceStore).ancestors(starts));
  hanging.forEach(({ id }, index) => {
    above.set(id, parents[index] ?? null);
  });
  const looped = new Set(moved.filter(({ id }) => returnsTo(id, above)));
  const straight = moved.filter((one) => !looped.has(one));
  const deep = await findTooDeep(ctx, straight, above, fresh);
  const faults = moved.flatMap((one) => {
    const message = looped.has(one) ? misplaced.looped : deep.has(one.id) ? misplaced.tooDeep : null;
    return message === null ? [] : [{ path: one.path, message }];
  });
  if (faults.length > 0) throw new InputError(faults);
}

/** What hangs below what, of interfaces and the chains that they hang below. */
export function linksOf(
  ids: readonly string[],
  chains: readonly (readonly { readonly id: string }[])[],
): Map<string, string | null> {
  const above = new Map<string, string | null>();
  chains.forEach((chain, index) => {
    const links = [ids[index] ?? '', ...chain.map(({ id }) => id)];
    links.forEach((id, at) => {
      above.set(id, links[at + 1] ?? null);
    });
  });
  return above;
}

/**
 * Which of these would hang too deep, or would take something too deep that hangs below them. One read where there are
 * some that exist, and one more of their devices where the number of what hangs below them does not settle it.
 * @param above what is to hang below what, on all ways up from these.
 * @param fresh those of them that do not exist yet.
 */
export async function findTooDeep(
  ctx: Context,
  moved: readonly Pick<Hanging, 'id' | 'deviceId'>[],
  above: ReadonlyMap<string, string | null>,
  fresh: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const store = ctx.use(interfaceStore);
  const levelOf = ({ id }: Pick<Hanging, 'id'>) => wayUp(id, above).length;
  const deep = new Set(moved.flatMap((one) => (levelOf(one) > deepest ? [one.id] : [])));
  const standing = moved.filter(({ id }) => !deep.has(id) && !fresh.has(id));
  const scopes = standing.map(({ id }) => ({ kind: 'descendants' as const, id }));
  const below = scopes.length === 0 ? [] : await store.count(scopes, { filter: {}, visibility: 'all' });
  const open = standing.filter((one, index) => {
    const count = below[index] ?? 0;
    return count > 0 && levelOf(one) + count > deepest;
  });
  if (open.length === 0) return deep;
  const all = await store.ofDevices([...new Set(open.map(({ deviceId }) => deviceId))]);
  const planned = new Map([...all.map(({ id, parentId }) => [id, parentId] as const), ...above]);
  const burdened = new Set(all.flatMap(({ id }) => tooLong(wayUp(id, planned))));
  return new Set([...deep, ...open.flatMap(({ id }) => (burdened.has(id) ? [id] : []))]);
}

const tooLong = (way: readonly string[]): readonly string[] => (way.length > deepest ? way : []);

/** The ids on the way up from a thing, the nearest first; no more of them than show that it hangs too deep. */
export function wayUp(id: string, above: ReadonlyMap<string, string | null>): string[] {
  const way = new Set<string>();
  for (let next = above.get(id) ?? null; next !== null && !way.has(next); next = above.get(next) ?? null) {
    way.add(next);
    if (way.size > deepest) break;
  }
  return [...way];
}

/** Whether the way up from a thing leads back to it, unless that way is too long in any case. */
export const returnsTo = (id: string, above: ReadonlyMap<string, string | null>): boolean =>
  wayUp(id, above).includes(id);
