import { type Context, microseconds } from '#kernel/context.ts';
import { mayRead, refusal } from '#resolvers/network/access.ts';
import { attributesOf } from '#resolvers/network/attributes/values.ts';
import { isHost, toCidr } from '#resolvers/network/cidr.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import { created, onExisting, type Pass, type Verdicts } from '#resolvers/network/imports/pass.ts';
import { failed, type Verdict } from '#resolvers/network/imports/row.ts';
import type { FoundSite } from '#resolvers/network/imports/settle-sites.ts';
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

export async function settleNetworks(
  pass: Pass,
  items: readonly Item<NetworkWish>[],
  findSite: (name: string) => FoundSite,
): Promise<Verdicts> {
  const verdicts = new Map<Item, Verdict>();
  const unplaced = items.flatMap((item): Unplaced[] => {
    const site = findSite(item.wish.site);
    const refused = item.contradiction ?? ('id' in site ? null : site);
    if (refused) verdicts.set(item, refused);
    return 'id' in site && !refused ? [{ item, seed: toSeed(pass, item, site) }] : [];
  });
  const located = await findNetworks(pass, unplaced);
  const present = located.filter(({ standing }) => isKnown(pass.ctx, standing));
  const absent = located.filter(({ standing }) => !isKnown(pass.ctx, standing));
  for (const one of present) verdicts.set(one.item, verdictOf(pass, one));
  // Before anything is created: what is known of their ancestors would not be true any more.
  if (pass.writes) {
    await update(
      pass.ctx,
      present.filter(({ item }) => verdicts.get(item)?.outcome === 'UPDATED'),
    );
  }
  for (const [item, verdict] of await create(pass, absent)) verdicts.set(item, verdict);
  return verdicts;
}

const toSeed = ({ order }: Pass, { wish }: Item<NetworkWish>, site: { readonly id: string }): Seed => ({
  site,
  cidr: wish.cidr,
  state: wish.state ?? order.defaults?.state ?? undefined,
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
  const differing = located.flatMap(({ item, standing: { equal } }) => (equal && differs(item, equal) ? equal.id : []));
  if (!writes || differing.length === 0) return located;
  // The trees are locked, so nothing goes away; only a state may have changed since it was read.
  const locked = new Map((await store.lock(differing)).map((network) => [network?.id, network]));
  return located.map((one) => ({
    ...one,
    standing: { ...one.standing, equal: locked.get(one.standing.equal?.id) ?? one.standing.equal },
  }));
}

const isKnown = (ctx: Context, { equal, ancestors }: Standing): boolean =>
  equal !== null && mayRead(ctx, networkFacts(equal, ancestors));

/** The state of an assigned address follows from its assignments, whatever a file says. */
const differs = ({ wish }: Item<NetworkWish>, { state, cidr }: Network): boolean =>
  wish.state !== undefined && wish.state !== state && !(state === 'ASSIGNED' && isHost(toCidr(cidr)));

function verdictOf(pass: Pass, { item, standing: { equal, ancestors } }: Located): Verdict {
  if (!equal) throw new Error('What is not there yet is created.');
  const verdict = onExisting(pass, item, item.wish.cidr, differs(item, equal));
  const facts = networkFacts(equal, ancestors);
  const refused = verdict.outcome === 'UPDATED' ? refusal(pass.ctx, 'network:update', facts) : null;
  return refused ? failed(refused) : verdict;
}

/** New networks, shortest first whatever their order; a pass that does not write only says what would become of them. */
async function create({ ctx, writes }: Pass, located: readonly Located[]): Promise<Verdicts> {
  if (located.length === 0) return new Map();
  const seeds = located.map(({ seed }) => seed);
  const standings = located.map(({ standing }) => standing);
  const errors = writes
    ? (await insertNetworks(ctx, seeds)).map((outcome) => ('error' in outcome ? outcome.error : null))
    : (await judgeSeeds(ctx, seeds, standings)).errors;
  return new Map(
    located.map(({ item }, index) => {
      const error = errors[index];
      return [item, error ? failed(error) : created];
    }),
  );
}

async function update(ctx: Context, located: readonly Located[]): Promise<void> {
  const now = microseconds(ctx.clock.now());
  const changes = located.flatMap(({ item, standing: { equal, ancestors } }) =>
    equal
      ? [{ before: equal, ancestors, after: { ...equal, state: item.wish.state ?? equal.state, updatedAt: now } }]
      : [],
  );
  if (changes.length === 0) return;
  await ctx.use(networkStore).updateMany(changes.map(({ after }) => after));
  const carried = await attributesOf(
    ctx,
    changes.map(({ after }) => after.id),
  );
  for (const [index, { before, after, ancestors }] of changes.entries()) {
    const attributes = carried[index] ?? {};
    appendNetworkUpdated(ctx, before, after, ancestors, { before: attributes, after: attributes });
  }
}
