import { z } from 'zod';
import { allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError, type GatehouseError, InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { mayRead, refusal } from '#resolvers/network/access.ts';
import {
  type Attribute,
  type AttributeResource,
  attributeCreated,
  attributeFacts,
  attributeGlobalId,
  attributeResources,
  toAttributeSnapshot,
} from '#resolvers/network/attributes/attribute.ts';
import {
  applyRules,
  attributeName,
  defaultRules,
  type GivenRules,
  ruleFields,
} from '#resolvers/network/attributes/rules.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import { bulkItems, type Given, type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import type { SiteKey } from '#resolvers/network/keys.ts';
import { perSettings } from '#resolvers/network/settings.ts';
import { holdSites, siteKey, unknownSite } from '#resolvers/network/sites/find.ts';
import { type Site, siteFacts } from '#resolvers/network/sites/site.ts';

const attributeCreate = perSettings((settings) =>
  z.object({
    site: siteKey,
    resource: z.enum(attributeResources, `resource must be one of ${attributeResources.join(', ')}.`),
    name: attributeName.of(settings),
    ...ruleFields,
  }),
);
export type AttributeCreate = Given<z.input<ReturnType<typeof attributeCreate>>>;

/** Defines an attribute for one kind of things in a Site. */
export const createAttribute = async (ctx: Context, input: AttributeCreate): Promise<Attribute> =>
  only(await create(ctx, singleItem(attributeCreate(ctx), input)));

export const createAttributes = async (ctx: Context, inputs: readonly AttributeCreate[]): Promise<Attribute[]> =>
  create(ctx, bulkItems(ctx, attributeCreate(ctx), inputs));

type Fresh = GivenRules & {
  readonly site: SiteKey;
  readonly resource: AttributeResource;
  readonly name: string;
};

async function create(ctx: Context, items: Items<Fresh>): Promise<Attribute[]> {
  allowSomewhere(ctx, 'network:admin');
  return ctx.atomically(async (ctx) => {
    const sites = await holdSites(ctx, items);
    sites.forEach((site, index) => {
      const refused = mayDefine(ctx, site, items, index);
      if (refused) throw refused;
    });
    const attributes = await insertAttributes(
      ctx,
      items.values.map(({ site: _, ...rest }, index) => ({ ...rest, siteId: sites[index]?.id ?? '' })),
    );
    return attributes.map((attribute, index) => {
      if (attribute) return attribute;
      const { name, resource } = items.values[index] as Fresh;
      throw new ConflictError(
        `Attribute ${name} for ${resource} already exists in this site.`,
        items.path(index, 'name'),
      );
    });
  });
}

/** Why the viewer may not. A Site that he may not know of is as unknown as one that does not exist. */
function mayDefine(ctx: Context, site: Site, items: Items<Fresh>, index: number): GatehouseError | null {
  const refused = refusal(ctx, 'network:admin', siteFacts(site));
  if (!refused || mayRead(ctx, siteFacts(site))) return refused;
  return new InputError([unknownSite(items.values[index]?.site ?? { id: site.id }, items.path(index, 'site'))]);
}

/** What a definition is made from. */
export interface FreshAttribute extends GivenRules {
  readonly siteId: string;
  readonly resource: AttributeResource;
  readonly name: string;
}

/**
 * Inserts definitions with their events, however many; null for those whose name is taken. The caller has checked rights
 * and content, holds the Sites, and opened the transaction.
 */
export async function insertAttributes(ctx: Context, fresh: readonly FreshAttribute[]): Promise<(Attribute | null)[]> {
  const now = microseconds(ctx.clock.now());
  const attributes = await ctx.use(attributeStore).insertMany(
    fresh.map(({ siteId, resource, name, ...given }) => ({
      id: newId(),
      siteId,
      resource,
      name,
      ...applyRules(defaultRules, given),
      createdAt: now,
      updatedAt: now,
    })),
  );
  for (const attribute of attributes) {
    if (!attribute) continue;
    const snapshot = toAttributeSnapshot(attribute);
    ctx.events.append(
      attributeCreated,
      { attribute: snapshot },
      { subject: attributeGlobalId(attribute.id), scope: attributeFacts(attribute), after: snapshot },
    );
  }
  return attributes;
}
