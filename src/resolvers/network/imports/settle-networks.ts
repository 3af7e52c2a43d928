import { isHost, toCidr } from '#kernel/cidr.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import type { GatehouseError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { mayRead, refusal } from '#resolvers/network/access.ts';
import { storeAttributes } from '#resolvers/network/attributes/values.ts';
import { type Carried, carriedBy, judgeCarried, sayMore, toCarry } from '#resolvers/network/imports/carried.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import type { Settled } from '#resolvers/network/imports/known.ts';
import { inSites, type Sited } from '#resolvers/network/imports/outline.ts';
import { created, onExisting, type Pass } from '#resolvers/network/imports/pass.ts';
import { failed, type Verdict } from '#resolvers/network/imports/row.ts';
import type { NetworkWish } from '#resolvers/network/imports/wish.ts';
import { placeAmong, type Standing } from '#resolvers/network/networks/ancestors.ts';
import { insertNetworks, judgeSeeds, type Seed, treesOf } from '#resolvers/network/networks/insert.ts';
import { type Network, networkFacts } from '#resolvers/network/networks/network.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { appendNetworkUpdated } from '#resolvers/network/networks/update.ts';

/** An item whose Site is known, with its place among the networks that there are. */
interface Located {
  readonly item: Item<NetworkWish>;
  readonly seed: Seed;
  readonly standing: Standing;
}

type Unplaced = Omit<Located, 'standing'>;

/** One that is there, with what it is to carry, judged. */
interface Present extends Omit<Located, 'standing'> {
  readonly network: Network;
  readonly ancestors: readonly Network[];
  readonly carried: Carried;
}

/** Networks are found by their prefix alone, which never changes. */
export async function settleNetworks(pass: Pass, items: readonly Item<NetworkWish>[]): Promise<Settled> {
  const verdicts = new Map<Item, Verdict>();
  const ids = new Map<Item, string>();
  const unplaced = inSites(pass, items, verdicts).map((one) => ({ item: one.item, seed: toSeed(pass, one) }));
  const located = await findNetworks(pass, unplaced);
  const absent = located.filter(({ standing }) => !isKnown(pass.ctx, standing));
  const present = await judge(
    pass,
    located.filter(({ standing }) => isKnown(pass.ctx, standing)),
  );
  for (const one of present) {
    const verdict = verdictOf(pass, one);
    verdicts.set(one.item, verdict);
    if (verdict.outcome !== 'FAILED') ids.set(one.item, one.network.id);
  }
  // Before anything is created: what is known of their ancestors would not be true any more.
  const changes = changesOf(
    pass.ctx,
    present.filter(({ item }) => verdicts.get(item)?.outcome === 'UPDATED'),
  );
  if (pass.writes) await update(pass.ctx, changes);
  else for (const { after } of changes) pass.known.networks.push(after);
  const made = await create(pass, absent);
  absent.forEach(({ item }, index) => {
    const outcome = made[index];
    if (!outcome) return;
    verdicts.set(item, 'error' in outcome ? failed(outcome.error) : created);
    if ('id' in outcome) ids.set(item, outcome.id);
  });
  return { verdicts, ids };
}

const toSeed = ({ order }: Pass, { item: { wish }, siteId }: Sited<NetworkWish>): Seed => ({
  site: { id: siteId },
  cidr: wish.cidr,
  state: wish.state ?? order.defaults?.state ?? undefined,
  attributes: { ...order.defaults?.attributes, ...wish.attributes },
  named: { name: wish.site },
});

