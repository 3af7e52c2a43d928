import { z } from 'zod';
import { InputError } from '#kernel/errors.ts';
import { isUuid } from '#kernel/id.ts';
import type { PageRequest, Position } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';

/** The order of a list: by creation, or by natural key and then creation. */
export interface Order {
  readonly by: 'CREATED' | 'NATURAL';
  readonly direction: 'ASC' | 'DESC';
}

/** What a store is asked of a list. Positions are `[id]` by creation, `[natural key, id]` by natural key. */
export interface ListQuery<Filter> {
  readonly filter: Filter;
  readonly order: Order;
  readonly visibility: Visibility;
  readonly page: PageRequest;
}

export const byCreation: Order = { by: 'CREATED', direction: 'ASC' };
export const byNaturalKey: Order = { by: 'NATURAL', direction: 'ASC' };

export const orderInput = z
  .object({ by: z.enum(['CREATED', 'NATURAL']), direction: z.enum(['ASC', 'DESC']).nullish() })
  .nullish()
  .transform((given): Order => (given ? { by: given.by, direction: given.direction ?? 'ASC' } : byCreation));

/**
 * Refuses cursors of another list or order, and forged ones, before a store meets them.
 * @param isKey whether a text can be a natural key of this list.
 * @throws InputError
 */
export function checkPositions(page: PageRequest, order: Order, isKey: (text: string) => boolean = () => true): void {
  for (const name of ['after', 'before'] as const) {
    const position = page[name];
    if (position && !fits(position, order, isKey))
      throw InputError.at([name], 'Not a cursor of this list: give one that the list itself answered with.');
  }
}

function fits(position: Position, order: Order, isKey: (text: string) => boolean): boolean {
  const id = position.at(-1) ?? '';
  if (position.length !== (order.by === 'CREATED' ? 1 : 2) || !isUuid(id)) return false;
  return order.by === 'CREATED' || isKey(position[0] ?? '');
}
