import { brandWithType } from '@pothos/core';
import { type GraphQLSchema, isObjectType } from 'graphql';
import type { Batch, Context } from '#kernel/context.ts';
import { toGlobalId } from '#kernel/id.ts';
import type { AnyField, Builder, InterfaceShapes, SchemaTypes, Shapes } from '#schema/builder.ts';

type NodeName = keyof Shapes & string;
type Fields<Name extends NodeName> = (
  t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Shapes[Name]>,
) => Record<string, AnyField>;

/** How the things of each node type are found by row id, so that events can link to their subjects by name. */
const finders = new WeakMap<Builder, Map<string, Batch<string, unknown>>>();

/**
 * A type with a global id.
 * @param parts.find gives the rows the viewer may see for row ids, null for the others.
 */
export function node<Name extends NodeName>(
  builder: Builder,
  name: Name,
  parts: {
    readonly description: string;
    readonly find: Batch<string, Shapes[Name] | null>;
    readonly interfaces?: readonly (keyof InterfaceShapes & string)[];
    fields: Fields<Name>;
  },
): void {
  const known = finders.get(builder) ?? new Map();
  finders.set(builder, known.set(name, parts.find));
  builder.node(name, {
    description: parts.description,
    interfaces: (parts.interfaces ?? []) as never,
    id: { resolve: (row: { id: string }) => row.id, description: 'Opaque, unique over all types.' },
    loadMany: (ids: string[], ctx: Context) => Promise.all(ids.map((id) => ctx.load(parts.find, id))),
    fields: parts.fields,
  } as never);
}

/**
 * Has events whose subject is of one of several node types link to the interface that these share.
 * @param find gives the rows the viewer may see for row ids, whichever of the types they are of.
 */
export function nodeInterface<Name extends keyof InterfaceShapes & string>(
  builder: Builder,
  name: Name,
  find: Batch<string, InterfaceShapes[Name] | null>,
): void {
  const known = finders.get(builder) ?? new Map();
  finders.set(builder, known.set(name, find));
}

/**
 * Gives the ids of nodes without a promise for each: the resolver that comes with the type waits for what is at hand, and
 * a list has many. Changes the schema.
 */
export function plainIds(builder: Builder, schema: GraphQLSchema): GraphQLSchema {
  for (const name of finders.get(builder)?.keys() ?? []) {
    const type = schema.getType(name);
    const field = isObjectType(type) ? type.getFields().id : undefined;
    if (field) field.resolve = (row: { id: string }) => toGlobalId(name, row.id);
  }
  return schema;
}

/** The thing of a node type with this row id, or null when the viewer may not see it. */
export async function findNode(builder: Builder, ctx: Context, type: string, id: string): Promise<object | null> {
  const find = finders.get(builder)?.get(type);
  const found = find ? ((await ctx.load(find, id)) as object | null) : null;
  // An interface finds the type of its value by this mark.
  if (found) brandWithType(found, type as never);
  return found;
}

/** Whether a plugin declared a node type of this name. */
export const hasNode = (builder: Builder, type: string): boolean => finders.get(builder)?.has(type) ?? false;
