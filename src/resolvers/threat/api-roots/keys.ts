import type { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { isUuid, rowIdOf } from '#kernel/id.ts';
import { idText, oneKey, sought } from '#kernel/input.ts';
import { apiRootStore, type TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';

/** Names an API root. */
export const apiRootKey = oneKey({ id: idText, taxiiId: sought('taxiiId'), slug: sought('slug') });
export type ApiRootKey = z.output<typeof apiRootKey>;

/** The API root with this key, whoever asks; null when there is none. Who answers from it asks for rights. */
export const apiRootByKey = async (ctx: Context, key: ApiRootKey): Promise<TaxiiApiRoot | null> =>
  (await apiRootsByKeys(ctx, [key]))[0] ?? null;

/** The same for many, in their order, in two reads at most. */
export async function apiRootsByKeys(ctx: Context, keys: readonly ApiRootKey[]): Promise<(TaxiiApiRoot | null)[]> {
  const store = ctx.use(apiRootStore);
  const ids = keys.flatMap((key) => idIn(key) ?? []);
  const slugs = keys.flatMap((key) => ('slug' in key ? key.slug : []));
  const found = [
    ...(ids.length > 0 ? await store.getMany(ids) : []),
    ...(slugs.length > 0 ? await store.getBySlug(slugs) : []),
  ].filter((root) => root !== null);
  const byId = new Map(found.map((root) => [root.id, root]));
  const bySlug = new Map(found.map((root) => [root.slug, root]));
  return keys.map((key) => ('slug' in key ? bySlug.get(key.slug) : byId.get(idIn(key) ?? '')) ?? null);
}

/** The key in a URL or a command: a slug, or the UUID. */
export const apiRootKeyOf = (text: string): ApiRootKey => (isUuid(text) ? { taxiiId: text } : { slug: text });

function idIn(key: ApiRootKey): string | null {
  if ('id' in key) return rowIdOf('TaxiiApiRoot', key.id);
  return 'taxiiId' in key && isUuid(key.taxiiId) ? key.taxiiId.toLowerCase() : null;
}

/** A key as messages quote it. */
export const quoteApiRoot = (key: ApiRootKey): string => Object.values(key).join('');
