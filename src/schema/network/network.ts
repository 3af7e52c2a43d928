import { AmbiguousError, ConflictError, InUseError } from '#kernel/errors.ts';
import { interfaceUpdated } from '#resolvers/network/interfaces/interface.ts';
import { createNetwork, createNetworks } from '#resolvers/network/networks/create.ts';
import { deleteNetwork, deleteNetworks } from '#resolvers/network/networks/delete.ts';
import {
  countNetworksOfSites,
  findNetwork,
  findNetworks,
  listNetworks,
  listNetworksOfSite,
  type NetworkList,
} from '#resolvers/network/networks/find.ts';
import {
  type Network,
  networkCreated,
  networkDeleted,
  networkStates,
  networkUpdated,
} from '#resolvers/network/networks/network.ts';
import { closestParent } from '#resolvers/network/networks/traverse.ts';
import { replaceNetwork, replaceNetworks, updateNetwork, updateNetworks } from '#resolvers/network/networks/update.ts';
import { watchTree } from '#resolvers/network/watch.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { feed } from '#schema/feed.ts';
import { orderInput } from '#schema/filter.ts';
import { networkFields } from '#schema/network/network-fields.ts';
import { changeFeed, queryArgs } from '#schema/network/shared.ts';
import { thatThing, verb } from '#schema/network/verb.ts';
import { node } from '#schema/node.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Network: Network;
  }
  interface InputShapes {
    NetworkKey: { id?: string | null; cidr?: string | null };
  }
}

const stateMeanings: Readonly<Record<(typeof networkStates)[number], string>> = {
  ALLOCATED: 'In use, or meant to be.',
  ASSIGNED: 'An address that is bound to an interface.',
  RESERVED: 'Kept free on purpose: nothing is allocated from it.',
  ORPHANED: 'Not used any more, and not released.',
};

export function networks(builder: Builder): void {
  builder.enumType('NetworkState', {
    description: 'What is known of the use of a network.',
    values: Object.fromEntries(networkStates.map((state) => [state, { description: stateMeanings[state] }])) as never,
  });
  builder.inputType('NetworkKey', {
    description: 'Names a network.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      cidr: t.field({ type: 'Cidr', description: 'In any spelling. Give the Site too where several may have it.' }),
    }),
  });
  node(builder, 'Network', {
    description: 'A subnet or a host address, at its place in the tree of its Site and IP version.',
    find: findNetworks,
    interfaces: ['NetworkResource'],
    fields: (t) => networkFields(builder, t),
  });
  queries(builder);
  creation(builder);
  changes(builder);
  deletion(builder);
  changeFeed(builder, 'network', 'Network', [networkCreated, networkUpdated, networkDeleted]);
  feed(builder, 'networkTreeChanged', {
    description: 'What happens to a network and to everything inside it.',
    needs: 'network:read',
    args: (arg) => ({
      site: arg({ type: 'SiteKey', description: 'The Site to look in.' }),
      root: arg({ type: 'NetworkKey', required: true, description: 'The network.' }),
    }),
    events: [networkCreated, networkUpdated, networkDeleted],
    select: (ctx, args) => watchTree(ctx, args),
  });
}

