import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { AmbiguousError, InputError } from '#kernel/errors.ts';
import { compilePattern, type Pattern } from '#kernel/pattern.ts';
import { factsIn, mayRead } from '#resolvers/network/access.ts';
import {
  type Attribute,
  type AttributeResource,
  attributeFacts,
  kindOfResource,
} from '#resolvers/network/attributes/attribute.ts';
import type { Attributes } from '#resolvers/network/attributes/check.ts';
import type { Step } from '#resolvers/network/attributes/selection.ts';
import { parseSetQuery, type Term } from '#resolvers/network/attributes/set-query.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import { networkSettings } from '#resolvers/network/settings.ts';
import type { Site } from '#resolvers/network/sites/site.ts';

/** A term whose expression is compiled. */
export interface ReadTerm extends Term {
  readonly pattern: Pattern | null;
}

/** @throws InputError for a query that is too long, cannot be split, or has an expression that is none. */
export function readSetQuery(ctx: Context, text: string): ReadTerm[] {
  const { maxTerms, maxLength } = ctx.use(networkSettings).query;
  const refuse = (message: string) => InputError.at(['query'], message);
  if ([...text].length > maxLength) throw refuse(`A query may not be longer than ${maxLength} characters.`);
  const terms = parseSetQuery(text.normalize('NFC'));
  if (!terms) throw refuse('No closing quotation');
  if (terms.length > maxTerms) throw refuse(`A query may not have more than ${maxTerms} terms.`);
  return terms.map((term) => {
    try {
      return { ...term, pattern: term.regex ? compilePattern(term.value) : null };
    } catch (error) {
      throw refuse(`'${term.value}' is no regular expression: ${(error as Error).message}`);
    }
  });
}

/** A set query whose attributes are known, in the Site it is about. */
export interface SetQuery {
  /** Null for an empty query, which nothing fits. */
  readonly siteId: string | null;
  readonly terms: readonly ReadTerm[];
}

/**
 * Reads a query about the things of a kind.
 * @param site where it is asked; null when none was named: then the attributes tell.
 * @throws InputError for a query that cannot be read, or an attribute that does not exist; AmbiguousError when no Site was
 * named and not all attributes are of one.
 */
export async function openSetQuery(
  ctx: Context,
  resource: AttributeResource,
  text: string,
  site: Pick<Site, 'id'> | null,
): Promise<SetQuery> {
  const terms = readSetQuery(ctx, text);
  if (terms.length === 0) return { siteId: null, terms };
  const names = [...new Set(terms.map(({ name }) => name))];
  if (site && !maySeeNames(ctx, site.id, resource)) return { siteId: site.id, terms };
  const found = await ctx.use(attributeStore).match(
    names.map((name) => ({ siteId: site?.id ?? null, resource, name })),
    site ? 'all' : visible(ctx, 'network:read'),
  );
  const unknown = names.find((_, index) => (found[index]?.length ?? 0) === 0);
  if (unknown !== undefined) throw InputError.at(['query'], `Attribute matching query does not exist: '${unknown}'`);
  return { siteId: site?.id ?? onlySite(found), terms };
}

/** Who sees only some things of a Site by their own grants learns nothing about its definitions. */
const maySeeNames = (ctx: Context, siteId: string, resource: AttributeResource): boolean =>
  mayRead(ctx, attributeFacts({ siteId })) || mayRead(ctx, factsIn(siteId, kindOfResource[resource]));

function onlySite(found: readonly (readonly Attribute[])[]): string {
  const sites = new Set(found.flat().map(({ siteId }) => siteId));
  const [siteId] = sites;
  if (sites.size === 1 && siteId !== undefined && found.every(({ length }) => length === 1)) return siteId;
  throw new AmbiguousError('The attributes of the query are defined in several Sites. Give a site.', ['query']);
}

const operators = { INTERSECTION: 'KEEP', DIFFERENCE: 'DROP', UNION: 'ADD' } as const;

/** The steps of a query. Expressions are held against the different values that there are. */
export async function toSteps(ctx: Context, resource: AttributeResource, { siteId, terms }: SetQuery): Promise<Step[]> {
  const names = [...new Set(terms.filter(({ regex }) => regex).map(({ name }) => name))];
  const known = await ctx.use(attributeStore).distinctValues(names.map((name) => ({ siteId, resource, name })));
  const valuesOf = new Map(names.map((name, index) => [name, known[index] ?? []]));
  return terms.map(({ operation, name, value, pattern }) => ({
    operator: operators[operation],
    siteId,
    name,
    values: pattern ? (valuesOf.get(name) ?? []).filter((candidate) => pattern.finds(candidate)) : [value],
  }));
}

/** Whether a thing that carries these attributes is in the set of a query. */
export function fits(terms: readonly ReadTerm[], attributes: Attributes): boolean {
  if (terms.length === 0) return false;
  return terms.reduce((isIn, { operation, name, value, pattern }) => {
    const carried = Object.hasOwn(attributes, name) ? attributes[name] : [];
    const carries = [carried ?? []].flat().some((one) => (pattern ? pattern.finds(one) : one === value));
    if (operation === 'UNION') return isIn || carries;
    return isIn && carries === (operation === 'INTERSECTION');
  }, true);
}
