import { z } from 'zod';
import { notACursor, type Page, type PageRequest, type Position, toPage } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';

/** The order of a list: by creation, or by natural key and then creation. */
export interface Order {
  readonly by: 'CREATED' | 'NATURAL';
  readonly direction: 'ASC' | 'DESC';
}

/**
 * What a store is asked of a list. Positions are `[id]` by creation, `[natural key, id]` by natural key; a store refuses
 * others with an InputError, since they come from clients.
 */
export interface ListQuery<Filter> {
  readonly filter: Filter;
  readonly order: Order;
  readonly visibility: Visibility;
  readonly page: PageRequest;
}

/** What a list is of: of everything, or of what a Site or another thing has. */
export type ListScope<Kind extends string> =
  | { readonly kind: 'all' }
  | { readonly kind: Kind /** Row id. */; readonly id: string };

/** The scope of a list that may name a Site. */
export const siteScope = (siteId: string | null): ListScope<'site'> =>
  siteId === null ? { kind: 'all' } : { kind: 'site', id: siteId };

export const byCreation: Order = { by: 'CREATED', direction: 'ASC' };
export const byNaturalKey: Order = { by: 'NATURAL', direction: 'ASC' };

export const orderInput = z
  .object({ by: z.enum(['CREATED', 'NATURAL']), direction: z.enum(['ASC', 'DESC']).nullish() })
  .nullish()
  .transform((given): Order => (given ? { by: given.by, direction: given.direction ?? 'ASC' } : byCreation));

/**
 * A page of things that are at hand, in the order they come in. Positions are `[id]`.
 * @throws InputError for a cursor of a thing that is not among them.
 */
export function pageInHand<T extends { readonly id: string }>(things: readonly T[], request: PageRequest): Page<T> {
  const placeOf = (position: Position | null, argument: string): number | null => {
    if (position === null) return null;
    const place = things.findIndex(({ id }) => position.length === 1 && id === position[0]);
    if (place < 0) throw notACursor(argument);
    return place;
  };
  const after = placeOf(request.after, 'after') ?? -1;
  const before = placeOf(request.before, 'before') ?? things.length;
  const between = things.slice(after + 1, Math.max(before, after + 1));
  if (request.direction === 'backward') between.reverse();
  return toPage(
    request,
    between.slice(request.offset, request.offset + request.limit + 1),
    ({ id }) => [id],
    async () => things.length,
  );
}
