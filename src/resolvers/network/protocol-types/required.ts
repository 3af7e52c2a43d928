import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { type FieldFault, InputError } from '#kernel/errors.ts';
import type { Attribute } from '#resolvers/network/attributes/attribute.ts';
import { attributeFinder, attributeKey, findAttributes } from '#resolvers/network/attributes/find.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import type { ProtocolType } from '#resolvers/network/protocol-types/protocol-type.ts';
import { findReferred } from '#resolvers/network/referred.ts';

/** The most attributes that a type requires. */
export const mostRequired = 1000;

export const requiredInput = z
  .array(attributeKey, 'requiredAttributes must be a list of keys.')
  .max(mostRequired, `A protocol type requires ${mostRequired} attributes at most.`);
type Required = z.output<typeof requiredInput>;

/** The attributes that a type is to require. */
export interface RequiredWish {
  readonly siteId: string;
  readonly keys: Required;
  /** Of the field `requiredAttributes`. */
  readonly path: readonly string[];
}

/**
 * The row ids of the attributes of each wish, sorted, each once. They stay until the unit of work ends.
 * @throws InputError with every key that names no attribute for protocols in the Site.
 */
export async function requireAttributes(ctx: Context, wishes: readonly RequiredWish[]): Promise<string[][]> {
  const asked = wishes.flatMap(({ siteId, keys, path }) =>
    keys.map((by, index) => ({ site: { id: siteId }, by, path: [...path, String(index)] })),
  );
  const { things, faults } = await findReferred(ctx, attributeFinder, asked);
  const held = await hold(ctx, things);
  const all: FieldFault[] = [...faults];
  for (const [index, attribute] of things.entries()) {
    const path = asked[index]?.path ?? [];
    if (!attribute) continue;
    if (attribute.resource !== 'PROTOCOL') all.push({ path, message: 'Only Protocol attributes are allowed' });
    else if (!held.has(attribute.id)) all.push({ path, message: `Attribute not found: ${attribute.name}.` });
  }
  if (all.length > 0) throw new InputError(all);
  let next = 0;
  return wishes.map(({ keys }) => [...new Set(keys.map(() => things[next++]?.id ?? ''))].sort());
}

/** Those that nobody deleted meanwhile, and nobody can delete now. */
async function hold(ctx: Context, attributes: readonly (Attribute | null)[]): Promise<ReadonlySet<string>> {
  const wanted = attributes.filter((attribute) => attribute?.resource === 'PROTOCOL') as Attribute[];
  if (wanted.length === 0) return new Set();
  const held = await ctx.use(attributeStore).hold(
    [...Map.groupBy(wanted, ({ siteId }) => siteId)].map(([siteId, group]) => ({
      siteId,
      resource: 'PROTOCOL',
      names: [...new Set(group.map(({ name }) => name))],
    })),
  );
  return new Set(held.map(({ id }) => id));
}

/** The names of the attributes that each type requires, sorted. One read. */
export async function requiredNames(ctx: Context, types: readonly ProtocolType[]): Promise<string[][]> {
  const ids = [...new Set(types.flatMap(({ requiredAttributeIds }) => requiredAttributeIds))];
  const found = ids.length === 0 ? [] : await ctx.use(attributeStore).getMany(ids);
  const names = new Map(ids.map((id, index) => [id, found[index]?.name]));
  return types.map(({ requiredAttributeIds }) => requiredAttributeIds.flatMap((id) => names.get(id) ?? []).sort());
}

/** The attributes that a type requires as far as the viewer may read them, by name. */
export async function findRequiredAttributes(ctx: Context, type: ProtocolType): Promise<Attribute[]> {
  const found = await Promise.all(type.requiredAttributeIds.map((id) => ctx.load(findAttributes, id)));
  return found.filter((attribute) => attribute !== null).sort((one, other) => (one.name < other.name ? -1 : 1));
}
