import { ConflictError } from '#kernel/errors.ts';
import { apiRootPath, type TaxiiApiRoot, taxiiVersions } from '#resolvers/threat/api-roots/api-root.ts';
import { type ApiRootCreate, createApiRoot } from '#resolvers/threat/api-roots/create.ts';
import { type ApiRootDelete, deleteApiRoot } from '#resolvers/threat/api-roots/delete.ts';
import { apiRootCreated, apiRootDeleted, apiRootUpdated } from '#resolvers/threat/api-roots/events.ts';
import { findApiRoot, findApiRoots, listApiRoots } from '#resolvers/threat/api-roots/find.ts';
import {
  type ApiRootReplace,
  type ApiRootUpdate,
  replaceApiRoot,
  updateApiRoot,
} from '#resolvers/threat/api-roots/update.ts';
import { collectionDeleted } from '#resolvers/threat/collections/events.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { mutation } from '#schema/mutation.ts';
import { node } from '#schema/node.ts';
import { instants, oneGone, oneThing } from '#schema/success.ts';

interface ApiRootKeyInput {
  readonly id?: string | null;
  readonly taxiiId?: string | null;
  readonly slug?: string | null;
}

declare module '#schema/builder.ts' {
  interface Shapes {
    TaxiiApiRoot: TaxiiApiRoot;
  }
  interface InputShapes {
    TaxiiApiRootKey: ApiRootKeyInput;
  }
}

export function apiRoots(builder: Builder): void {
  builder.inputType('TaxiiApiRootKey', {
    description: 'Names an API root.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      taxiiId: t.string({ description: 'Its UUID, as URLs and permissions have it.' }),
      slug: t.string({ description: 'Its slug, exactly.' }),
    }),
  });
  node(builder, 'TaxiiApiRoot', {
    description: 'A group of collections with its own URL, as TAXII 2.1 has it.',
    find: findApiRoots,
    fields: (t) => ({
      taxiiId: t.exposeString('id', { description: 'Its UUID, as URLs and permissions have it.' }),
      slug: t.exposeString('slug', { nullable: true, description: 'A name for its URL; unique.' }),
      title: t.exposeString('title', { description: 'How people call it.' }),
      description: t.exposeString('description', { nullable: true, description: 'Free text.' }),
      isDefault: t.exposeBoolean('isDefault', { description: 'Whether discovery tells clients to begin with it.' }),
      isPublic: t.exposeBoolean('isPublic', {
        description: 'Whether it and the list of its collections are seen without a credential.',
      }),
      path: t.string({ description: 'Its URL below that of the gateway: `/taxii2/trust/`.', resolve: apiRootPath }),
      versions: t.stringList({
        description: 'The versions of TAXII that it speaks, as media types.',
        resolve: () => [...taxiiVersions],
      }),
      maxContentLength: t.int({
        description: 'The most bytes of a request that adds objects.',
        resolve: (_, __, ctx) => ctx.use(threatSettings).maxContentLength,
      }),
      ...instants(t as never),
    }),
  });
  builder.queryFields((t) => ({
    taxiiApiRoot: t.field({
      type: 'TaxiiApiRoot',
      nullable: true,
      description: 'The API root with this key; null when there is none. Every account sees each.',
      args: { by: t.arg({ type: 'TaxiiApiRootKey', required: true, description: 'Its key.' }) },
      resolve: (_, { by }, ctx) => findApiRoot(ctx, by),
    }),
    taxiiApiRoots: connection(builder, t, 'TaxiiApiRoot', {
      description: 'The API roots by title; without a credential the public ones.',
      resolve: (_, __, page, ctx) => listApiRoots(ctx, page),
    }),
  }));
  changes(builder);
}

type InputBuilder = PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>;

const that = (t: InputBuilder) => ({
  by: t.field({ type: 'TaxiiApiRootKey', required: true, description: 'The API root.' }),
});

const rest = (t: InputBuilder) => ({
  slug: t.string({
    description: 'A name for its URL: a-z, 0-9 and hyphens, not of the form of a UUID; none unless said.',
  }),
  description: t.string({ description: 'Free text.' }),
  isDefault: t.boolean({
    description: 'Whether clients begin with it, instead of the one that is the default now; false unless said.',
  }),
  isPublic: t.boolean({
    description: 'Whether it and the list of its collections are seen without a credential; false unless said.',
  }),
});

function changes(builder: Builder): void {
  const success = oneThing('taxiiApiRoot', 'TaxiiApiRoot');
  const needs = 'threat:admin on the API root';
  const errors = [ConflictError];
  mutation(builder, 'taxiiApiRootCreate', {
    description: 'Creates an API root.',
    needs: 'threat:admin',
    emits: [apiRootCreated, apiRootUpdated],
    errors,
    input: (t) => ({
      taxiiId: t.string({ description: 'A UUID; a new one unless said.' }),
      title: t.string({ required: true, description: '1 to 100 characters.' }),
      ...rest(t),
    }),
    success,
    resolve: async (ctx, input) => ({ taxiiApiRoot: await createApiRoot(ctx, input as ApiRootCreate) }),
  });
  mutation(builder, 'taxiiApiRootUpdate', {
    description: 'Changes what is given of an API root and leaves the rest.',
    needs,
    emits: [apiRootUpdated],
    errors,
    input: (t) => ({ ...that(t), title: t.string({ description: 'Its new title.' }), ...rest(t) }),
    success,
    resolve: async (ctx, input) => ({ taxiiApiRoot: await updateApiRoot(ctx, input as ApiRootUpdate) }),
  });
  mutation(builder, 'taxiiApiRootReplace', {
    description: 'Sets everything of an API root; what is not given becomes its default.',
    needs,
    emits: [apiRootUpdated],
    errors,
    input: (t) => ({ ...that(t), title: t.string({ required: true, description: 'Its title.' }), ...rest(t) }),
    success,
    resolve: async (ctx, input) => ({ taxiiApiRoot: await replaceApiRoot(ctx, input as ApiRootReplace) }),
  });
  mutation(builder, 'taxiiApiRootDelete', {
    description: 'Deletes an API root: one that has collections only when forced, with everything in them.',
    needs,
    emits: [apiRootDeleted, collectionDeleted],
    errors,
    input: (t) => ({
      ...that(t),
      force: t.boolean({ description: 'Whether its collections and their objects go with it; false unless said.' }),
    }),
    success: oneGone('TaxiiApiRoot'),
    resolve: async (ctx, input) => ({ id: await deleteApiRoot(ctx, input as ApiRootDelete) }),
  });
}
