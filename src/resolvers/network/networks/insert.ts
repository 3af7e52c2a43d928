import { isHost, toCidr } from '#kernel/cidr.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError, type GatehouseError, InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { mayRead, refusal } from '#resolvers/network/access.ts';
import type { Attribute } from '#resolvers/network/attributes/attribute.ts';
import {
  type CheckedAttributes,
  type GivenAttributes,
  judgeAttributes,
  noAttributes,
} from '#resolvers/network/attributes/check.ts';
import { storeAttributes } from '#resolvers/network/attributes/values.ts';
import type { SiteKey } from '#resolvers/network/keys.ts';
import { type Placed, placeAmong, type Standing } from '#resolvers/network/networks/ancestors.ts';
import {
  type Allocation,
  type Network,
  type NetworkState,
  namedInEvent,
  networkCreated,
  networkFacts,
  networkGlobalId,
  toNetworkSnapshot,
} from '#resolvers/network/networks/network.ts';
import { type Gathering, networkStore, type Tree } from '#resolvers/network/networks/store.ts';
import { unknownSite } from '#resolvers/network/sites/find.ts';
import { siteFacts } from '#resolvers/network/sites/site.ts';

/** A network to be. */
export interface Seed {
  /** Held by the caller. */
  readonly site: { readonly id: string };
  /** In canonical form. */
  readonly cidr: string;
  /** ALLOCATED unless said. */
  readonly state?: NetworkState | undefined;
  /** All that it is to carry; nothing unless said. */
  readonly attributes?: GivenAttributes | undefined;
  /**
   * For a network taken from the free space of one on which the caller has checked `network:allocate`: no right to
   * create is asked for.
   */
  readonly allocation?: Allocation;
  /** How the caller named the Site, for messages. */
  readonly named?: SiteKey;
  /** Where it stands in the input, for messages. */
  readonly path?: readonly string[];
}

export type Outcome = { readonly network: Network } | { readonly error: GatehouseError };

/**
 * Inserts networks, however many, with parents from one sweep, a fixed number of statements, and their events in the
 * order of the seeds. Each that cannot be inserted has its error in its place and leaves the others alone, save that
 * what it would have held has another parent. Rights are checked here, since what holds a network may give them; the
 * caller has checked the content but for the attributes, holds the Sites, and opened the transaction.
 *
 * Takes the locks of the trees.
 */
export async function insertNetworks(ctx: Context, seeds: readonly Seed[]): Promise<Outcome[]> {
  if (seeds.length === 0) return [];
  const store = ctx.use(networkStore);
  await store.lockTrees(treesOf(seeds));
  const known = await store.containing(seeds.map(placeOf));
  const { errors, attributes } = await judgeSeeds(ctx, seeds, placeAmong(known, seeds.map(placeOf)));
  const fresh = seeds.map((seed, index) => (errors[index] ? null : toNetwork(ctx, seed)));
  const good = fresh.filter((network) => network !== null);
  const planted = plant(good, known);
  await insertAll(ctx, planted);
  const extras = new Map(
    fresh.map((network, index) => [
      network?.id ?? '',
      { checked: attributes[index] ?? noAttributes, allocation: seeds[index]?.allocation },
    ]),
  );
  await storeAttributes(
    ctx,
    'NETWORK',
    planted.flatMap(({ network: { id, siteId } }) => {
      const checked = extras.get(id)?.checked ?? noAttributes;
      return checked.parts.length > 0 ? [{ targetId: id, siteId, checked }] : [];
    }),
  );
  await announce(ctx, planted, extras);
  const byId = new Map(planted.map((plant) => [plant.network.id, plant.network]));
  return fresh.map((network, index): Outcome => {
    const error = errors[index];
    if (error) return { error };
    return { network: byId.get(network?.id ?? '') as Network };
  });
}

const placeOf = (seed: Seed): Placed => ({ siteId: seed.site.id, cidr: seed.cidr });

export function treesOf(seeds: readonly Seed[]): Tree[] {
  const trees = new Map<string, Tree>();
  for (const { site, cidr } of seeds) {
    const { version } = toCidr(cidr);
    trees.set(`${site.id}/${version}`, { siteId: site.id, version });
  }
  return [...trees.values()];
}

export interface JudgedSeeds {
  /** What is wrong with each seed; null for what is good. */
  readonly errors: readonly (GatehouseError | null)[];
  /** What each seed is to carry; null where it is wrong. */
  readonly attributes: readonly (CheckedAttributes | null)[];
}

/**
 * Judges seeds by the definitions of their attributes, by the tree as it is, and by the seeds before and around them.
 * @param standings of the seeds, in their order.
 * @param planned see `judgeAttributes`.
 */
export async function judgeSeeds(
  ctx: Context,
  seeds: readonly Seed[],
  standings: readonly Standing[],
  planned: readonly Attribute[] = [],
): Promise<JudgedSeeds> {
  const judged = await judgeAttributes(
    ctx,
    'NETWORK',
    seeds.map(({ site, attributes = {}, path = [] }) => ({
      siteId: site.id,
      given: attributes,
      path: [...path, 'attributes'],
    })),
    planned,
  );
  const faults = judged.map((verdict) => ('faults' in verdict ? new InputError(verdict.faults) : null));
  return {
    errors: refuseSeeds(ctx, seeds, standings, faults),
    attributes: judged.map((verdict) => ('faults' in verdict ? null : verdict)),
  };
}

