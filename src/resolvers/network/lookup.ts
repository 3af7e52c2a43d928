import type { Context } from '#kernel/context.ts';
import { AmbiguousError, InputError } from '#kernel/errors.ts';
import { rowIdOf } from '#kernel/id.ts';
import { describeKey } from '#kernel/input.ts';
import { mayRead } from '#resolvers/network/access.ts';
import type { Items } from '#resolvers/network/bulk.ts';
import { notFound, type Reference } from '#resolvers/network/keys.ts';
import { sitesByKey, unknownSite } from '#resolvers/network/sites/find.ts';
import { type Site, siteFacts } from '#resolvers/network/sites/site.ts';

/** A natural key, in the Site with this row id or in all. */
export interface NaturalKey {
  readonly siteId: string | null;
  readonly key: string;
}

/** How things of a kind in Sites are found. Both answer with what the viewer may read and nothing else. */
export interface Finder<T extends { readonly id: string; readonly siteId: string }> {
  /** The type in the graph. */
  readonly type: string;
  readonly plural: string;
  /** The name of the natural key. */
  readonly key: string;
  byIds(ctx: Context, ids: readonly string[]): Promise<(T | null)[]>;
  /** Two for each at most: enough to know that a key fits several Sites. */
  byKeys(ctx: Context, keys: readonly NaturalKey[]): Promise<(readonly T[])[]>;
}

/**
 * The things that references name, null where nothing that the viewer may read has the key.
 * @throws AmbiguousError for a natural key without Site that fits several.
 */
export async function findAll<T extends { readonly id: string; readonly siteId: string }>(
  ctx: Context,
  finder: Finder<T>,
  references: readonly Reference[],
  path: (index: number, ...rest: readonly string[]) => readonly string[] = (_, ...rest) => rest,
): Promise<(T | null)[]> {
  return (await resolve(ctx, finder, references, path)).map((found) => found.thing);
}

/**
 * The things that a mutation is about.
 * @throws NotFoundError for the first that is none, for bulk calls with one sentence for all; InputError where its Site
 * is named and none that the viewer may read; AmbiguousError.
 */
export async function expectAll<T extends { readonly id: string; readonly siteId: string }>(
  ctx: Context,
  finder: Finder<T>,
  items: Items<Reference>,
  verb: 'update' | 'delete',
): Promise<T[]> {
  const found = await resolve(ctx, finder, items.values, items.path);
  return found.map(({ thing, site }, index) => {
    if (thing) return thing;
    const reference = items.values[index] as Reference;
    if (reference.site && !(site && mayRead(ctx, siteFacts(site))))
      throw new InputError([unknownSite(reference.site, items.path(index, 'site'))]);
    throw notFound(finder.type, items, index, verb);
  });
}

async function resolve<T extends { readonly id: string; readonly siteId: string }>(
  ctx: Context,
  finder: Finder<T>,
  references: readonly Reference[],
  path: (index: number, ...rest: readonly string[]) => readonly string[],
): Promise<{ thing: T | null; site: Site | null }[]> {
  const sites = await sitesOf(ctx, references);
  const ids = references.map(({ by: { id } }) => (id === undefined ? null : rowIdOf(finder.type, id)));
  const byId = await thingsById(ctx, finder, ids);
  const keyed = references.flatMap((reference, index) => {
    const key = reference.by[finder.key];
    if (key === undefined || (reference.site && !sites[index])) return [];
    return [{ index, key: { siteId: sites[index]?.id ?? null, key } }];
  });
  const matches =
    keyed.length === 0
      ? []
      : await finder.byKeys(
          ctx,
          keyed.map((entry) => entry.key),
        );
  const byKey = new Map(keyed.map((entry, position) => [entry.index, matches[position] ?? []]));
  return references.map((reference, index) => {
    const site = sites[index] ?? null;
    const matched = byKey.get(index) ?? [];
    if (matched.length > 1)
      throw new AmbiguousError(
        `Multiple ${finder.plural} matched ${describeKey(reference.by)}. Give a site or an id.`,
        path(index, 'by'),
      );
    const thing = byId.get(ids[index] ?? '') ?? matched[0] ?? null;
    return { thing: thing && (!reference.site || site?.id === thing.siteId) ? thing : null, site };
  });
}

async function sitesOf(ctx: Context, references: readonly Reference[]): Promise<(Site | null)[]> {
  const keys = references.flatMap(({ site }) => site ?? []);
  const found = keys.length === 0 ? [] : await sitesByKey(ctx, keys);
  let next = 0;
  return references.map(({ site }) => (site ? (found[next++] ?? null) : null));
}

async function thingsById<T extends { readonly id: string; readonly siteId: string }>(
  ctx: Context,
  finder: Finder<T>,
  ids: readonly (string | null)[],
): Promise<Map<string, T>> {
  const wanted = [...new Set(ids)].filter((id) => id !== null);
  const found = wanted.length === 0 ? [] : await finder.byIds(ctx, wanted);
  return new Map(found.flatMap((thing) => (thing ? [[thing.id, thing]] : [])));
}
