import type { InputFieldMap } from '@pothos/core';
import type { Context } from '#kernel/context.ts';
import type { Builder, SchemaTypes, Shapes } from '#schema/builder.ts';
import { bulkMutation, type MutationFacts, mutation } from '#schema/mutation.ts';
import { manyGone, manyThings, oneGone, oneThing } from '#schema/success.ts';

type InputBuilder = PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>;

/** How an input names the thing that it is about: by its key, with the Site where several may have that. */
export const thatThing = (t: InputBuilder, type: keyof Shapes & string): InputFieldMap => ({
  site: t.field({ type: 'SiteKey', description: 'The Site to look in.' }),
  by: t.field({ type: `${type}Key` as never, required: true, description: `The ${spoken(type)}.` }),
});

/** `protocol type`, `interface` */
const spoken = (type: string): string =>
  type
    .replace(/^Network(?=[A-Z])/, '')
    .replace(/(?<=.)[A-Z]/g, (letter) => ` ${letter}`)
    .toLowerCase();

interface Verb<Result> extends MutationFacts {
  readonly descriptionOfMany: string;
  input: (t: InputBuilder) => InputFieldMap;
  /** What is done: to one thing, and to many or none of them. */
  one(ctx: Context, input: never): Promise<Result>;
  many(ctx: Context, inputs: readonly never[]): Promise<readonly Result[]>;
}

/**
 * A verb in both its forms: `deviceCreate` and `deviceCreateMany`, with the same input. They answer with the things as
 * they are now; a deletion with the ids that they had.
 */
export function verb<Type extends keyof Shapes & string>(
  builder: Builder,
  type: Type,
  name: 'Create' | 'Update' | 'Replace',
  parts: Verb<Shapes[Type]>,
): void;
export function verb(builder: Builder, type: keyof Shapes & string, name: 'Delete', parts: Verb<string>): void;
export function verb<Type extends keyof Shapes & string>(
  builder: Builder,
  type: Type,
  name: string,
  { input, one, many, descriptionOfMany, ...facts }: Verb<Shapes[Type] | string>,
): void {
  const noun = `${type[0]?.toLowerCase()}${type.slice(1)}`;
  const gone = name === 'Delete';
  const inputs = mutation(builder, `${noun}${name}`, {
    ...facts,
    input,
    success: (gone ? oneGone(type) : oneThing(noun, type)) as never,
    resolve: async (ctx, given) => ({ [gone ? 'id' : noun]: await one(ctx, given as never) }),
  });
  bulkMutation(builder, `${noun}${name}Many`, {
    ...facts,
    description: descriptionOfMany,
    inputs,
    success: (gone ? manyGone(type) : manyThings(`${noun}s`, type)) as never,
    resolve: async (ctx, given) => ({ [gone ? 'ids' : `${noun}s`]: await many(ctx, given as readonly never[]) }),
  });
}
