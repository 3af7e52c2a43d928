import { AmbiguousError, ConflictError, InUseError } from '#kernel/errors.ts';
import { createProtocolType, createProtocolTypes } from '#resolvers/network/protocol-types/create.ts';
import { deleteProtocolType, deleteProtocolTypes } from '#resolvers/network/protocol-types/delete.ts';
import {
  countProtocolTypesOfSites,
  findProtocolType,
  findProtocolTypes,
  listProtocolTypes,
  listProtocolTypesOfSite,
  type ProtocolTypeList,
} from '#resolvers/network/protocol-types/find.ts';
import {
  type ProtocolType,
  protocolTypeCreated,
  protocolTypeDeleted,
  protocolTypeUpdated,
} from '#resolvers/network/protocol-types/protocol-type.ts';
import { findRequiredAttributes } from '#resolvers/network/protocol-types/required.ts';
import {
  type ProtocolTypeReplace,
  type ProtocolTypeUpdate,
  replaceProtocolType,
  updateProtocolType,
} from '#resolvers/network/protocol-types/update.ts';
import { findSites } from '#resolvers/network/sites/find.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { orderInput } from '#schema/filter.ts';
import { mutation } from '#schema/mutation.ts';
import { changeFeed } from '#schema/network/shared.ts';
import { thatThing, verb } from '#schema/network/verb.ts';
import { node } from '#schema/node.ts';
import { instants, oneThing } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    ProtocolType: ProtocolType;
  }
  interface InputShapes {
    ProtocolTypeKey: { id?: string | null; name?: string | null };
  }
}

export function protocolTypes(builder: Builder): void {
  builder.inputType('ProtocolTypeKey', {
    description: 'Names a protocol type.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      name: t.string({ description: 'Its name. Give the Site too where several may have it.' }),
    }),
  });
  node(builder, 'ProtocolType', {
    description: 'A kind of protocol, such as BGP, and what every protocol of it must carry.',
    find: findProtocolTypes,
    fields: (t) => ({
      site: t.field({
        type: 'Site',
        nullable: true,
        description: 'The Site it belongs to; null where the viewer may not read the Site itself.',
        resolve: ({ siteId }, _, ctx) => ctx.load(findSites, siteId),
      }),
      name: t.exposeString('name', { description: 'Unique in its Site.' }),
      description: t.exposeString('description', { description: 'Free text.' }),
      requiredAttributes: t.field({
        type: ['Attribute'],
        description: 'What its protocols must carry, as far as the viewer may see it, by name.',
        resolve: (type, _, ctx) => findRequiredAttributes(ctx, type),
      }),
      ...instants(t as never),
    }),
  });
  lists(builder);
  creation(builder);
  changes(builder);
  deletion(builder);
  changeFeed(builder, 'protocolType', 'ProtocolType', [protocolTypeCreated, protocolTypeUpdated, protocolTypeDeleted]);
}

function lists(builder: Builder): void {
  const filter = builder.inputType('ProtocolTypeFilter', {
    description: 'Which protocol types; everything given must hold.',
    fields: (t) => ({
      name: t.string({ description: 'With this name.' }),
      description: t.string({ description: 'With this description, exactly.' }),
    }),
  });
  const orderBy = orderInput(builder, 'ProtocolType', { CREATED: 'When it was made.', NATURAL: 'Its name.' });
  builder.queryFields((t) => ({
    protocolType: t.field({
      type: 'ProtocolType',
      nullable: true,
      description: 'The protocol type with this key; null when the viewer may see none.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'The Site to look in.' }),
        by: t.arg({ type: 'ProtocolTypeKey', required: true, description: 'Its key.' }),
      },
      resolve: (_, args, ctx) => findProtocolType(ctx, args),
    }),
    protocolTypes: connection(builder, t, 'ProtocolType', {
      description: 'The protocol types that the viewer may see.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'Only of this Site.' }),
        filter: t.arg({ type: filter, description: 'Which ones.' }),
        orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
      },
      resolve: (_, args, page, ctx) => listProtocolTypes(ctx, args as ProtocolTypeList, page),
    }),
  }));
  builder.objectField('Site', 'protocolTypes', (t) =>
    connection(builder, t, 'ProtocolType', {
      description: 'Its protocol types.',
      args: {
        filter: t.arg({ type: filter, description: 'Which ones.' }),
        orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
      },
      resolve: (site, args, page, ctx) => listProtocolTypesOfSite(ctx, site.id, args as ProtocolTypeList, page),
    }),
  );
  builder.objectField('SiteCounts', 'protocolTypes', (t) =>
    t.int({
      description: 'Protocol types.',
      resolve: ({ siteId }, _, ctx) => ctx.load(countProtocolTypesOfSites, siteId),
    }),
  );
}

