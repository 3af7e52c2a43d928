import { ConflictError } from '#kernel/errors.ts';
import { findApiRoots } from '#resolvers/threat/api-roots/find.ts';
import { collectionMediaTypes, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { type CollectionCreate, createCollection } from '#resolvers/threat/collections/create.ts';
import { type CollectionDelete, deleteCollection } from '#resolvers/threat/collections/delete.ts';
import { collectionCreated, collectionDeleted, collectionUpdated } from '#resolvers/threat/collections/events.ts';
import {
  collectionsOfRoot,
  findCollection,
  findCollectionOf,
  findCollections,
  listCollections,
  rightsOn,
} from '#resolvers/threat/collections/find.ts';
import {
  type CollectionReplace,
  type CollectionUpdate,
  replaceCollection,
  updateCollection,
} from '#resolvers/threat/collections/update.ts';
import type { Builder, InputShapes, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { mutation } from '#schema/mutation.ts';
import { node } from '#schema/node.ts';
import { instants, oneGone, oneThing } from '#schema/success.ts';

interface CollectionAliasInput {
  readonly apiRoot: InputShapes['TaxiiApiRootKey'];
  readonly alias: string;
}

declare module '#schema/builder.ts' {
  interface Shapes {
    TaxiiCollection: TaxiiCollection;
  }
  interface InputShapes {
    TaxiiCollectionAlias: CollectionAliasInput;
    TaxiiCollectionKey: { id?: string | null; taxiiId?: string | null; alias?: CollectionAliasInput | null };
    TaxiiCollectionOfRootKey: { id?: string | null; taxiiId?: string | null; alias?: string | null };
  }
}

export function collections(builder: Builder): void {
  keys(builder);
  node(builder, 'TaxiiCollection', {
    description: 'A set of versions of STIX objects, as TAXII 2.1 has it.',
    find: findCollections,
    fields: (t) => ({
      taxiiId: t.exposeString('id', { description: 'Its UUID, as URLs and permissions have it.' }),
      apiRoot: t.field({
        type: 'TaxiiApiRoot',
        nullable: true,
        description: 'The API root it belongs to; null where the viewer may not see the root itself.',
        resolve: ({ apiRootId }, _, ctx) => ctx.load(findApiRoots, apiRootId),
      }),
      title: t.exposeString('title', { description: 'How people call it. Every account sees it.' }),
      description: t.exposeString('description', { nullable: true, description: 'Free text. Every account sees it.' }),
      alias: t.exposeString('alias', { nullable: true, description: 'Another name for its URL; unique in its root.' }),
      isPublic: t.exposeBoolean('isPublic', { description: 'Whether everybody reads it, without a credential too.' }),
      isPublicWrite: t.exposeBoolean('isPublicWrite', {
        description: 'Whether everybody adds to it, without a credential too.',
      }),
      canRead: t.boolean({
        description: 'Whether the viewer reads its objects.',
        resolve: (collection, _, ctx) => rightsOn(ctx, collection).canRead,
      }),
      canWrite: t.boolean({
        description: 'Whether the viewer adds objects to it.',
        resolve: (collection, _, ctx) => rightsOn(ctx, collection).canWrite,
      }),
      mediaTypes: t.stringList({ description: 'What its objects are.', resolve: () => [...collectionMediaTypes] }),
      objectCount: t.int({
        nullable: true,
        description: 'How many versions of objects it keeps; null where the viewer may not read them.',
        resolve: (collection, _, ctx) => (rightsOn(ctx, collection).canRead ? collection.objectCount : null),
      }),
      ...instants(t as never),
    }),
  });
  builder.queryFields((t) => ({
    taxiiCollection: t.field({
      type: 'TaxiiCollection',
      nullable: true,
      description: 'The collection with this key; null when there is none. Every account sees that each exists.',
      args: { by: t.arg({ type: 'TaxiiCollectionKey', required: true, description: 'Its key.' }) },
      resolve: (_, { by }, ctx) => findCollection(ctx, by),
    }),
    taxiiCollections: connection(builder, t, 'TaxiiCollection', {
      description: 'Collections by title, also those that the viewer may neither read nor fill.',
      args: { apiRoot: t.arg({ type: 'TaxiiApiRootKey', description: 'Only those of this API root.' }) },
      resolve: (_, { apiRoot }, page, ctx) => listCollections(ctx, { apiRoot }, page),
    }),
  }));
  builder.objectFields('TaxiiApiRoot', (t) => ({
    collections: connection(builder, t, 'TaxiiCollection', {
      description: 'Its collections by title, also those that the viewer may neither read nor fill.',
      resolve: (root, _, page, ctx) => collectionsOfRoot(ctx, root, page),
    }),
    collection: t.field({
      type: 'TaxiiCollection',
      nullable: true,
      description: 'Its collection with this key; null when the viewer may know of none.',
      args: { by: t.arg({ type: 'TaxiiCollectionOfRootKey', required: true, description: 'Its key.' }) },
      resolve: (root, { by }, ctx) => findCollectionOf(ctx, root, by),
    }),
  }));
  changes(builder);
}

function keys(builder: Builder): void {
  builder.inputType('TaxiiCollectionAlias', {
    description: 'An alias in its API root.',
    fields: (t) => ({
      apiRoot: t.field({ type: 'TaxiiApiRootKey', required: true, description: 'The API root.' }),
      alias: t.string({ required: true, description: 'The alias, exactly.' }),
    }),
  });
  builder.inputType('TaxiiCollectionKey', {
    description: 'Names a collection.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      taxiiId: t.string({ description: 'Its UUID, as URLs and permissions have it.' }),
      alias: t.field({ type: 'TaxiiCollectionAlias', description: 'Its alias in its API root.' }),
    }),
  });
  builder.inputType('TaxiiCollectionOfRootKey', {
    description: 'Names a collection of an API root that is known.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      taxiiId: t.string({ description: 'Its UUID, as URLs and permissions have it.' }),
      alias: t.string({ description: 'Its alias, exactly.' }),
    }),
  });
}

