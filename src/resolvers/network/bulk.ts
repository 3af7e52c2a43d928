import type { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { type FieldFault, InputError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { networkSettings } from '#resolvers/network/settings.ts';

/** An input as it comes from outside: what may be absent may come as null, and is refused where it means nothing. */
export type Given<Input> = {
  readonly [Key in keyof Input]: undefined extends Input[Key] ? Input[Key] | null : Input[Key];
};

/** The items of one call. The single form is a call with one item, whose faults carry no index. */
export interface Items<T> {
  readonly values: readonly T[];
  /** Whether it is a bulk call. */
  readonly many: boolean;
  /** The path of a part of one item in the input as given. */
  path(index: number, ...rest: readonly string[]): string[];
}

/** @throws InputError with every fault. */
export const singleItem = <Schema extends z.ZodType>(schema: Schema, input: unknown): Items<z.output<Schema>> => ({
  values: [parse(schema, input)],
  many: false,
  path: (_, ...rest) => [...rest],
});

/** @throws InputError with every fault of every item, the index first in its path; or when there are too many. */
export function bulkItems<Schema extends z.ZodType>(
  ctx: Context,
  schema: Schema,
  inputs: readonly unknown[],
): Items<z.output<Schema>> {
  const { max } = ctx.use(networkSettings).bulk;
  if (inputs.length > max)
    throw InputError.at(['inputs'], `At most ${max} items go into one call; ${inputs.length} were given.`);
  const faults: FieldFault[] = [];
  const values = inputs.flatMap((input, index) => {
    try {
      return [parse(schema, input, [String(index)])];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      faults.push(...error.fields);
      return [];
    }
  });
  if (faults.length > 0) throw new InputError(faults);
  return { values, many: true, path: (index, ...rest) => [String(index), ...rest] };
}

export const only = <T>(values: readonly T[]): T => values[0] as T;

/** @throws InputError when two items of a call mean the same thing: which of them counts would be a guess. */
export function refuseRepeats(items: Items<unknown>, ids: readonly string[]): void {
  const seen = new Map<string, number>();
  const faults = ids.flatMap((id, index) => {
    const first = seen.get(id);
    if (first === undefined) seen.set(id, index);
    return first === undefined
      ? []
      : [{ path: items.path(index, 'by'), message: `The item at ${first} means the same thing already.` }];
  });
  if (faults.length > 0) throw new InputError(faults);
}
