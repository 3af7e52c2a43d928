import { brandWithType } from '@pothos/core';
import { AmbiguousError } from '#kernel/errors.ts';
import { findAttributes } from '#resolvers/network/attributes/find.ts';
import { findValues, listValues, type ValueList } from '#resolvers/network/attributes/list-values.ts';
import { readSetQuery } from '#resolvers/network/attributes/query.ts';
import { type Changed, type SetMany, setAttributeValues } from '#resolvers/network/attributes/set-many.ts';
import type { Term } from '#resolvers/network/attributes/set-query.ts';
import type { AttributeValue } from '#resolvers/network/attributes/store.ts';
import { findTarget } from '#resolvers/network/attributes/targets.ts';
import { circuitUpdated } from '#resolvers/network/circuits/circuit.ts';
import { deviceUpdated } from '#resolvers/network/devices/device.ts';
import { interfaceUpdated } from '#resolvers/network/interfaces/interface.ts';
import { networkUpdated } from '#resolvers/network/networks/network.ts';
import { protocolUpdated } from '#resolvers/network/protocols/protocol.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { mutation } from '#schema/mutation.ts';
import { node } from '#schema/node.ts';
import { instants } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    AttributeValue: AttributeValue;
    SetQueryTerm: Term;
  }
}

/** The type of a thing, so that an interface finds it. */
function branded<Row extends object>(type: string, row: Row): Row {
  brandWithType(row, type as never);
  return row;
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
          return target && branded(target.type, target.row);
        },
      }),
      ...instants(t as never),
    }),
  });
  setMany(builder);
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

function setMany(builder: Builder): void {
  const selection = builder.inputType('AttributeValueSelection', {
    description: 'Which things.',
    isOneOf: true,
    fields: (t) => ({
      ids: t.idList({ description: 'Those with these ids.' }),
      query: t.string({ description: 'Those in the set of this query: `role=spine -owner=lab`.' }),
    }),
  });
  mutation(builder, 'attributeValueSetMany', {
    description: 'Changes what many things of one kind carry, all or none. What is not named stays as it is.',
    needs: 'network:update on each thing',
    emits: [deviceUpdated, networkUpdated, interfaceUpdated, circuitUpdated, protocolUpdated],
    errors: [AmbiguousError],
    input: (t) => ({
      site: t.field({ type: 'SiteKey', description: 'The Site to look in.' }),
      resource: t.field({ type: 'AttributeResource' as never, required: true, description: 'The kind of things.' }),
      select: t.field({ type: selection as never, required: true, description: 'Which things.' }),
      set: t.field({ type: 'Attributes', description: 'What they carry under these names from now on.' }),
      add: t.field({ type: 'Attributes', description: 'What is added under names with several values.' }),
      remove: t.stringList({ description: 'The names under which they carry nothing any more.' }),
    }),
    success: (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, { readonly changed: readonly Changed[] }>) => ({
      resources: t.field({
        type: ['NetworkResource'],
        description: 'The things as they are now.',
        resolve: ({ changed }) => changed.map(({ type, row }) => branded(type, row)),
      }),
    }),
    resolve: async (ctx, input) => ({ changed: await setAttributeValues(ctx, input as SetMany) }),
  });
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
