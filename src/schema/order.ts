import type { InputObjectRef } from '@pothos/core';
import type { Builder, SchemaTypes } from '#schema/builder.ts';

const made = new WeakSet<Builder>();

/** How a list is ordered, as it comes from outside. */
export interface OrderInput<By extends string> {
  readonly by: By;
  readonly direction?: 'ASC' | 'DESC' | null;
}

/**
 * The input that orders the lists of a noun: `DeviceOrder { by: DeviceOrderBy!, direction: Order }`.
 * @param keys what the list can be ordered by, with a description each.
 */
export function orderInput<By extends string>(
  builder: Builder,
  noun: string,
  keys: Readonly<Record<By, string>>,
): InputObjectRef<SchemaTypes, OrderInput<By>> {
  if (!made.has(builder)) {
    made.add(builder);
    builder.enumType('Order', {
      description: 'The direction of an order.',
      values: { ASC: { description: 'Rising.' }, DESC: { description: 'Falling.' } },
    });
  }
  const by = builder.enumType(`${noun}OrderBy`, {
    description: `What lists of ${noun} are ordered by.`,
    values: Object.fromEntries(
      Object.entries<string>(keys).map(([key, description]) => [key, { description }]),
    ) as never,
  });
  return builder.inputType(`${noun}Order`, {
    description: `The order of a list of ${noun}.`,
    fields: (t) => ({
      by: t.field({ type: by, required: true, description: 'By what.' }),
      direction: t.field({ type: 'Order' as never, description: 'ASC unless said.' }),
    }),
  }) as never;
}
