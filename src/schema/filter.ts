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
