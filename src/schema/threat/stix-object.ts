import { findCollections } from '#resolvers/threat/collections/find.ts';
import { stixObjectAdded, stixObjectDeleted } from '#resolvers/threat/objects/events.ts';
import type { StixSelection } from '#resolvers/threat/objects/filter.ts';
import { findObject, findObjects, findVersions, type StixObjectKey } from '#resolvers/threat/objects/find.ts';
import {
  listManifestOf,
  listObjects,
  listObjectsOf,
  listSiblings,
  listVersionsOf,
  type ObjectList,
} from '#resolvers/threat/objects/list.ts';
import { type StixObject, type StixVersion, stixMediaType } from '#resolvers/threat/objects/stix-object.ts';
import { type ObjectWatch, watchAdditions, watchDeletions } from '#resolvers/threat/objects/watch.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { feed } from '#schema/feed.ts';
import { node } from '#schema/node.ts';
import { datedPage, stixCursors, stixPages } from '#schema/threat/stix-page.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    StixObject: StixObject;
    TaxiiManifestRecord: StixVersion;
  }
  interface InputShapes {
    StixMatch: StixSelection['match'] & object;
  }
}

const listed = { cursors: stixCursors, pageInfo: datedPage };

/** STIX objects, and what collections say of them. */
export function stixObjects(builder: Builder): void {
  stixPages(builder);
  inputs(builder);
  node(builder, 'StixObject', {
    description: 'One version of a STIX object in one collection.',
    find: findObjects,
    fields: (t) => ({
      ...versionFields(t as never),
      collection: t.field({
        type: 'TaxiiCollection',
        nullable: true,
        description: 'The collection that holds it; null when that was deleted in the meantime.',
        resolve: ({ collectionId }, _, ctx) => ctx.load(findCollections, collectionId),
      }),
      isFirst: t.exposeBoolean('isFirst', { description: 'Whether no version of it in its collection is older.' }),
      isLast: t.exposeBoolean('isLast', { description: 'Whether no version of it in its collection is newer.' }),
      body: t.field({ type: 'JSON', description: 'All that it says, as it was sent.', resolve: ({ body }) => body }),
      patternError: t.exposeString('patternError', {
        nullable: true,
        description: 'Why its pattern could not be read in whole; null where it could, and for what has none.',
      }),
      createdAt: t.field({
        type: 'DateTime',
        description: 'When it came into its collection, as `dateAdded`.',
        resolve: ({ dateAdded }) => dateAdded,
      }),
      updatedAt: t.field({
        type: 'DateTime',
        description: 'The same: a version never changes.',
        resolve: ({ dateAdded }) => dateAdded,
      }),
      versions: connection(builder, t, 'TaxiiManifestRecord', {
        description: 'All versions of it in its collection, as they were added.',
        ...listed,
        resolve: (object, _, page, ctx) => listSiblings(ctx, object, page),
      }),
    }),
  });
  builder.objectType('TaxiiManifestRecord', {
    description: 'What a collection says of a version without showing it.',
    fields: (t) => ({
      ...versionFields(t),
      mediaType: t.string({
        description: 'The media type of its body.',
        resolve: stixMediaType,
      }),
    }),
  });
  lists(builder);
  ofCollections(builder);
  streams(builder);
}

const versionFields = (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, StixVersion>) => ({
  stixId: t.exposeString('stixId', { description: 'Its own id, `<type>--<UUID>`: the same in all versions.' }),
  type: t.exposeString('type', { description: 'What it is: `indicator`, `relationship`, …' }),
  specVersion: t.exposeString('specVersion', { description: 'The version of STIX it is written in.' }),
  version: t.field({
    type: 'DateTime',
    description: 'When its author made this version: `modified`, else `created`, else the beginning of 1970.',
    resolve: ({ version }) => version,
  }),
  dateAdded: t.field({
    type: 'DateTime',
    description: 'When it came into its collection: lists are in this order.',
    resolve: ({ dateAdded }) => dateAdded,
  }),
});

function inputs(builder: Builder): void {
  builder.inputType('StixMatch', {
    description: 'Which versions: everything given must hold, one value of each list is enough.',
    fields: (t) => ({
      id: t.stringList({ description: 'Of objects with these ids.' }),
      type: t.stringList({ description: 'Of these types.' }),
      specVersion: t.stringList({ description: 'Written in these versions of STIX.' }),
      version: t.stringList({
        description:
          '`last`, `first`, `all`, or instants; `last` unless said. First and last are those of the whole collection, whatever else is asked for.',
      }),
    }),
  });
  const version = builder.inputType('StixVersionKey', {
    description: 'Names a version of an object in a collection.',
    fields: (t) => ({
      collection: t.field({ type: 'TaxiiCollectionKey', required: true, description: 'The collection.' }),
      stixId: t.string({ required: true, description: 'The id of the object.' }),
      version: t.field({ type: 'DateTime', description: 'The version; the last one unless said.' }),
    }),
  });
  builder.inputType('StixObjectKey', {
    description: 'Names a version of a STIX object.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      version: t.field({ type: version, description: 'Its collection, object and time.' }),
    }),
  });
}

