import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { sought } from '#kernel/input.ts';
import { emptyPage, type Page } from '#kernel/page.ts';
import type { AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import { openSetQuery, toSteps } from '#resolvers/network/attributes/query.ts';
import type { Selection, Step } from '#resolvers/network/attributes/selection.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import type { Site } from '#resolvers/network/sites/site.ts';

/** The part `attributes` of the filter of a list: all must hold. */
export const attributesFilter = z
  .array(z.object({ name: sought('name'), value: sought('value').nullish() }))
  .max(100, 'A filter names 100 attributes at most.')
  .nullish()
  .transform((given) => (given ?? []).map(({ name, value }) => ({ name, value: value ?? '' })));
export type AttributesFilter = z.output<typeof attributesFilter>;

/** The fields of a list that choose by a set query. */
export const queryFields = { query: z.string('query must be a text.').nullish(), unique: z.boolean().nullish() };

/** How a list chooses by what things carry. */
export interface Choice {
  /** Null when none was named. */
  readonly site: Pick<Site, 'id'> | null;
  readonly query?: string | null | undefined;
  readonly unique?: boolean | null | undefined;
  readonly attributes: AttributesFilter;
}

/** What is left to choose from: in one Site or in all, and of these only the selected, where there is a selection. */
export interface Chosen {
  readonly siteId: string | null;
  readonly filter: { readonly selection?: Selection };
}

const nouns: Readonly<Record<AttributeResource, string>> = {
  DEVICE: 'Device',
  NETWORK: 'Network',
  INTERFACE: 'Interface',
  CIRCUIT: 'Circuit',
  PROTOCOL: 'Protocol',
};

/**
 * Reads the set query and the attributes of a list of things.
 * @param count tells how many visible things a selection has: asked where the query must have exactly one.
 * @returns null when nothing can be chosen.
 * @throws InputError for a query that cannot be read, or has another number of results than one where one is demanded;
 * AmbiguousError when no Site was named and the query fits several.
 */
export async function choose(
  ctx: Context,
  resource: AttributeResource,
  { site, query, unique, attributes }: Choice,
  count: (chosen: Chosen) => Promise<number>,
): Promise<Chosen | null> {
  const wanted = attributes.map(({ name, value }) => ({ name, values: [value], operator: 'KEEP' as const }));
  if (query == null) return select(ctx, resource, site?.id ?? null, [], wanted);
  const opened = await openSetQuery(ctx, resource, query, site);
  if (opened.terms.length === 0) {
    if (unique) throw InputError.at(['query'], `Query empty, unable to provide ${nouns[resource]}`);
    return null;
  }
  const steps = await toSteps(ctx, resource, opened);
  if (unique) {
    const found = await count(select(ctx, resource, opened.siteId, steps, []));
    if (found !== 1) throw countFault(found);
  }
  return select(ctx, resource, opened.siteId, steps, wanted);
}

/**
 * The page of a list in which the viewer can see nothing.
 * @throws InputError where exactly one result is demanded.
 */
export function nothingChosen({ query, unique }: Pick<Choice, 'query' | 'unique'>): Page<never> {
  if (query != null && unique) throw countFault(0);
  return emptyPage;
}

const countFault = (found: number) =>
  InputError.at(['query'], `Query returned ${found} results, but exactly 1 expected`);

/** The filter of attributes follows the query: what it keeps is kept of that. */
function select(
  ctx: Context,
  resource: AttributeResource,
  siteId: string | null,
  steps: readonly Step[],
  wanted: readonly Omit<Step, 'siteId'>[],
): Chosen {
  const all = [...steps, ...wanted.map((step) => ({ ...step, siteId }))];
  return { siteId, filter: all.length === 0 ? {} : { selection: ctx.use(attributeStore).select(resource, all) } };
}