/** The items at their places; the networks that the pass may change are locked. */
async function findNetworks({ ctx, writes }: Pass, unplaced: readonly Unplaced[]): Promise<Located[]> {
  if (unplaced.length === 0) return [];
  const store = ctx.use(networkStore);
  if (writes) await store.lockTrees(treesOf(unplaced.map(({ seed }) => seed)));
  const places = unplaced.map(({ seed }) => ({ siteId: seed.site.id, cidr: seed.cidr }));
  const standings = placeAmong(await store.containing(places), places);
  const located = unplaced.map((one, index) => ({
    ...one,
    standing: standings[index] ?? { ancestors: [], equal: null },
  }));
  if (!writes) return located;
  const carried = await carriedBy(
    ctx,
    located.map(({ item, standing: { equal } }) => (item.wish.attributes && equal ? equal.id : null)),
  );
  const differing = located.flatMap(({ item, standing: { equal } }, index) =>
    equal && (setsState(item, equal) || sayMore(item.wish.attributes, carried[index] ?? {})) ? equal.id : [],
  );
  if (differing.length === 0) return located;
  // The trees are locked, so nothing goes away; only what may be changed may have changed since it was read.
  const locked = new Map((await store.lock(differing)).map((network) => [network?.id, network]));
  return located.map((one) => ({
    ...one,
    standing: { ...one.standing, equal: locked.get(one.standing.equal?.id) ?? one.standing.equal },
  }));
}

const isKnown = (ctx: Context, { equal, ancestors }: Standing): boolean =>
  equal !== null && mayRead(ctx, networkFacts(equal, ancestors));

/** The state of an assigned address follows from its assignments, whatever a file says. */
const setsState = ({ wish }: Item<NetworkWish>, { state, cidr }: Network): boolean =>
  wish.state !== undefined && wish.state !== state && !(state === 'ASSIGNED' && isHost(toCidr(cidr)));

async function judge(pass: Pass, located: readonly Located[]): Promise<Present[]> {
  const present = located.flatMap(({ standing: { equal, ancestors }, ...rest }) =>
    equal ? [{ ...rest, network: equal, ancestors }] : [],
  );
  const carried = await judgeCarried(
    pass,
    'NETWORK',
    present.map(({ item, network }) => ({
      siteId: network.siteId,
      targetId: network.id,
      given: item.wish.attributes,
    })),
  );
  return present.map((one, index) => ({ ...one, carried: carried[index] as Carried }));
}

function verdictOf(pass: Pass, { item, network, ancestors, carried }: Present): Verdict {
  const verdict = onExisting(pass, item, item.wish.cidr, setsState(item, network) || carried.changed);
  if (verdict.outcome !== 'UPDATED') return verdict;
  const refused = refusal(pass.ctx, 'network:update', networkFacts(network, ancestors)) ?? carried.error;
  return refused ? failed(refused) : verdict;
}

/** New networks, shortest first whatever their order; a pass that does not write only says what would become of them. */
async function create(
  { ctx, writes, known }: Pass,
  located: readonly Located[],
): Promise<({ readonly id: string } | { readonly error: GatehouseError })[]> {
  if (located.length === 0) return [];
  const seeds = located.map(({ seed }) => seed);
  if (writes) {
    const outcomes = await insertNetworks(ctx, seeds);
    return outcomes.map((outcome) => ('network' in outcome ? { id: outcome.network.id } : outcome));
  }
  const standings = located.map(({ standing }) => standing);
  const { errors } = await judgeSeeds(ctx, seeds, standings, known.definitions);
  const now = microseconds(ctx.clock.now());
  return errors.map((error, index) => {
    if (error) return { error };
    const { site, cidr, state = 'ALLOCATED' } = seeds[index] as Seed;
    const id = newId();
    known.networks.push({ id, siteId: site.id, cidr, state, parentId: null, createdAt: now, updatedAt: now });
    return { id };
  });
}

interface Change {
  readonly before: Network;
  readonly after: Network;
  readonly ancestors: readonly Network[];
  readonly carried: Carried;
}

function changesOf(ctx: Context, present: readonly Present[]): Change[] {
  const now = microseconds(ctx.clock.now());
  return present.map(({ item, network, ancestors, carried }) => {
    const state = setsState(item, network) ? (item.wish.state ?? network.state) : network.state;
    return { before: network, ancestors, after: { ...network, state, updatedAt: now }, carried };
  });
}

async function update(ctx: Context, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  await ctx.use(networkStore).updateMany(changes.map(({ after }) => after));
  await storeAttributes(
    ctx,
    'NETWORK',
    changes.flatMap(({ after, carried }) => toCarry(after, carried)),
  );
  for (const { before, after, ancestors, carried } of changes)
    appendNetworkUpdated(ctx, before, after, ancestors, carried);
}