function creation(builder: Builder): void {
  const facts = {
    needs: 'network:admin on the Site',
    emits: [protocolTypeCreated],
    errors: [ConflictError],
  };
  verb(builder, 'ProtocolType', 'Create', {
    ...facts,
    description: 'Creates a protocol type.',
    descriptionOfMany: 'Creates protocol types, all or none.',
    input: (t) => ({
      site: t.field({ type: 'SiteKey', required: true, description: 'The Site it belongs to, for good.' }),
      name: t.string({ required: true, description: '1 to 16 characters.' }),
      description: t.string({ description: 'Free text; empty unless said.' }),
      requiredAttributes: t.field({
        type: ['AttributeKey'],
        description: 'What its protocols must carry: attributes for protocols, of its Site.',
      }),
    }),
    one: createProtocolType,
    many: createProtocolTypes,
  });
}

function changes(builder: Builder): void {
  const facts = {
    needs: 'network:admin on the Site',
    emits: [protocolTypeUpdated],
    errors: [AmbiguousError, ConflictError],
  };
  mutation(builder, 'protocolTypeUpdate', {
    ...facts,
    description: 'Changes what is given of a protocol type and leaves the rest. Present protocols stay as they are.',
    input: (t) => ({
      ...thatThing(t, 'ProtocolType'),
      name: t.string({ description: 'Its new name.' }),
      description: t.string({ description: 'Its new description.' }),
      requiredAttributes: t.field({ type: ['AttributeKey'], description: 'What its protocols must carry: all of it.' }),
    }),
    success: oneThing('protocolType', 'ProtocolType'),
    resolve: async (ctx, input) => ({ protocolType: await updateProtocolType(ctx, input as ProtocolTypeUpdate) }),
  });
  mutation(builder, 'protocolTypeReplace', {
    ...facts,
    description: 'Sets everything of a protocol type that can change; what is not given becomes its default.',
    input: (t) => ({
      ...thatThing(t, 'ProtocolType'),
      name: t.string({ required: true, description: 'Its name.' }),
      description: t.string({ description: 'Its description; empty unless said.' }),
      requiredAttributes: t.field({
        type: ['AttributeKey'],
        description: 'What its protocols must carry; nothing unless said.',
      }),
    }),
    success: oneThing('protocolType', 'ProtocolType'),
    resolve: async (ctx, input) => ({ protocolType: await replaceProtocolType(ctx, input as ProtocolTypeReplace) }),
  });
}

function deletion(builder: Builder): void {
  const facts = {
    needs: 'network:admin on the Site',
    emits: [protocolTypeDeleted],
    errors: [AmbiguousError, InUseError],
  };
  verb(builder, 'ProtocolType', 'Delete', {
    ...facts,
    description: 'Deletes a protocol type that no protocol uses.',
    descriptionOfMany: 'Deletes protocol types that no protocol uses, all or none.',
    input: (t) => ({
      ...thatThing(t, 'ProtocolType'),
    }),
    one: deleteProtocolType,
    many: deleteProtocolTypes,
  });
}
