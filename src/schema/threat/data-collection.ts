import { ConflictError } from '#kernel/errors.ts';
import { createDataCollection, type DataCollectionCreate } from '#resolvers/threat/data-collections/create.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';
import { type DataCollectionDelete, deleteDataCollection } from '#resolvers/threat/data-collections/delete.ts';
import {
  dataCollectionCreated,
  dataCollectionDeleted,
  dataCollectionServicesReplaced,
  dataCollectionUpdated,
} from '#resolvers/threat/data-collections/events.ts';
import {
  findDataCollection,
  findDataCollections,
  listDataCollections,
  listDataCollectionsOf,
} from '#resolvers/threat/data-collections/find.ts';
import { replaceDataCollectionServices, type ServicesReplace } from '#resolvers/threat/data-collections/services.ts';
import {
  type DataCollectionReplace,
  type DataCollectionUpdate,
  replaceDataCollection,
  updateDataCollection,
} from '#resolvers/threat/data-collections/update.ts';
import { findServicesOf } from '#resolvers/threat/services/find.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { mutation } from '#schema/mutation.ts';
import { node } from '#schema/node.ts';
import { instants, oneGone, oneThing } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    DataCollection: DataCollection;
  }
  interface InputShapes {
    DataCollectionKey: { id?: string | null; taxiiId?: string | null; name?: string | null };
  }
}

export function dataCollections(builder: Builder): void {
  builder.inputType('DataCollectionKey', {
    description: 'Names a data collection.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      taxiiId: t.string({ description: 'Its UUID, as permissions have it.' }),
      name: t.string({ description: 'Its name, exactly.' }),
    }),
  });
  builder.enumType('DataCollectionType', {
    description: 'How the blocks of a data collection follow each other.',
    values: {
      DATA_FEED: { description: 'They are ordered by their timestamp labels, and polled by them.' },
      DATA_SET: { description: 'They have no order.' },
    },
  });
  node(builder, 'DataCollection', {
    description: 'A named store of content blocks, as TAXII 1 has it.',
    find: findDataCollections,
    fields: (t) => ({
      taxiiId: t.exposeString('taxiiId', { description: 'Its UUID, as permissions have it.' }),
      name: t.exposeString('name', { description: 'Unique.' }),
      type: t.field({
        type: 'DataCollectionType' as never,
        description: 'Whether it is a feed or a set.',
        resolve: ({ type }) => type as never,
      }),
      description: t.exposeString('description', { nullable: true, description: 'Free text.' }),
      acceptAllContent: t.exposeBoolean('acceptAllContent', { description: 'Whether it takes blocks of any binding.' }),
      supportedContent: t.field({
        type: ['ContentBinding'],
        description: 'The bindings it takes, unless it takes all.',
        resolve: ({ supportedContent }) => supportedContent,
      }),
      available: t.exposeBoolean('available', { description: 'Whether it is filled and polled.' }),
      volume: t.exposeInt('volume', { description: 'How many blocks it holds.' }),
      services: t.field({
        type: ['TaxiiService'],
        description: 'The services that serve it, as far as the viewer may see them, by service id.',
        resolve: (collection, _, ctx) => findServicesOf(ctx, collection),
      }),
      ...instants(t as never),
    }),
  });
  builder.queryFields((t) => ({
    dataCollection: t.field({
      type: 'DataCollection',
      nullable: true,
      description: 'The data collection with this key; null when the viewer may see none.',
      args: { by: t.arg({ type: 'DataCollectionKey', required: true, description: 'Its key.' }) },
      resolve: (_, { by }, ctx) => findDataCollection(ctx, by),
    }),
    dataCollections: connection(builder, t, 'DataCollection', {
      description: 'The data collections that the viewer may read, by name.',
      args: { service: t.arg({ type: 'TaxiiServiceKey', description: 'Only those that it serves.' }) },
      resolve: (_, { service }, page, ctx) => listDataCollections(ctx, { service }, page),
    }),
  }));
  builder.interfaceField('TaxiiService', 'dataCollections', (t) =>
    connection(builder, t, 'DataCollection', {
      description: 'The data collections that it serves and that the viewer may read, by name.',
      resolve: (service, _, page, ctx) => listDataCollectionsOf(ctx, service.id, page),
    }),
  );
  changes(builder);
}

type InputBuilder = PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>;

const that = (t: InputBuilder) => ({
  by: t.field({ type: 'DataCollectionKey', required: true, description: 'The data collection.' }),
});

const rest = (t: InputBuilder) => ({
  type: t.field({ type: 'DataCollectionType' as never, description: 'A feed unless said.' }),
  description: t.string({ description: 'Free text.' }),
  acceptAllContent: t.boolean({ description: 'Whether it takes blocks of any binding; false unless said.' }),
  supportedContent: t.field({ type: ['ContentBindingInput'], description: 'The bindings it takes otherwise.' }),
  available: t.boolean({ description: 'Whether it is filled and polled; true unless said.' }),
});

function changes(builder: Builder): void {
  const success = oneThing('dataCollection', 'DataCollection');
  const needs = 'threat:admin on the data collection';
  const errors = [ConflictError];
  mutation(builder, 'dataCollectionCreate', {
    description: 'Creates a data collection.',
    needs: 'threat:admin',
    errors,
    emits: [dataCollectionCreated],
    input: (t) => ({
      taxiiId: t.string({ description: 'A UUID; a new one unless said.' }),
      name: t.string({ required: true, description: '1 to 300 characters that a URI may hold; unique.' }),
      ...rest(t),
      services: t.field({ type: ['TaxiiServiceKey'], description: 'The services that serve it; none unless said.' }),
    }),
    success,
    resolve: async (ctx, input) => ({
      dataCollection: await createDataCollection(ctx, input as DataCollectionCreate),
    }),
  });
  mutation(builder, 'dataCollectionUpdate', {
    description: 'Changes what is given of a data collection and leaves the rest.',
    needs,
    errors,
    emits: [dataCollectionUpdated],
    input: (t) => ({ ...that(t), name: t.string({ description: 'Its new name.' }), ...rest(t) }),
    success,
    resolve: async (ctx, input) => ({
      dataCollection: await updateDataCollection(ctx, input as DataCollectionUpdate),
    }),
  });
  mutation(builder, 'dataCollectionReplace', {
    description: 'Sets everything of a data collection but its services; what is not given becomes its default.',
    needs,
    errors,
    emits: [dataCollectionUpdated],
    input: (t) => ({ ...that(t), name: t.string({ required: true, description: 'Its name.' }), ...rest(t) }),
    success,
    resolve: async (ctx, input) => ({
      dataCollection: await replaceDataCollection(ctx, input as DataCollectionReplace),
    }),
  });
  mutation(builder, 'dataCollectionServicesReplace', {
    description: 'Sets the services that serve a data collection: all of them.',
    needs,
    emits: [dataCollectionServicesReplaced],
    input: (t) => ({
      ...that(t),
      services: t.field({ type: ['TaxiiServiceKey'], required: true, description: 'The services.' }),
    }),
    success,
    resolve: async (ctx, input) => ({
      dataCollection: await replaceDataCollectionServices(ctx, input as ServicesReplace),
    }),
  });
  mutation(builder, 'dataCollectionDelete', {
    description:
      'Deletes a data collection with its result sets and subscriptions, and the blocks that no other one holds.',
    needs,
    emits: [dataCollectionDeleted],
    input: that,
    success: oneGone('DataCollection'),
    resolve: async (ctx, input) => ({ id: await deleteDataCollection(ctx, input as DataCollectionDelete) }),
  });
}