function refuseSeeds(
  ctx: Context,
  seeds: readonly Seed[],
  standings: readonly Standing[],
  faults: readonly (InputError | null)[],
): (GatehouseError | null)[] {
  const taken = new Set<string>();
  const errors = seeds.map((seed, index) => {
    const standing = standings[index] ?? { ancestors: [], equal: null };
    const key = `${seed.site.id}/${seed.cidr}`;
    const error =
      refuseRight(ctx, seed, standing.ancestors) ??
      refuseTaken(seed, standing, taken.has(key)) ??
      faults[index] ??
      null;
    if (!error) taken.add(key);
    return error;
  });
  // Only networks that are really inserted can be the base of an address.
  const subnets = seeds.filter((seed, index) => !errors[index] && !isHost(toCidr(seed.cidr)));
  const among = placeAmong(
    subnets.map((seed) => ({ ...toNetworkShape(seed), id: '' })),
    seeds.map(placeOf),
  );
  return errors.map((error, index) => {
    const seed = seeds[index] as Seed;
    if (error || !isHost(toCidr(seed.cidr))) return error;
    const based = (standings[index]?.ancestors.length ?? 0) + (among[index]?.ancestors.length ?? 0) > 0;
    return based ? null : InputError.at([...(seed.path ?? []), 'cidr'], 'IP Address needs base network.');
  });
}

/** A Site that the viewer named and may not know of is as unknown as one that does not exist. */
function refuseRight(ctx: Context, seed: Seed, ancestors: readonly Network[]): GatehouseError | null {
  const facts = networkFacts({ id: '', siteId: seed.site.id }, ancestors);
  const refused = seed.allocation ? null : refusal(ctx, 'network:create', facts);
  if (!refused || !seed.named || mayRead(ctx, siteFacts(seed.site))) return refused;
  return new InputError([unknownSite(seed.named, [...(seed.path ?? []), 'site'])]);
}

function refuseTaken(seed: Seed, standing: Standing, repeated: boolean): GatehouseError | null {
  if (!standing.equal && !repeated) return null;
  return new ConflictError(`${seed.cidr} already exists in this site.`, [...(seed.path ?? []), 'cidr']);
}

const toNetworkShape = ({ site, cidr, state = 'ALLOCATED' }: Seed): Omit<Network, 'id'> => ({
  siteId: site.id,
  cidr,
  state,
  parentId: null,
  createdAt: '',
  updatedAt: '',
});

function toNetwork(ctx: Context, seed: Seed): Network {
  const now = microseconds(ctx.clock.now());
  return { ...toNetworkShape(seed), id: newId(), createdAt: now, updatedAt: now };
}

interface Plant {
  readonly network: Network;
  /** As the tree is after the call. */
  readonly ancestors: readonly Network[];
  /** The closest network that held it before the call. */
  readonly formerParentId: string | null;
}

/** New networks with their parents, in the order given. */
function plant(fresh: readonly Network[], known: readonly Network[]): Plant[] {
  const before = placeAmong(known, fresh);
  const after = placeAmong([...known, ...fresh], fresh);
  const parented = new Map<string, Network>();
  const plants = fresh.map((network, index) => {
    const parentId = after[index]?.ancestors.at(-1)?.id ?? null;
    parented.set(network.id, { ...network, parentId });
    return { id: network.id, formerParentId: before[index]?.ancestors.at(-1)?.id ?? null };
  });
  return plants.map(({ id, formerParentId }, index) => ({
    network: parented.get(id) as Network,
    ancestors: (after[index]?.ancestors ?? []).map((ancestor) => parented.get(ancestor.id) ?? ancestor),
    formerParentId,
  }));
}

async function insertAll(ctx: Context, planted: readonly Plant[]): Promise<void> {
  if (planted.length === 0) return;
  const inserted = await ctx.use(networkStore).insertMany(planted.map(({ network }) => network));
  const missing = planted.find((_, index) => !inserted[index]);
  // The lock keeps everybody else out, and what was there is known: only a broken store can come here.
  if (missing) throw new ConflictError(`${missing.network.cidr} already exists in this site.`, ['cidr']);
}

/** Lets the new networks adopt what is theirs, and appends an event for each. */
async function announce(
  ctx: Context,
  planted: readonly Plant[],
  extras: ReadonlyMap<string, { readonly checked: CheckedAttributes; readonly allocation: Allocation | undefined }>,
): Promise<void> {
  const parents = planted.filter(({ network }) => !isHost(toCidr(network.cidr)));
  const gathered = parents.length === 0 ? [] : await ctx.use(networkStore).adopt(parents, namedInEvent);
  const adopted = new Map<string, Gathering | undefined>(
    parents.map(({ network }, index) => [network.id, gathered[index]]),
  );
  for (const { network, ancestors } of planted) {
    const extra = extras.get(network.id);
    const snapshot = toNetworkSnapshot(network, ancestors.at(-1), extra?.checked.attributes ?? {});
    const children = adopted.get(network.id);
    ctx.events.append(
      networkCreated,
      {
        network: snapshot,
        adoptedCount: children?.count ?? 0,
        adopted: (children?.first ?? []).map(networkGlobalId),
        allocation: extra?.allocation,
      },
      { subject: networkGlobalId(network.id), scope: networkFacts(network, ancestors), after: snapshot },
    );
  }
}
