import type { EnumRef, InputObjectRef } from '@pothos/core';
import type { TextMatch } from '#kernel/filter.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';

/** A type that several nouns share: made when the first of them asks for it, once for each builder. */
function shared<Ref>(make: (builder: Builder) => Ref): (builder: Builder) => Ref {
  const made = new WeakMap<Builder, Ref>();
  return (builder) => {
    const ref = made.get(builder) ?? make(builder);
    made.set(builder, ref);
    return ref;
  };
}

/** Conditions on a text. */
export const textMatch = shared((builder): InputObjectRef<SchemaTypes, TextMatch> => {
  const ref = builder.inputType('TextMatch', {
    description: 'Conditions on a text; all that are given must hold.',
    fields: (t) => ({
      eq: t.string({ description: 'Is this text.' }),
      ne: t.string({ description: 'Is another text, or none.' }),
      in: t.stringList({ description: 'Is one of these texts.' }),
      like: t.string({
        description: 'Looks like this, without regard to case: `*` stands for any characters, `?` for one.',
      }),
    }),
  });
  return ref as unknown as InputObjectRef<SchemaTypes, TextMatch>;
});

export const orderDirection = shared((builder): EnumRef<SchemaTypes, 'ASC' | 'DESC'> => {
  const ref = builder.enumType('OrderDirection', {
    description: 'Which end of an order comes first.',
    values: {
      ASC: { description: 'The lowest first.' },
      DESC: { description: 'The highest first.' },
    } as const,
  });
  return ref as unknown as EnumRef<SchemaTypes, 'ASC' | 'DESC'>;
});

/** How a list is ordered, as it comes from outside. */
export interface OrderInput<By extends string> {
  readonly by: By;
  readonly direction?: 'ASC' | 'DESC' | null;
}

/**
 * The input that orders the lists of a noun: `AccountOrder { by: AccountOrderBy!, direction: OrderDirection }`.
 * @param keys what they can be ordered by, each with a description.
 */
export function orderInput<By extends string>(
  builder: Builder,
  noun: string,
  keys: Readonly<Record<By, string>>,
): InputObjectRef<SchemaTypes, OrderInput<By>> {
  const by = builder.enumType(`${noun}OrderBy`, {
    description: `What lists of ${noun} are ordered by.`,
    values: Object.fromEntries(Object.entries(keys).map(([key, description]) => [key, { description }])) as never,
  });
  return builder.inputType(`${noun}Order`, {
    description: `The order of a list of ${noun}.`,
    fields: (t) => ({
      by: t.field({ type: by, required: true, description: 'By what.' }),
      direction: t.field({ type: orderDirection(builder), description: 'ASC unless said.' }),
    }),
  }) as never;
}
