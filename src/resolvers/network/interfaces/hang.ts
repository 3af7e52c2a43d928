import type { Context } from '#kernel/context.ts';
import { type FieldFault, InputError } from '#kernel/errors.ts';
import { foldHostname } from '#resolvers/network/devices/hostname.ts';
import { interfaceFinder } from '#resolvers/network/interfaces/find.ts';
import { type NetworkInterface, readSlug } from '#resolvers/network/interfaces/interface.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { describeKey, type Reference } from '#resolvers/network/keys.ts';
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

/**
 * What each is to hang below: an interface of its own device, neither itself nor one that hangs below it. The devices
 * are locked, so that two calls together cannot close a loop either.
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
    if (!found) faults.push({ path, message: `Interface not found: ${describeKey(parent)}.` });
    else if (found.deviceId !== deviceId)
      faults.push({ path, message: 'The parent of an interface must be on the same device.' });
    return found?.id ?? null;
  });
  if (faults.length > 0) throw new InputError(faults);
  await refuseLoops(ctx, hanging, parents);
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

async function refuseLoops(
  ctx: Context,
  hanging: readonly Hanging[],
  parents: readonly (string | null)[],
): Promise<void> {
  const moved = hanging.filter(({ parent }) => parent != null);
  if (moved.length === 0) return;
  const starts = [...new Set(parents.filter((id) => id !== null))];
  const chains = await ctx.use(interfaceStore).ancestors(starts);
  const above = new Map<string, string | null>();
  chains.forEach((chain, index) => {
    const ids = [starts[index] ?? '', ...chain.map(({ id }) => id)];
    ids.forEach((id, at) => {
      above.set(id, ids[at + 1] ?? null);
    });
  });
  hanging.forEach(({ id }, index) => {
    above.set(id, parents[index] ?? null);
  });
  const faults = moved
    .filter(({ id }) => returnsTo(id, above))
    .map(({ path }) => ({
      path,
      message: 'An interface may hang neither below itself nor below what hangs below it.',
    }));
  if (faults.length > 0) throw new InputError(faults);
}

/** Whether the way up from a thing leads back to it. */
export function returnsTo(id: string, above: ReadonlyMap<string, string | null>): boolean {
  const seen = new Set<string>();
  let next = above.get(id) ?? null;
  while (next !== null && !seen.has(next)) {
    if (next === id) return true;
    seen.add(next);
    next = above.get(next) ?? null;
  }
  return false;
}
