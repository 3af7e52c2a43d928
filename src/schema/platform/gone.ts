import { toGlobalId } from '#kernel/id.ts';
import type { AnyField, SchemaTypes, Shapes } from '#schema/builder.ts';

type SuccessFields = PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, { readonly id: string }>;

/** The success of a deletion. */
export const oneGone =
  (type: keyof Shapes & string) =>
  (t: SuccessFields): Record<string, AnyField> => ({
    deletedId: t.id({ description: 'The id it had.', resolve: ({ id }) => toGlobalId(type, id) }),
  });
