import { ConflictError, InUseError } from '#kernel/errors.ts';
import { createSite, createSites, type SiteCreate } from '#resolvers/network/sites/create.ts';
import { deleteSite, deleteSites, type SiteDelete } from '#resolvers/network/sites/delete.ts';
import { findSite, findSites, listSites } from '#resolvers/network/sites/find.ts';
import { findSitePermissions } from '#resolvers/network/sites/permissions.ts';
import { type Site, siteCreated, siteDeleted, siteUpdated } from '#resolvers/network/sites/site.ts';
import { replaceSite, updateSite } from '#resolvers/network/sites/update.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { orderInput } from '#schema/filter.ts';
import { bulkMutation, mutation } from '#schema/mutation.ts';
import { changeFeed } from '#schema/network/shared.ts';
import { node } from '#schema/node.ts';
import { instants, manyGone, manyThings, oneGone, oneThing } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Site: Site;
    SiteCounts: { readonly siteId: string };
  }
  interface InputShapes {
    SiteKey: { id?: string | null; name?: string | null };
  }
}

export function sites(builder: Builder): void {
  const key = builder.inputType('SiteKey', {
    description: 'Names a Site.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      name: t.string({ description: 'Its name, exactly.' }),
    }),
  });
  node(builder, 'Site', {
    description:
      'A namespace: every device and network belongs to exactly one. The same CIDR or hostname may exist in two.',
    find: findSites,
    fields: (t) => ({
      name: t.exposeString('name', { description: 'Unique over all Sites.' }),
      description: t.exposeString('description', { description: 'Free text.' }),
      myPermissions: t.stringList({
        description: 'What the viewer may do in the whole Site.',
        resolve: (site, _, ctx) => findSitePermissions(ctx, site),
      }),
      counts: t.field({
        type: 'SiteCounts',
        description: 'How many things of each kind it holds that the viewer may see.',
        resolve: (site) => ({ siteId: site.id }),
      }),
      ...instants(t as never),
    }),
  });
  builder.objectType('SiteCounts', { description: 'How many things of each kind a Site holds.' });
  builder.queryFields((t) => ({
    site: t.field({
      type: 'Site',
      nullable: true,
      description: 'The Site with this key; null when the viewer may see none.',
      args: { by: t.arg({ type: key, required: true, description: 'Its key.' }) },
      resolve: (_, { by }, ctx) => findSite(ctx, by),
    }),
    sites: connection(builder, t, 'Site', {
      description: 'The Sites that the viewer may see.',
      args: {
        filter: t.arg({
          type: builder.inputType('SiteFilter', {
            description: 'Which Sites; everything given must hold.',
            fields: (t) => ({ name: t.string({ description: 'With this name.' }) }),
          }),
          description: 'Which ones.',
        }),
        orderBy: t.arg({
          type: orderInput(builder, 'Site', { CREATED: 'When it was made.', NATURAL: 'Its name.' }),
          description: 'As they were made, unless said.',
        }),
      },
      resolve: (_, args, page, ctx) => listSites(ctx, args, page),
    }),
  }));
  changes(builder);
  changeFeed(builder, 'site', 'Site', [siteCreated, siteUpdated, siteDeleted]);
}

function changes(builder: Builder): void {
  const create = mutation(builder, 'siteCreate', {
    description: 'Creates a Site. Its creator gets network:admin on it.',
    needs: 'network:create',
    emits: [siteCreated],
    input: (t) => ({
      name: t.string({ required: true, description: '1 to 255 characters, not only blanks.' }),
      description: t.string({ description: 'Free text; empty unless said.' }),
    }),
    success: oneThing('site', 'Site'),
    errors: [ConflictError],
    resolve: async (ctx, input) => ({ site: await createSite(ctx, input) }),
  });
  bulkMutation(builder, 'siteCreateMany', {
    description: 'Creates Sites, all or none.',
    needs: 'network:create',
    emits: [siteCreated],
    inputs: create,
    success: manyThings('sites', 'Site'),
    errors: [ConflictError],
    resolve: async (ctx, inputs) => ({ sites: await createSites(ctx, inputs as readonly SiteCreate[]) }),
  });
  mutation(builder, 'siteUpdate', {
    description: 'Changes what is given of a Site and leaves the rest.',
    needs: 'network:admin on the Site',
    emits: [siteUpdated],
    input: (t) => ({
      by: t.field({ type: 'SiteKey', required: true, description: 'The Site.' }),
      name: t.string({ description: 'Its new name.' }),
      description: t.string({ description: 'Its new description.' }),
    }),
    success: oneThing('site', 'Site'),
    errors: [ConflictError],
    resolve: async (ctx, input) => ({ site: await updateSite(ctx, input) }),
  });
  mutation(builder, 'siteReplace', {
    description: 'Sets everything of a Site; what is not given becomes its default.',
    needs: 'network:admin on the Site',
    emits: [siteUpdated],
    input: (t) => ({
      by: t.field({ type: 'SiteKey', required: true, description: 'The Site.' }),
      name: t.string({ required: true, description: 'Its name.' }),
      description: t.string({ description: 'Its description; empty unless said.' }),
    }),
    success: oneThing('site', 'Site'),
    errors: [ConflictError],
    resolve: async (ctx, input) => ({ site: await replaceSite(ctx, input) }),
  });
  const remove = mutation(builder, 'siteDelete', {
    description: 'Deletes a Site that holds nothing. Its history stays.',
    needs: 'network:admin on the Site',
    emits: [siteDeleted],
    input: (t) => ({ by: t.field({ type: 'SiteKey', required: true, description: 'The Site.' }) }),
    success: oneGone('Site'),
    errors: [InUseError],
    resolve: async (ctx, input) => ({ id: await deleteSite(ctx, input) }),
  });
  bulkMutation(builder, 'siteDeleteMany', {
    description: 'Deletes Sites that hold nothing, all or none.',
    needs: 'network:admin on the Sites',
    emits: [siteDeleted],
    inputs: remove,
    success: manyGone('Site'),
    errors: [InUseError],
    resolve: async (ctx, inputs) => ({ ids: await deleteSites(ctx, inputs as readonly SiteDelete[]) }),
  });
}
