import { z } from 'zod';
import { allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError, type GatehouseError, InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { line, prose } from '#kernel/input.ts';
import { mayRead, refusal } from '#resolvers/network/access.ts';
import { bulkItems, type Given, type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import {
  type ProtocolType,
  protocolTypeCreated,
  protocolTypeFacts,
  protocolTypeGlobalId,
  protocolTypeStore,
  toProtocolTypeSnapshot,
} from '#resolvers/network/protocol-types/protocol-type.ts';
import { requireAttributes, requiredInput, requiredNames } from '#resolvers/network/protocol-types/required.ts';
import { holdSites, siteKey, unknownSite } from '#resolvers/network/sites/find.ts';
import { type Site, siteFacts } from '#resolvers/network/sites/site.ts';

export const typeName = line('name', { min: 1, max: 16 });
export const typeDescription = prose('description', { max: 255 });

const typeCreate = z.object({
  site: siteKey,
  name: typeName,
  description: typeDescription.default(''),
  requiredAttributes: requiredInput.default([]),
});
export type ProtocolTypeCreate = Given<z.input<typeof typeCreate>>;
type Fresh = z.output<typeof typeCreate>;

export const createProtocolType = async (ctx: Context, input: ProtocolTypeCreate): Promise<ProtocolType> =>
  only(await create(ctx, singleItem(typeCreate, input)));

export const createProtocolTypes = async (
  ctx: Context,
  inputs: readonly ProtocolTypeCreate[],
): Promise<ProtocolType[]> => create(ctx, bulkItems(ctx, typeCreate, inputs));

async function create(ctx: Context, items: Items<Fresh>): Promise<ProtocolType[]> {
  allowSomewhere(ctx, 'network:admin');
  return ctx.atomically(async (ctx) => {
    const sites = await holdSites(ctx, items);
    sites.forEach((site, index) => {
      const refused = mayDefine(ctx, site, items, index);
      if (refused) throw refused;
    });
    const required = await requireAttributes(
      ctx,
      items.values.map(({ requiredAttributes }, index) => ({
        siteId: sites[index]?.id ?? '',
        keys: requiredAttributes,
        path: items.path(index, 'requiredAttributes'),
      })),
    );
    const types = await insertProtocolTypes(
      ctx,
      items.values.map(({ name, description }, index) => ({
        siteId: sites[index]?.id ?? '',
        name,
        description,
        requiredAttributeIds: required[index] ?? [],
      })),
    );
    return types.map((type, index) => {
      if (type) return type;
      throw new ConflictError(`${items.values[index]?.name} already exists in this site.`, items.path(index, 'name'));
    });
  });
}

/**
 * Inserts types with their events, however many; null for those whose name is taken. The caller has checked rights and
 * content, holds the Sites and the required attributes, and opened the transaction.
 */
export async function insertProtocolTypes(
  ctx: Context,
  fresh: readonly Pick<ProtocolType, 'siteId' | 'name' | 'description' | 'requiredAttributeIds'>[],
): Promise<(ProtocolType | null)[]> {
  const now = microseconds(ctx.clock.now());
  const types = await ctx
    .use(protocolTypeStore)
    .insertMany(fresh.map((type) => ({ id: newId(), ...type, createdAt: now, updatedAt: now })));
  const made = types.filter((type) => type !== null);
  const names = await requiredNames(ctx, made);
  for (const [index, type] of made.entries()) {
    const snapshot = toProtocolTypeSnapshot(type, names[index] ?? []);
    ctx.events.append(
      protocolTypeCreated,
      { protocolType: snapshot },
      { subject: protocolTypeGlobalId(type.id), scope: protocolTypeFacts(type), after: snapshot },
    );
  }
  return types;
}

/** Why the viewer may not. A Site that he may not know of is as unknown as one that does not exist. */
function mayDefine(ctx: Context, site: Site, items: Items<Fresh>, index: number): GatehouseError | null {
  const refused = refusal(ctx, 'network:admin', siteFacts(site));
  if (!refused || mayRead(ctx, siteFacts(site))) return refused;
  return new InputError([unknownSite(items.values[index]?.site ?? { id: site.id }, items.path(index, 'site'))]);
}
