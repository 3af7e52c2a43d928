import { brandWithType } from '@pothos/core';
import { findAttributes } from '#resolvers/network/attributes/find.ts';
import { findValues, listValues, type ValueList } from '#resolvers/network/attributes/list-values.ts';
import { readSetQuery } from '#resolvers/network/attributes/query.ts';
import type { Term } from '#resolvers/network/attributes/set-query.ts';
import type { AttributeValue } from '#resolvers/network/attributes/store.ts';
import { findTarget } from '#resolvers/network/attributes/targets.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { instants } from '#schema/network/shared.ts';
import { node } from '#schema/node.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    AttributeValue: AttributeValue;
    SetQueryTerm: Term;
  }
}

/** The values that things carry, and the language they are asked for in. */
export function attributeValues(builder: Builder): void {
  node(builder, 'AttributeValue', {
    description:
      'One value that a thing carries. It follows from the attributes of the thing and is changed with them.',
    find: findValues,
    fields: (t) => ({
      attribute: t.field({
        type: 'Attribute',
        nullable: true,
        description: 'Its definition; null where the viewer may not read it.',
        resolve: ({ attributeId }, _, ctx) => ctx.load(findAttributes, attributeId),
      }),
      name: t.exposeString('name', { description: 'The name of its attribute.' }),
      value: t.exposeString('value', { description: 'The value.' }),
      resource: t.field({
        type: 'AttributeResource' as never,
        description: 'The kind of the thing.',
        resolve: ({ resource }) => resource as never,
      }),
      target: t.field({
        type: 'NetworkResource',
        nullable: true,
        description: 'The thing.',
        async resolve({ resource, targetId }, _, ctx) {
          const target = await ctx.load(findTarget, targetId, resource);
          // An interface finds the type of its value by this mark.
          if (target) brandWithType(target.row, target.type as never);
          return target?.row as never;
        },
      }),
      ...instants(t as never),
    }),
  });
  const filter = builder.inputType('AttributeValueFilter', {
    description: 'Which values; everything given must hold.',
    fields: (t) => ({
      name: t.string({ description: 'Under this name.' }),
      value: t.string({ description: 'This one.' }),
      resource: t.field({ type: 'AttributeResource' as never, description: 'Of this kind of things.' }),
      target: t.id({ description: 'Of the thing with this id.' }),
    }),
  });
  builder.queryFields((t) => ({
    attributeValues: connection(builder, t, 'AttributeValue', {
      description: 'The values of the things that the viewer may see.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'Only of this Site.' }),
        filter: t.arg({ type: filter, description: 'Which ones.' }),
      },
      resolve: (_, args, page, ctx) => listValues(ctx, args as ValueList, page),
    }),
    setQueryTerms: t.field({
      type: [terms(builder)],
      description: 'The terms of a set query as they are understood, in order. Whether attributes exist is not asked.',
      args: { query: t.arg.string({ required: true, description: 'The query.' }) },
      resolve: (_, { query }, ctx) => readSetQuery(ctx, query),
    }),
  }));
}

function terms(builder: Builder) {
  builder.enumType('SetOperation', {
    description: 'What a term of a set query does with the set so far.',
    values: {
      INTERSECTION: { description: 'Keeps what has the value.' },
      DIFFERENCE: { description: 'Leaves out what has the value.' },
      UNION: { description: 'Adds what has the value.' },
    },
  });
  return builder.objectType('SetQueryTerm', {
    description: 'A term of a set query.',
    fields: (t) => ({
      operation: t.field({
        type: 'SetOperation' as never,
        description: 'What it does with the set so far.',
        resolve: ({ operation }) => operation as never,
      }),
      name: t.exposeString('name', { description: 'The attribute.' }),
      value: t.exposeString('value', { description: 'The value, or the expression that is looked for in values.' }),
      regex: t.exposeBoolean('regex', { description: 'Whether it is an RE2 expression.' }),
    }),
  });
}
