import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { instant, parse } from '#kernel/input.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { refuseUnchanged } from '#resolvers/threat/access.ts';
import { namedCollections } from '#resolvers/threat/collections/find.ts';
import { type CollectionKey, collectionKey, readableByKeys } from '#resolvers/threat/collections/keys.ts';
import { readableCollections } from '#resolvers/threat/collections/readable.ts';
import type { StixVersion } from '#resolvers/threat/objects/stix-object.ts';
import { soughtAs } from '#resolvers/threat/observables/normal-form.ts';
import {
  type IndicatorObservable,
  type ObservableFilter,
  observableKinds,
  observableStore,
} from '#resolvers/threat/observables/observable.ts';

/** How addresses are compared with the one that is asked for. */
export const addressMatches = ['COVERING', 'EXACT', 'WITHIN'] as const;

const observableSearch = z.object({
  value: z.string('A value must be a text.').nullish(),
  kind: z.enum(observableKinds).nullish(),
  match: z.enum(addressMatches).nullish(),
  activeAt: instant().nullish(),
  includeRevoked: z.boolean().nullish(),
  collections: z.array(collectionKey).max(1000, 'Give 1000 collections at most.').nullish(),
});
export type ObservableSearch = z.input<typeof observableSearch>;

/** The rows with these ids of collections that the viewer reads. */
export async function findObservables(ctx: Context, ids: readonly string[]): Promise<(IndicatorObservable | null)[]> {
  const [rows, readable] = await Promise.all([ctx.use(observableStore).getMany(ids), readableCollections(ctx)]);
  return rows.map((row) => (row && (readable === 'all' || readable.includes(row.collectionId)) ? row : null));
}

/**
 * What indicators look for, in all collections that the viewer reads; of those that are named the others are left out.
 * @throws AuthenticationError for anonymous who names a collection that he does not read.
 */
export async function listObservables(
  ctx: Context,
  input: ObservableSearch,
  page: PageRequest,
): Promise<Page<IndicatorObservable>> {
  refuseUnchanged(ctx);
  const search = parse(observableSearch, input);
  return ctx.use(observableStore).page(
    {
      ...soughtIn(search),
      collectionIds: search.collections ? await readableOf(ctx, search.collections) : await readableCollections(ctx),
      includeRevoked: search.includeRevoked ?? false,
      ...(search.activeAt != null && { activeAt: search.activeAt }),
    },
    page,
  );
}

async function readableOf(ctx: Context, keys: readonly CollectionKey[]): Promise<readonly string[]> {
  if (ctx.viewer.kind === 'ANONYMOUS') return (await readableByKeys(ctx, keys)).map(({ id }) => id);
  const [named, readable] = await Promise.all([namedCollections(ctx, keys), readableCollections(ctx)]);
  return readable === 'all' ? named : named.filter((id) => readable.includes(id));
}

type Sought = Pick<ObservableFilter, 'values' | 'cidr' | 'kind'>;

/** What is compared with what: the asked value goes through the same forms as those of patterns. */
function soughtIn({ value, kind, match = 'COVERING' }: z.output<typeof observableSearch>): Sought {
  const ofKind = kind == null ? {} : { kind };
  if (value == null) return ofKind;
  const forms = soughtAs(value, kind ?? null);
  const address = forms.find(({ cidr }) => cidr !== null);
  if (!address && (kind === 'IPV4_ADDR' || kind === 'IPV6_ADDR'))
    throw InputError.at(['value'], `"${value.slice(0, 100)}" is no address or prefix of kind ${kind}.`);
  if (!address?.cidr || match === 'EXACT') return { ...ofKind, values: forms };
  const cidr = { text: address.cidr, match: match ?? 'COVERING' };
  return cidr.match === 'WITHIN'
    ? { ...ofKind, cidr }
    : { ...ofKind, cidr, values: forms.filter((form) => form.cidr === null) };
}

/** What a version that the viewer reads looks for: nothing unless it is the last of an indicator. */
export const listObservablesOf = (
  ctx: Context,
  object: Pick<StixVersion, 'id' | 'collectionId' | 'stixId'>,
  page: PageRequest,
): Promise<Page<IndicatorObservable>> => {
  const { id, collectionId, stixId } = object;
  return ctx.load(pagesOfObjects, JSON.stringify({ id, collectionId, stixId }), JSON.stringify(page));
};

const pagesOfObjects = (ctx: Context, keys: readonly string[], variant: string): Promise<Page<IndicatorObservable>[]> =>
  ctx.use(observableStore).pagesOfObjects(
    keys.map((key) => JSON.parse(key)),
    JSON.parse(variant) as PageRequest,
  );
