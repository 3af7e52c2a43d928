import type { Context } from '#kernel/context.ts';
import type { AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import { type CarrierWish, identityAttribute } from '#resolvers/network/imports/wish.ts';

/**
 * The row ids of what carries the identity of each wish in its Site, by position, the oldest first; none for wishes
 * without one. Two reads however many. They need not be visible to the viewer.
 */
export async function findIdentified(
  ctx: Context,
  resource: AttributeResource,
  wishes: readonly { readonly siteId: string; readonly wish: CarrierWish }[],
): Promise<(readonly string[])[]> {
  const identified = wishes.flatMap(({ siteId, wish: { identity } }) =>
    identity === undefined ? [] : [{ siteId, identity }],
  );
  if (identified.length === 0) return wishes.map(() => []);
  const bySite = [...Map.groupBy(identified, ({ siteId }) => siteId)];
  const store = ctx.use(attributeStore);
  const found = await store.carriers(
    bySite.map(([siteId, group]) => ({
      siteId,
      resource,
      name: identityAttribute,
      values: group.map(({ identity }) => identity),
    })),
  );
  const siteOf = new Map(found.flatMap((ids, index) => ids.map((id) => [id, bySite[index]?.[0]])));
  const values = await store.valuesOf([...siteOf.keys()]);
  const carriers = Map.groupBy(
    values.filter(({ name }) => name === identityAttribute),
    ({ targetId, value }) => JSON.stringify([siteOf.get(targetId), value]),
  );
  return wishes.map(({ siteId, wish: { identity } }) =>
    (carriers.get(JSON.stringify([siteId, identity])) ?? []).map(({ targetId }) => targetId).sort(),
  );
}
