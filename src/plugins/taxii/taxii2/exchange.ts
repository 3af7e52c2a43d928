import type { Context } from '#kernel/context.ts';
import { apiRootByKey, apiRootKeyOf } from '#resolvers/threat/api-roots/keys.ts';
import type { TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { collectionInRoot } from '#resolvers/threat/collections/keys.ts';

/** The names that stand in a path. */
export type Named = Readonly<Record<'root' | 'collection' | 'object' | 'status', string>>;

/** A request whose form was found right, and everything that its answer is made from. */
export interface Exchange {
  readonly ctx: Context;
  /** Without escapes; empty where the path has no such name. */
  readonly named: Named;
  readonly query: URLSearchParams;
  /** Reads the body, which nobody did before. @throws PayloadTooLargeError, InputError for what is no UTF-8. */
  body(): Promise<string>;
}

/** Asks for the right before it looks at anything else. */
export type Handler = (exchange: Exchange) => Promise<Response>;

/** The collection that a path names, whoever asks; null when there is none. */
export async function collectionAt({ ctx, named }: Exchange): Promise<TaxiiCollection | null> {
  const root = await apiRootByKey(ctx, apiRootKeyOf(named.root));
  return root && collectionInRoot(ctx, root.id, named.collection);
}