function lists(builder: Builder): void {
  builder.queryFields((t) => ({
    stixObject: t.field({
      type: 'StixObject',
      nullable: true,
      description: 'The version with this key; null when the viewer may see none.',
      args: { by: t.arg({ type: 'StixObjectKey' as never, required: true, description: 'Its key.' }) },
      resolve: (_, { by }, ctx) => findObject(ctx, by as StixObjectKey),
    }),
    stixObjects: connection(builder, t, 'StixObject', {
      description: 'Objects of collections that the viewer reads, as they were added.',
      args: {
        collections: t.arg({ type: ['TaxiiCollectionKey'], description: 'Only of these; of all unless said.' }),
        match: t.arg({ type: 'StixMatch', description: 'Which versions; the last ones unless said.' }),
        addedAfter: t.arg({ type: 'DateTime', description: 'Only what was added after this instant.' }),
      },
      ...listed,
      resolve: (_, args, page, ctx) => listObjects(ctx, args as ObjectList, page),
    }),
  }));
}

function ofCollections(builder: Builder): void {
  builder.objectFields('TaxiiCollection', (t) => {
    const selection = () => ({
      match: t.arg({ type: 'StixMatch', description: 'Which versions; the last ones unless said.' }),
      addedAfter: t.arg({ type: 'DateTime', description: 'Only what was added after this instant.' }),
    });
    return {
      objects: connection(builder, t as never, 'StixObject', {
        description: 'What it holds, as it was added; nothing where the viewer may not read it.',
        args: selection(),
        ...listed,
        resolve: (collection: never, args, page, ctx) => listObjectsOf(ctx, collection, args as StixSelection, page),
      }),
      manifest: connection(builder, t as never, 'TaxiiManifestRecord', {
        description: 'The same without bodies.',
        args: selection(),
        ...listed,
        resolve: (collection: never, args, page, ctx) => listManifestOf(ctx, collection, args as StixSelection, page),
      }),
      object: t.field({
        type: ['StixObject'],
        nullable: true,
        description: 'Versions of one object, 1,000 at most; null when it holds none at all.',
        args: {
          stixId: t.arg.string({ required: true, description: 'The id of the object.' }),
          versions: t.arg.stringList({ description: '`last`, `first`, `all`, or instants; `last` unless said.' }),
        },
        resolve: (collection, { stixId, versions }, ctx) =>
          findVersions(ctx, collection as never, stixId, { versions }) as never,
      }),
      versions: connection(builder, t as never, 'TaxiiManifestRecord', {
        description: 'All versions of one object, as they were added; null when it holds none at all.',
        nullable: true,
        args: {
          stixId: t.arg.string({ required: true, description: 'The id of the object.' }),
          addedAfter: t.arg({ type: 'DateTime', description: 'Only what was added after this instant.' }),
          specVersions: t.arg.stringList({ description: 'Only what is written in these versions of STIX.' }),
        },
        ...listed,
        resolve: (collection: never, { stixId, ...rest }, page, ctx) =>
          listVersionsOf(ctx, collection, stixId, rest, page),
      }),
    };
  });
}

function streams(builder: Builder): void {
  feed(builder, 'stixObjectAdded', {
    description: 'Every version that comes into a collection that the viewer reads.',
    needs: 'threat:read',
    args: (arg) => ({
      collections: arg({ type: ['TaxiiCollectionKey'], description: 'Only into these.' }),
      match: arg({ type: 'StixMatch', description: 'Only by id, type and version of STIX.' }),
    }),
    events: [stixObjectAdded],
    select: (ctx, args) => watchAdditions(ctx, args as ObjectWatch),
  });
  feed(builder, 'stixObjectDeleted', {
    description: 'Every version that is deleted from a collection that the viewer reads.',
    needs: 'threat:read',
    args: (arg) => ({ collections: arg({ type: ['TaxiiCollectionKey'], description: 'Only from these.' }) }),
    events: [stixObjectDeleted],
    select: (ctx, args) => watchDeletions(ctx, args as ObjectWatch),
  });
}
