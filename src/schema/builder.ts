import SchemaBuilder, { type FieldRef } from '@pothos/core';
import ErrorsPlugin from '@pothos/plugin-errors';
import RelayPlugin from '@pothos/plugin-relay';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { fromGlobalId, toGlobalId } from '#kernel/id.ts';

/**
 * What stands behind each object type of the graph. Every noun adds its own line by declaration merging, so types are
 * referred to by name and links across domains need no import:
 *
 *     declare module '#schema/builder.ts' { interface Shapes { Device: Device } }
 */
// biome-ignore lint/suspicious/noEmptyInterface: grows by declaration merging
export interface Shapes {}

/** The same for interfaces of the graph. */
// biome-ignore lint/suspicious/noEmptyInterface: grows by declaration merging
export interface InterfaceShapes {}

/** The same for input types that are named from another file, such as the keys of a noun. */
// biome-ignore lint/suspicious/noEmptyInterface: grows by declaration merging
export interface InputShapes {}

type ScalarShapes = {
  ID: { Input: string; Output: string };
  DateTime: { Input: string; Output: string };
  JSON: { Input: unknown; Output: unknown };
  BigInt: { Input: bigint; Output: bigint | string };
  Cidr: { Input: string; Output: string };
  Attributes: { Input: object; Output: object };
  MacAddress: { Input: string | number; Output: string };
  EventCursor: { Input: string; Output: string };
};

export type SchemaTypes = PothosSchemaTypes.ExtendDefaultTypes<{
  Context: Context;
  Objects: Shapes;
  Interfaces: InterfaceShapes;
  Inputs: InputShapes;
  Scalars: ScalarShapes;
  DefaultFieldNullability: false;
}>;

/** Grown by modules `(builder) => void`, one for each noun; made anew for each gateway. */
export type Builder = PothosSchemaTypes.SchemaBuilder<SchemaTypes>;

export type AnyField = FieldRef<SchemaTypes>;

export function createBuilder(): Builder {
  const builder: Builder = new SchemaBuilder<SchemaTypes>({
    plugins: [ErrorsPlugin, RelayPlugin],
    defaultFieldNullability: false,
    errors: { directResult: true },
    relay: {
      brandLoadedObjects: true,
      encodeGlobalID: (type, id) => toGlobalId(type, String(id)),
      decodeGlobalID(text) {
        const parts = fromGlobalId(text);
        if (!parts) throw InputError.at(['id'], `"${text}" is no id: give one that Gatehouse answered with.`);
        return { typename: parts.type, id: parts.id };
      },
      nodeTypeOptions: { description: 'A thing with an id that is unique over all types.' },
      idFieldOptions: { description: 'Opaque, unique over all types.' },
      pageInfoTypeOptions: { description: 'Where a page lies in its list.' },
      hasNextPageFieldOptions: { description: 'Whether more follows.' },
      hasPreviousPageFieldOptions: { description: 'Whether something comes before.' },
      startCursorFieldOptions: { description: 'The place of the first item; null for an empty page.' },
      endCursorFieldOptions: { description: 'The place of the last item; null for an empty page.' },
      nodeQueryOptions: {
        description: 'The thing with this id; null for what the viewer may not see.',
        args: { id: { description: 'Its id.' } },
      },
      nodesQueryOptions: false,
    },
  });
  builder.queryType({ description: 'Questions. They change nothing.' });
  builder.mutationType({
    description: 'Changes. Each is one transaction with its events, or refused without a trace.',
  });
  builder.subscriptionType({ description: 'Live events. Every stream can be resumed by cursor.' });
  return builder;
}
