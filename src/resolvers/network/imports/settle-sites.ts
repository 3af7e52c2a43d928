import { type Context, microseconds } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { mayRead, refusal } from '#resolvers/network/access.ts';
import type { Item, Sorted } from '#resolvers/network/imports/items.ts';
import type { Found } from '#resolvers/network/imports/known.ts';
import { created, type Look, Overtaken, onExisting, type Verdicts } from '#resolvers/network/imports/pass.ts';
import { failed, failure, type Verdict } from '#resolvers/network/imports/row.ts';
import { identityOf, type SiteWish } from '#resolvers/network/imports/wish.ts';
import { insertSites } from '#resolvers/network/sites/create.ts';
import { unknownSite } from '#resolvers/network/sites/find.ts';
import { type Site, siteFacts, siteStore } from '#resolvers/network/sites/site.ts';
import { appendSiteUpdated } from '#resolvers/network/sites/update.ts';

interface SettledSites {
  readonly verdicts: Verdicts;
  find(name: string): Found;
}

export async function settleSites(
  pass: Look,
  sorted: Pick<Sorted, 'of' | 'siteNames' | 'lost'>,
): Promise<SettledSites> {
  const items = sorted.of('SITE');
  const known = await findSites(pass, items, sorted.siteNames);
  const verdicts = new Map<Item, Verdict>(items.map((item) => [item, verdictOf(pass, item, known)]));
  const having = (outcome: Verdict['outcome']) => items.filter((item) => verdicts.get(item)?.outcome === outcome);
  const fresh = having('CREATED');
  const made =
    pass.writes && fresh.length > 0
      ? await insertSites(
          pass.ctx,
          fresh.map(({ wish }) => wish),
        )
      : [];
  fresh.forEach(({ wish: { name } }, index) => {
    const site = pass.writes ? made[index] : { id: newId() };
    if (!site) throw new Overtaken(name);
    known.set(name, site as Site);
  });
  if (pass.writes) await update(pass.ctx, having('UPDATED'), known);
  const refused = new Set(
    items.filter((item) => verdicts.get(item)?.outcome === 'FAILED').map(({ wish }) => wish.name),
  );
  return {
    verdicts,
    find(name) {
      const site = known.get(name);
      if (site) return site;
      if (refused.has(name) || sorted.lost.has(identityOf({ kind: 'SITE', name })))
        return failure('DEPENDENCY_FAILED', `Its site ${name} failed too.`, ['site']);
      return unknown(name);
    },
  };
}

/** What there is of the Sites, held against deletion while the pass writes, exclusively where it may change them. */
async function findSites(
  { ctx, writes }: Look,
  items: readonly Item<SiteWish>[],
  names: ReadonlySet<string>,
): Promise<Map<string, Site>> {
  const store = ctx.use(siteStore);
  const wanted = new Map(items.map(({ wish }) => [wish.name, wish]));
  const all = [...new Set([...wanted.keys(), ...names])];
  const found = (all.length === 0 ? [] : await store.getByName(all)).filter((site) => site !== null);
  if (!writes) return byName(found);
  const changes = ({ name, description }: Site) => (wanted.get(name)?.description ?? description) !== description;
  const take = async (how: 'lock' | 'hold', sites: readonly Site[]) => {
    const ids = sites.map((site) => site.id).sort();
    return (ids.length === 0 ? [] : await store[how](ids)).filter((site) => site !== null);
  };
  const locked = await take('lock', found.filter(changes));
  const held = await take(
    'hold',
    found.filter((site) => !changes(site)),
  );
  // Somebody may have changed one of them since it was found, or given it another name: then another one is meant.
  const changed = await take('lock', held.filter(changes));
  return byName([...held, ...locked, ...changed].filter((site) => wanted.has(site.name) || names.has(site.name)));
}

const byName = (sites: readonly Site[]): Map<string, Site> => new Map(sites.map((site) => [site.name, site]));

function verdictOf(pass: Look, item: Item<SiteWish>, known: ReadonlyMap<string, Site>): Verdict {
  if (item.contradiction) return item.contradiction;
  const { name, description } = item.wish;
  const site = known.get(name);
  if (!site || !mayRead(pass.ctx, siteFacts(site))) {
    const refused = refusal(pass.ctx, 'network:admin', {});
    return refused ? failed(refused) : created;
  }
  const verdict = onExisting(pass, item, name, description !== undefined && description !== site.description);
  const refused = verdict.outcome === 'UPDATED' ? refusal(pass.ctx, 'network:admin', siteFacts(site)) : null;
  return refused ? failed(refused) : verdict;
}

async function update(ctx: Context, items: readonly Item<SiteWish>[], known: ReadonlyMap<string, Site>): Promise<void> {
  const now = microseconds(ctx.clock.now());
  const pairs = items.flatMap(({ wish }) => {
    const before = known.get(wish.name);
    return before ? [{ before, after: { ...before, description: wish.description ?? '', updatedAt: now } }] : [];
  });
  if (pairs.length === 0) return;
  await ctx.use(siteStore).describeMany(pairs.map(({ after }) => after));
  for (const { before, after } of pairs) appendSiteUpdated(ctx, before, after);
}

/** A Site that the viewer may not know of is as unknown as one that does not exist. */
export const unknown = (name: string): Verdict => failed(new InputError([unknownSite({ name }, ['site'])]));
