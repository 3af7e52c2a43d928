import { ConflictError } from '#kernel/errors.ts';
import { deleteDocument, replaceDocument } from '#resolvers/platform/store/change.ts';
import { documentDeleted, documentEvents, documentReplaced } from '#resolvers/platform/store/events.ts';
import {
  bodiesOf,
  findDocument,
  findDocuments,
  findHome,
  listChildren,
  type SeenDocument,
  watchDocuments,
} from '#resolvers/platform/store/find.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { describeField } from '#schema/description.ts';
import { feed } from '#schema/feed.ts';
import { mutation } from '#schema/mutation.ts';
import { node } from '#schema/node.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    StoreDocument: SeenDocument;
  }
}

/** Documents that inherit from what stands above them. */
export function storeDocuments(builder: Builder): void {
  node(builder, 'StoreDocument', {
    description: 'A JSON object at a path. Key by key it inherits from all that stand above it.',
    find: findDocuments,
    fields: (t) => ({
      path: t.exposeString('path', { description: '`/`, or segments with a slash before each.' }),
      parents: t.stringList({
        description: 'The paths from the root to what was asked for, both included, whether or not they exist.',
        resolve: ({ parents }) => [...parents],
      }),
      body: t.field({
        type: 'JSON',
        description: 'What it says itself.',
        resolve: async (document, _, ctx) => (await bodiesOf(ctx, document)).own,
      }),
      inherited: t.field({
        type: 'JSON',
        description: 'What it has from above: `store.default`, then the root down to its parent, the last counts.',
        resolve: async (document, _, ctx) => (await bodiesOf(ctx, document)).inherited,
      }),
      effective: t.field({
        type: 'JSON',
        description: 'What is inherited with its own body over it. A null is a value: it hides what is inherited.',
        resolve: async (document, _, ctx) => (await bodiesOf(ctx, document)).effective,
      }),
      children: connection(builder, t as never, 'StoreDocument', {
        description: 'The documents right below it that the viewer may see, by path.',
        resolve: (document: SeenDocument, _, page, ctx) => listChildren(ctx, document, page),
      }),
      etag: t.string({
        nullable: true,
        description: 'This state of its body; null for a root that nobody has made yet.',
        resolve: ({ kept }) => kept?.etag ?? null,
      }),
      createdAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When it was made; null for a root that nobody has made yet.',
        resolve: ({ kept }) => kept?.createdAt ?? null,
      }),
      updatedAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When its body was last changed.',
        resolve: ({ kept }) => kept?.updatedAt ?? null,
      }),
    }),
  });
  builder.queryFields((t) => ({
    storeDocument: t.field({
      type: 'StoreDocument',
      nullable: true,
      description: describeField({
        description: 'The document at a path; null where none is.',
        needs: 'store:read@/path',
      }),
      args: { path: t.arg.string({ defaultValue: '/', description: 'Where it stands.' }) },
      resolve: (_, { path }, ctx) => findDocument(ctx, { path: path ?? null }),
    }),
    storeHome: t.field({
      type: 'StoreDocument',
      description:
        'Where one is at home: the deepest document on the way to the first path that one’s permissions to read name; the root where none does. Everybody signed in may ask.',
      extensions: { personal: true },
      resolve: (_, __, ctx) => findHome(ctx),
    }),
  }));
  mutation(builder, 'storeDocumentReplace', {
    description: 'Sets the whole body of a document, and makes it where there is none below an existing one.',
    needs: 'store:write@/path',
    emits: [documentReplaced],
    errors: [ConflictError],
    input: (t) => ({
      path: t.string({ required: true, description: '1 to 32 segments of 1 to 128 characters, or `/`.' }),
      body: t.field({ type: 'JSON', required: true, description: 'An object of 1 MiB at most.' }),
      etag: t.string({ description: 'The state that is to be replaced; any unless said.' }),
    }),
    resolve: (ctx, input) => replaceDocument(ctx, input as never),
    success: (t) => ({
      changed: t.exposeBoolean('changed', { description: 'False when it had this body already.' }),
      storeDocument: t.expose('storeDocument', { type: 'StoreDocument', description: 'As it is now.' }),
    }),
  });
  mutation(builder, 'storeDocumentDelete', {
    description: 'Deletes a document, and with `recursive` everything below it.',
    needs: 'store:write@/path',
    emits: [documentDeleted],
    errors: [ConflictError],
    input: (t) => ({
      path: t.string({ required: true, description: 'Where it stands.' }),
      recursive: t.boolean({ defaultValue: false, description: 'Whether what lies below it goes as well.' }),
      etag: t.string({ description: 'The state that is to be deleted; any unless said.' }),
    }),
    resolve: (ctx, input) => deleteDocument(ctx, input as never),
    success: (t) => ({
      removed: t.stringList({
        description: 'The paths that are gone, the last first.',
        resolve: (done: { readonly removed: readonly string[] }) => [...done.removed],
      }),
    }),
  });
  feed(builder, 'storeDocumentChanged', {
    description: 'What happens to the document at a path and to those below it.',
    needs: 'store:read@/path',
    args: (arg) => ({ path: arg.string({ defaultValue: '/', description: 'Where to look.' }) }),
    events: documentEvents,
    select: (ctx, { path }) => watchDocuments(ctx, { path: path ?? null }),
  });
}
