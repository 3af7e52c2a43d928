import { type GraphQLArgument, type GraphQLField, type GraphQLSchema, isNonNullType } from 'graphql';
import type { EndpointKind } from '#kernel/endpoint.ts';
import { readFacts } from '#schema/description.ts';
import type { Origins } from '#schema/origins.ts';

/** A root field of the graph as lists of endpoints show it. */
export interface RootField {
  readonly kind: EndpointKind;
  readonly name: string;
  readonly plugin: string;
  readonly description: string;
  /** In the words of its description; null where nothing is needed. */
  readonly needs: string | null;
  readonly emits: readonly string[];
  readonly arguments: unknown;
  readonly deprecated: string | null;
}

/** All root fields. @param origins says whose they are; those of nobody are the gateway's. */
export function rootFields(schema: GraphQLSchema, origins: Origins): RootField[] {
  const roots = [
    ['QUERY', schema.getQueryType()],
    ['MUTATION', schema.getMutationType()],
    ['SUBSCRIPTION', schema.getSubscriptionType()],
  ] as const;
  return roots.flatMap(([kind, type]) =>
    Object.values(type?.getFields() ?? {}).map((field) => ({
      kind,
      name: field.name,
      plugin: origins.get(`${type?.name}.${field.name}`) ?? 'gatehouse',
      arguments: field.args.map(shownArgument),
      deprecated: field.deprecationReason ?? null,
      ...readFacts(textOf(field)),
    })),
  );
}

const textOf = (field: GraphQLField<unknown, unknown>): string => field.description ?? '';

const shownArgument = ({ name, type, description, defaultValue }: GraphQLArgument) => ({
  name,
  type: String(type),
  required: isNonNullType(type) && defaultValue === undefined,
  description: description ?? '',
});
