import type { InputFieldMap, InputObjectRef, InputShapeFromFields } from '@pothos/core';
import type { Context } from '#kernel/context.ts';
import {
  AuthenticationError,
  ForbiddenError,
  GatehouseError,
  GenericError,
  InputError,
  NotFoundError,
} from '#kernel/errors.ts';
import type { AnyField, Builder, SchemaTypes } from '#schema/builder.ts';
import { describeField, type FieldFacts, pascalCase } from '#schema/description.ts';

// biome-ignore lint/suspicious/noExplicitAny: constructors of any arguments
type ErrorClass = new (...args: any[]) => GatehouseError;
type InputBuilder = PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>;
type SuccessBuilder<Success> = PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Success>;

/** What every union of a mutation holds that can meet it. */
const commonErrors: readonly ErrorClass[] = [
  InputError,
  AuthenticationError,
  ForbiddenError,
  NotFoundError,
  GenericError,
];

/** What is told of a mutation. */
export interface MutationFacts extends FieldFacts {
  /** Beside the common ones. */
  readonly errors?: readonly ErrorClass[];
}

interface MutationParts<Success extends object> extends MutationFacts {
  /** The fields of the success; the thing stands under its noun. */
  success: (t: SuccessBuilder<Success>) => Record<string, AnyField>;
}

/**
 * A mutation with one argument `input`. Its name gives the others: `deviceCreate` takes `DeviceCreateInput` and answers
 * `DeviceCreateResult`, a union of `DeviceCreateSuccess` and the errors.
 * @returns the input type, for the bulk form.
 */
export function mutation<Fields extends InputFieldMap, Success extends object>(
  builder: Builder,
  name: string,
  parts: MutationParts<Success> & {
    input: (t: InputBuilder) => Fields;
    resolve: (ctx: Context, input: InputShapeFromFields<Fields>) => Promise<Success>;
  },
): InputObjectRef<SchemaTypes, InputShapeFromFields<Fields>> {
  const input = builder.inputType(`${pascalCase(name)}Input`, {
    description: `What \`${name}\` is given.`,
    fields: parts.input,
  }) as unknown as InputObjectRef<SchemaTypes, InputShapeFromFields<Fields>>;
  addField(
    builder,
    name,
    parts,
    (t) => ({ input: t.arg({ type: input, required: true, description: 'What to do.' }) }),
    (ctx, args) => parts.resolve(ctx, args.input as InputShapeFromFields<Fields>),
  );
  return input;
}

/** The bulk form: one argument `inputs`, a list of the single form's input. Atomic. */
export function bulkMutation<Input, Success extends object>(
  builder: Builder,
  name: string,
  parts: MutationParts<Success> & {
    readonly inputs: InputObjectRef<SchemaTypes, Input>;
    resolve: (ctx: Context, inputs: readonly Input[]) => Promise<Success>;
  },
): void {
  addField(
    builder,
    name,
    parts,
    (t) => ({ inputs: t.arg({ type: [parts.inputs], required: true, description: 'One for each item, in order.' }) }),
    (ctx, args) => parts.resolve(ctx, args.inputs as readonly Input[]),
  );
}

/** A mutation that asks for nothing. */
export function plainMutation<Success extends object>(
  builder: Builder,
  name: string,
  parts: MutationParts<Success> & { resolve: (ctx: Context) => Promise<Success> },
): void {
  addField(
    builder,
    name,
    parts,
    () => ({}),
    (ctx) => parts.resolve(ctx),
  );
}

type ArgBuilder = { arg: PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'Arg'> } & {
  arg: (options: object) => unknown;
};

function addField<Success extends object>(
  builder: Builder,
  name: string,
  parts: MutationParts<Success>,
  args: (t: ArgBuilder) => Record<string, unknown>,
  resolve: (ctx: Context, args: Record<string, unknown>) => Promise<Success>,
): void {
  const noun = pascalCase(name);
  const success = builder.objectRef<Success>(`${noun}Success`).implement({
    description: `What \`${name}\` did.`,
    fields: parts.success as never,
  });
  builder.mutationField(name, (t) =>
    t.field({
      type: success,
      description: describeField(parts),
      args: args(t as unknown as ArgBuilder) as never,
      errors: {
        types: [...commonErrors, ...(parts.errors ?? [])],
        union: { name: `${noun}Result`, description: `What \`${name}\` answers: its success, or why it did nothing.` },
      },
      resolve: (_: unknown, given: Record<string, unknown>, ctx: Context) =>
        masked(ctx, name, () => resolve(ctx, given)),
    } as never),
  );
}

/** Whatever nobody expected goes to the log in full, and outside as one masked error. */
async function masked<T>(ctx: Context, field: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GatehouseError) throw error;
    ctx.log.error({ err: error, field }, 'A mutation failed unexpectedly.');
    throw new GenericError(ctx.request.id);
  }
}
