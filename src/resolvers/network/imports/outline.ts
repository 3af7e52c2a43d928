import type { GatehouseError } from '#kernel/errors.ts';
import type { Facts, PermissionName } from '#kernel/permission.ts';
import { mayRead, refusal } from '#resolvers/network/access.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import { created, onExisting, type Pass } from '#resolvers/network/imports/pass.ts';
import { failed, type Verdict } from '#resolvers/network/imports/row.ts';
import { unknown } from '#resolvers/network/imports/settle-sites.ts';
import type { SiteWish, Wish } from '#resolvers/network/imports/wish.ts';
import { siteFacts } from '#resolvers/network/sites/site.ts';

/*
 * Every step settles its items in one way: those whose Site and references are had are held against what there is, each
 * gets its verdict, and then what is changed and what is made is written, many at once, before the events are appended.
 */

type SitedWish = Exclude<Wish, SiteWish>;

/** An item whose Site is known. */
export interface Sited<W extends SitedWish> {
  readonly item: Item<W>;
  readonly siteId: string;
}

/** Items that contradict themselves, and those whose Site cannot be had, get their verdict; the others are answered. */
export function inSites<W extends SitedWish>(
  pass: Pass,
  items: readonly Item<W>[],
  verdicts: Map<Item, Verdict>,
): Sited<W>[] {
  return items.flatMap((item): Sited<W>[] => {
    const site = pass.known.site(item.wish.site);
    const refused = item.contradiction ?? ('id' in site ? null : site);
    if (refused) verdicts.set(item, refused);
    return 'id' in site && !refused ? [{ item, siteId: site.id }] : [];
  });
}

/** What a verdict rests on. */
export interface Case {
  /**
   * What there is, as far as the viewer may know of it: how the item calls it, and whether the item asks for something
   * else.
   */
  readonly there: { readonly name: string; readonly differs: boolean } | null;
  /** All of these rights are needed to make it. */
  readonly create: readonly Need[];
  /** All of these are needed to change it. */
  readonly update: readonly Need[];
  /** What else is wrong, where something is to be written. */
  readonly error: GatehouseError | null;
}

type Need = readonly [PermissionName, Facts];

/** What becomes of an item: what is not there is made, and what is there is treated as the import is told. */
export function verdictFor(
  pass: Pass,
  { item, siteId }: Sited<SitedWish>,
  { there, create, update, error }: Case,
): Verdict {
  const refused = (needs: readonly Need[]) =>
    needs.map(([need, facts]) => refusal(pass.ctx, need, facts)).find((one) => one !== null) ?? null;
  if (!there) {
    const lacking = refused(create);
    if (!lacking) return error ? failed(error) : created;
    return mayRead(pass.ctx, siteFacts({ id: siteId })) ? failed(lacking) : unknown(item.wish.site);
  }
  const verdict = onExisting(pass, item, there.name, there.differs);
  const fault = verdict.outcome === 'UPDATED' ? (refused(update) ?? error) : null;
  return fault ? failed(fault) : verdict;
}

/** The verdicts of one step, as they grow. */
export class Docket<T extends { readonly item: Item }> {
  readonly verdicts = new Map<Item, Verdict>();
  readonly ids = new Map<Item, string>();

  /** Those of the list that are to be made, or to be changed. */
  having(outcome: 'CREATED' | 'UPDATED', list: readonly T[]): T[] {
    return list.filter(({ item }) => this.verdicts.get(item)?.outcome === outcome);
  }

  fails({ item }: T): boolean {
    return this.verdicts.get(item)?.outcome === 'FAILED';
  }
}

/** What is to have a name that something else may have now. */
export interface Naming {
  readonly item: Item;
  /** What there is of it. */
  readonly thing: { readonly id: string } | null;
  /** What else has the name that it is to have. */
  readonly holder: { readonly id: string } | null;
  /** Whether it gives up the name that it has. */
  readonly leaves: boolean;
}

/** A name can be had only when what has it gets another one. Items that cannot have theirs fail. */
export function refuseTaken<N extends Naming>(
  namings: readonly N[],
  verdicts: Map<Item, Verdict>,
  taken: (one: N) => GatehouseError,
): void {
  const changes = ({ item }: Naming) => ['CREATED', 'UPDATED'].includes(verdicts.get(item)?.outcome ?? '');
  const waiting = Map.groupBy(
    namings.filter(({ holder }) => holder !== null),
    ({ holder }) => holder?.id,
  );
  const leaving = new Set(namings.filter((one) => one.leaves && changes(one)).map(({ thing }) => thing?.id));
  const staying = [...waiting.keys()].filter((id) => !leaving.has(id));
  for (let id = staying.pop(); id !== undefined; id = staying.pop()) {
    for (const one of waiting.get(id) ?? []) {
      if (!changes(one)) continue;
      verdicts.set(one.item, failed(taken(one)));
      if (one.thing && leaving.has(one.thing.id)) staying.push(one.thing.id);
    }
  }
}