type InputBuilder = PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>;

const that = (t: InputBuilder) => ({
  by: t.field({ type: 'TaxiiCollectionKey', required: true, description: 'The collection.' }),
});

const rest = (t: InputBuilder) => ({
  description: t.string({ description: 'Free text. Every account sees it.' }),
  alias: t.string({
    description: 'Another name for its URL: 100 characters at most, no blanks and none of / ? #; none unless said.',
  }),
  isPublic: t.boolean({ description: 'Whether everybody reads it; false unless said.' }),
  isPublicWrite: t.boolean({ description: 'Whether everybody adds to it; false unless said.' }),
});

function changes(builder: Builder): void {
  const success = oneThing('taxiiCollection', 'TaxiiCollection');
  const needs = 'threat:admin on the collection';
  const errors = [ConflictError];
  mutation(builder, 'taxiiCollectionCreate', {
    description: 'Creates a collection in an API root, where it stays.',
    needs: 'threat:admin on the API root',
    emits: [collectionCreated],
    errors,
    input: (t) => ({
      apiRoot: t.field({ type: 'TaxiiApiRootKey', required: true, description: 'The API root.' }),
      taxiiId: t.string({ description: 'A UUID; a new one unless said.' }),
      title: t.string({ required: true, description: '1 to 100 characters. Every account sees it.' }),
      ...rest(t),
    }),
    success,
    resolve: async (ctx, input) => ({ taxiiCollection: await createCollection(ctx, input as CollectionCreate) }),
  });
  mutation(builder, 'taxiiCollectionUpdate', {
    description: 'Changes what is given of a collection and leaves the rest.',
    needs,
    emits: [collectionUpdated],
    errors,
    input: (t) => ({ ...that(t), title: t.string({ description: 'Its new title.' }), ...rest(t) }),
    success,
    resolve: async (ctx, input) => ({ taxiiCollection: await updateCollection(ctx, input as CollectionUpdate) }),
  });
  mutation(builder, 'taxiiCollectionReplace', {
    description: 'Sets everything of a collection but what it holds; what is not given becomes its default.',
    needs,
    emits: [collectionUpdated],
    errors,
    input: (t) => ({ ...that(t), title: t.string({ required: true, description: 'Its title.' }), ...rest(t) }),
    success,
    resolve: async (ctx, input) => ({ taxiiCollection: await replaceCollection(ctx, input as CollectionReplace) }),
  });
  mutation(builder, 'taxiiCollectionDelete', {
    description: 'Deletes a collection: one that holds objects only when forced, and these with it.',
    needs,
    emits: [collectionDeleted],
    errors,
    input: (t) => ({
      ...that(t),
      force: t.boolean({ description: 'Whether its objects go with it; false unless said.' }),
    }),
    success: oneGone('TaxiiCollection'),
    resolve: async (ctx, input) => ({ id: await deleteCollection(ctx, input as CollectionDelete) }),
  });
}
