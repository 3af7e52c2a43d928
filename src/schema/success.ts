import { toGlobalId } from '#kernel/id.ts';
import type { AnyField, SchemaTypes, Shapes } from '#schema/builder.ts';

/** The instants of a thing. */
export const instants = (
  t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, { readonly createdAt: string; readonly updatedAt: string }>,
): Record<string, AnyField> => ({
  createdAt: t.field({ type: 'DateTime', description: 'When it was made.', resolve: (thing) => thing.createdAt }),
  updatedAt: t.field({
    type: 'DateTime',
    description: 'When it last changed; what follows from other things does not count.',
    resolve: (thing) => thing.updatedAt,
  }),
});

type SuccessFields<Success> = PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Success>;

/** A success that holds one thing under its noun. */
export const oneThing =
  <Noun extends string, Type extends keyof Shapes & string>(noun: Noun, type: Type) =>
  (t: SuccessFields<Record<Noun, Shapes[Type]>>): Record<string, AnyField> => ({
    [noun]: t.field({
      type: type as never,
      description: 'As it is now.',
      resolve: (success) => success[noun] as never,
    }),
  });

/** A success that holds a list of things under their noun in plural. */
export const manyThings =
  <Plural extends string, Type extends keyof Shapes & string>(plural: Plural, type: Type) =>
  (t: SuccessFields<Record<Plural, readonly Shapes[Type][]>>): Record<string, AnyField> => ({
    [plural]: t.field({
      type: [type as never],
      description: 'As they are now, in the order of the items.',
      resolve: (success) => success[plural] as never,
    }),
  });

/** A success that tells what is gone. */
export const oneGone =
  (type: keyof Shapes & string) =>
  (t: SuccessFields<{ readonly id: string }>): Record<string, AnyField> => ({
    deletedId: t.id({ description: 'The id it had.', resolve: ({ id }) => toGlobalId(type, id) }),
  });

export const manyGone =
  (type: keyof Shapes & string) =>
  (t: SuccessFields<{ readonly ids: readonly string[] }>): Record<string, AnyField> => ({
    deletedIds: t.idList({
      description: 'The ids they had, in the order of the items.',
      resolve: ({ ids }) => ids.map((id) => toGlobalId(type, id)),
    }),
  });