function queries(builder: Builder): void {
  const filter = builder.inputType('NetworkFilter', {
    description: 'Which networks; everything given must hold.',
    fields: (t) => ({
      cidr: t.field({ type: 'Cidr', description: 'With this prefix, in any spelling.' }),
      networkAddress: t.string({ description: 'That begin at this address.' }),
      prefixLength: t.int({ description: 'Of this length.' }),
      ipVersion: t.int({ description: '4 or 6.' }),
      state: t.field({ type: 'NetworkState' as never, description: 'In this state.' }),
      parent: t.field({ type: 'NetworkKey', description: 'With this parent.' }),
      rootOnly: t.boolean({ description: 'Without a parent.' }),
      includeNetworks: t.boolean({ description: 'Whether subnets are listed; alone, false lists addresses only.' }),
      includeIps: t.boolean({ description: 'Whether host addresses are listed; alone, true lists addresses only.' }),
      attributes: t.field({ type: ['AttributeMatch'], description: 'That carry all of these.' }),
    }),
  });
  const orderBy = orderInput(builder, 'Network', {
    CREATED: 'When it was made.',
    NATURAL: 'Its address, then its length.',
  });
  builder.queryFields((t) => ({
    network: t.field({
      type: 'Network',
      nullable: true,
      description: 'The network with this key; null when the viewer may see none.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'The Site to look in.' }),
        by: t.arg({ type: 'NetworkKey', required: true, description: 'Its key.' }),
      },
      resolve: (_, args, ctx) => findNetwork(ctx, args),
    }),
    networks: connection(builder, t, 'Network', {
      description: 'The networks that the viewer may see.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'Only of this Site.' }),
        filter: t.arg({ type: filter, description: 'Which ones.' }),
        ...queryArgs(t.arg),
        orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
      },
      resolve: (_, args, page, ctx) => listNetworks(ctx, args as NetworkList, page),
    }),
    closestParent: t.field({
      type: 'Network',
      nullable: true,
      description: 'The longest network of a Site that holds a prefix, not the prefix itself and no host address.',
      args: {
        site: t.arg({ type: 'SiteKey', required: true, description: 'The Site.' }),
        cidr: t.arg({ type: 'Cidr', required: true, description: 'The prefix; it need not exist.' }),
        prefixLength: t.arg.int({ description: 'Only networks of at least this length.' }),
      },
      resolve: (_, args, ctx) => closestParent(ctx, args),
    }),
  }));
  builder.objectField('Site', 'networks', (t) =>
    connection(builder, t, 'Network', {
      description: 'Its networks.',
      args: {
        filter: t.arg({ type: filter, description: 'Which ones.' }),
        orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
      },
      resolve: (site, args, page, ctx) => listNetworksOfSite(ctx, site.id, args as NetworkList, page),
    }),
  );
  builder.objectField('SiteCounts', 'networks', (t) =>
    t.int({ description: 'Networks.', resolve: ({ siteId }, _, ctx) => ctx.load(countNetworksOfSites, siteId) }),
  );
}

function creation(builder: Builder): void {
  const facts = { needs: 'network:create', emits: [networkCreated], errors: [ConflictError] };
  verb(builder, 'Network', 'Create', {
    ...facts,
    description: 'Creates a network at its place in the tree. It adopts what it holds of its parent’s children.',
    descriptionOfMany: 'Creates networks, all or none. They may hold one another, in any order.',
    input: (t) => ({
      site: t.field({ type: 'SiteKey', required: true, description: 'The Site it belongs to, for good.' }),
      cidr: t.field({ type: 'Cidr', description: 'Its prefix; or give the two parts.' }),
      networkAddress: t.string({ description: 'Its first address.' }),
      prefixLength: t.int({ description: 'Its length.' }),
      state: t.field({ type: 'NetworkState' as never, description: 'ALLOCATED unless said.' }),
      attributes: t.field({ type: 'Attributes', description: 'All that it carries.' }),
    }),
    one: createNetwork,
    many: createNetworks,
  });
}

function changes(builder: Builder): void {
  const facts = { needs: 'network:update', emits: [networkUpdated], errors: [AmbiguousError, ConflictError] };
  verb(builder, 'Network', 'Update', {
    ...facts,
    description: 'Changes what is given of a network and leaves the rest.',
    descriptionOfMany: 'Changes networks, all or none.',
    input: (t) => ({
      ...thatThing(t, 'Network'),
      state: t.field({ type: 'NetworkState' as never, description: 'Its new state.' }),
      attributes: t.field({ type: 'Attributes', description: 'All that it carries from now on.' }),
    }),
    one: updateNetwork,
    many: updateNetworks,
  });
  verb(builder, 'Network', 'Replace', {
    ...facts,
    description: 'Sets everything of a network that can change; what is not given becomes its default.',
    descriptionOfMany: 'Sets everything of networks that can change, all or none.',
    input: (t) => ({
      ...thatThing(t, 'Network'),
      state: t.field({
        type: 'NetworkState' as never,
        description: 'Its state; ALLOCATED unless said, or ASSIGNED while interfaces have it.',
      }),
      attributes: t.field({ type: 'Attributes', description: 'All that it carries; nothing unless said.' }),
    }),
    one: replaceNetwork,
    many: replaceNetworks,
  });
}

function deletion(builder: Builder): void {
  const facts = {
    needs: 'network:delete',
    emits: [interfaceUpdated, networkDeleted],
    errors: [AmbiguousError, InUseError],
  };
  verb(builder, 'Network', 'Delete', {
    ...facts,
    description: 'Deletes a network.',
    descriptionOfMany: 'Deletes networks, all or none, those inside others first.',
    input: (t) => ({
      ...thatThing(t, 'Network'),
      force: t.boolean({
        description: 'Also when it has children: they go to its parent. Or interfaces: it is taken from them.',
      }),
    }),
    one: deleteNetwork,
    many: deleteNetworks,
  });
}
