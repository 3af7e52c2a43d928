import { z } from 'zod';
import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { fromGlobalId, isUuid } from '#kernel/id.ts';
import { parse, sought } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { attributeResources } from '#resolvers/network/attributes/attribute.ts';
import { type AttributeValue, attributeStore, type ValueFilter } from '#resolvers/network/attributes/store.ts';
import { findTargets } from '#resolvers/network/attributes/targets.ts';
import { only } from '#resolvers/network/bulk.ts';
import { byCreation } from '#resolvers/network/list.ts';
import { siteKey, sitesByKey } from '#resolvers/network/sites/find.ts';

/** The values with these row ids whose things the viewer may read. */
export async function findValues(ctx: Context, ids: readonly string[]): Promise<(AttributeValue | null)[]> {
  const values = await ctx.use(attributeStore).getValues(ids);
  const readable = new Set<string>();
  const known = values.filter((value) => value !== null);
  for (const [resource, group] of Map.groupBy(known, (value) => value.resource)) {
    const targets = await findTargets(ctx, resource, [...new Set(group.map(({ targetId }) => targetId))]);
    for (const target of targets) if (target) readable.add(target.row.id);
  }
  return values.map((value) => (value && readable.has(value.targetId) ? value : null));
}

const listInput = z.object({
  site: siteKey.nullish(),
  filter: z
    .object({
      name: sought('name').nullish(),
      value: sought('value').nullish(),
      resource: z.enum(attributeResources).nullish(),
      target: z.string('target must be an id.').nullish(),
    })
    .nullish(),
});
export type ValueList = z.input<typeof listInput>;

/** The values of the things that the viewer may read. */
export async function listValues(ctx: Context, input: ValueList, page: PageRequest): Promise<Page<AttributeValue>> {
  const { site: key, filter: given } = parse(listInput, input);
  const visibility = visible(ctx, 'network:read');
  const site = key ? only(await sitesByKey(ctx, [key])) : null;
  const target = given?.target == null ? null : targetId(given.target);
  if ((key && !site) || visibility === 'none' || (given?.target != null && !target)) return emptyPage;
  const filter: ValueFilter = {
    ...(given?.name != null && { name: given.name }),
    ...(given?.value != null && { value: given.value }),
    ...(given?.resource != null && { resource: given.resource }),
    ...(target && { targetId: target }),
  };
  const query = { filter, order: byCreation, visibility, page };
  return only(await ctx.use(attributeStore).valuePages([site?.id ?? null], query));
}

/** Row ids are unique over all kinds, so the type of the thing need not be looked at. */
const targetId = (text: string): string | null =>
  isUuid(text) ? text.toLowerCase() : (fromGlobalId(text)?.id ?? null);
