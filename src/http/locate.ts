import {
  defaultFieldResolver,
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isObjectType,
} from 'graphql';
import type { Context } from '#kernel/context.ts';
import { GatehouseError } from '#kernel/errors.ts';

/**
 * Lets failures say where in the answer they happened. GraphQL takes every error with a `path` for one that was located
 * before, and ours have one: the path of the input at fault. So they leave each resolver inside an error of GraphQL's.
 * Changes the schema, once however often it is called.
 */
export function locateFailures(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      if (field.resolve && field.resolve !== defaultFieldResolver && !located.has(field.resolve))
        field.resolve = locating(field.resolve);
    }
  }
}

type Resolver = GraphQLFieldResolver<unknown, Context>;

const located = new WeakSet<Resolver>();

function locating(resolve: Resolver): Resolver {
  const wrapped: Resolver = (source, args, ctx, info) => {
    try {
      const value: unknown = resolve(source, args, ctx, info);
      return value instanceof Promise ? value.catch(rethrow) : value;
    } catch (error) {
      return rethrow(error);
    }
  };
  located.add(wrapped);
  return wrapped;
}

function rethrow(error: unknown): never {
  throw error instanceof GatehouseError ? new GraphQLError(error.message, { originalError: error }) : error;
}
