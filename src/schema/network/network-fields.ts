import { isHost, lastAddress, showAddress, showCidr, toCidr } from '#kernel/cidr.ts';
import type { Context } from '#kernel/context.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import {
  findAncestors,
  findParent,
  findRoot,
  listChildren,
  listDescendants,
  listSiblings,
  listSubnets,
  listSupernets,
} from '#resolvers/network/networks/traverse.ts';
import { findUtilization, type Utilization } from '#resolvers/network/networks/utilization.ts';
import { networkSettings } from '#resolvers/network/settings.ts';
import type { AnyField, Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { instants } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    NetworkUtilization: Utilization;
  }
}

type Fields = PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Network>;

const displayOf = (ctx: Context) => ctx.use(networkSettings).ipv6.display;

/** A prefix as the config wants it shown. */
export const shownCidr = (ctx: Context, cidr: string): string => showCidr(toCidr(cidr), displayOf(ctx));

export const networkFields = (builder: Builder, t: Fields): Record<string, AnyField> => ({
  ...ownFields(t),
  ...relatives(t),
  ...traversals(builder, t),
  utilization: t.field({
    type: utilization(builder),
    description: 'How much of it is taken by the addresses that are known inside it.',
    resolve: (network, _, ctx) => findUtilization(ctx, network),
  }),
});

const ownFields = (t: Fields) => ({
  cidr: t.field({
    type: 'Cidr',
    description: 'Unique in its Site.',
    resolve: (network, _, ctx) => shownCidr(ctx, network.cidr),
  }),
  naturalKey: t.string({
    description: 'Its prefix.',
    resolve: (network, _, ctx) => shownCidr(ctx, network.cidr),
  }),
  networkAddress: t.string({
    description: 'Its first address.',
    resolve(network, _, ctx) {
      const { version, first } = toCidr(network.cidr);
      return showAddress(version, first, displayOf(ctx));
    },
  }),
  broadcastAddress: t.string({
    description: 'Its last address, for IPv6 too.',
    resolve(network, _, ctx) {
      const cidr = toCidr(network.cidr);
      return showAddress(cidr.version, lastAddress(cidr), displayOf(ctx));
    },
  }),
  prefixLength: t.int({ description: 'How many bits it fixes.', resolve: (network) => toCidr(network.cidr).length }),
  ipVersion: t.int({ description: '4 or 6.', resolve: (network) => toCidr(network.cidr).version }),
  isIp: t.boolean({
    description: 'Whether it is a host address: a /32 or a /128.',
    resolve: (network) => isHost(toCidr(network.cidr)),
  }),
  state: t.field({
    type: 'NetworkState' as never,
    description: 'What is known of its use.',
    resolve: (network) => network.state as never,
  }),
  ...instants(t as never),
});

const relatives = (t: Fields) => ({
  parent: t.field({
    type: 'Network',
    nullable: true,
    description: 'The closest network that holds it; null for a root.',
    resolve: (network, _, ctx) => findParent(ctx, network),
  }),
  root: t.field({
    type: 'Network',
    nullable: true,
    description: 'The outermost network that holds it; null for a root.',
    resolve: (network, _, ctx) => findRoot(ctx, network),
  }),
  ancestors: t.field({
    type: ['Network'],
    description: 'The networks that hold it, 128 at most, from the root down.',
    args: { ascending: t.arg.boolean({ defaultValue: false, description: 'From the parent up.' }) },
    async resolve(network, { ascending }, ctx) {
      const ancestors = await findAncestors(ctx, network);
      return ascending ? ancestors.toReversed() : ancestors;
    },
  }),
});

const traversals = (builder: Builder, t: Fields) => ({
  children: connection(builder, t, 'Network', {
    description: 'The networks with this one as parent, by address.',
    resolve: (network, _, page, ctx) => listChildren(ctx, network, page),
  }),
  descendants: connection(builder, t, 'Network', {
    description: 'The networks that it holds at any depth, by address.',
    resolve: (network, _, page, ctx) => listDescendants(ctx, network, page),
  }),
  siblings: connection(builder, t, 'Network', {
    description: 'The networks with the same parent, Site and version, by address. Roots are siblings of roots.',
    args: { includeSelf: t.arg.boolean({ defaultValue: false, description: 'Whether it is in the list itself.' }) },
    resolve: (network, args, page, ctx) => listSiblings(ctx, network, present(args), page),
  }),
  subnets: connection(builder, t, 'Network', {
    description: 'What it holds, by address. An address holds nothing.',
    args: {
      includeNetworks: t.arg.boolean({ defaultValue: true, description: 'Whether subnets are listed.' }),
      includeIps: t.arg.boolean({ defaultValue: true, description: 'Whether host addresses are listed.' }),
      direct: t.arg.boolean({ defaultValue: false, description: 'Only its children.' }),
    },
    resolve: (network, args, page, ctx) => listSubnets(ctx, network, present(args), page),
  }),
  supernets: connection(builder, t, 'Network', {
    description: 'The networks that hold it, by address.',
    args: { direct: t.arg.boolean({ defaultValue: false, description: 'Only its parent.' }) },
    resolve: (network, args, page, ctx) => listSupernets(ctx, network, present(args), page),
  }),
});

/** Switches without those that were given as null, so that their defaults hold. */
const present = <Args extends Record<string, boolean | null | undefined>>(args: Args) =>
  Object.fromEntries(Object.entries(args).filter(([, value]) => value != null)) as {
    [Key in keyof Args]?: boolean;
  };

function utilization(builder: Builder) {
  const share = 'A fraction of 1.';
  return builder.objectType('NetworkUtilization', {
    description:
      'How much of a network is taken by the addresses known inside it. Network and broadcast addresses count.',
    fields: (t) => ({
      max: t.field({ type: 'BigInt', description: 'How many addresses it holds.', resolve: (use) => use.max }),
      used: t.field({ type: 'BigInt', description: 'How many of them are known.', resolve: (use) => use.used }),
      free: t.field({ type: 'BigInt', description: 'How many are not.', resolve: (use) => use.free }),
      percentUsed: t.exposeFloat('percentUsed', { description: share }),
      percentFree: t.exposeFloat('percentFree', { description: share }),
      text: t.exposeString('text', {
        description: 'The same for people: `10.0.0.0/24 - 3% used (8), 97% free (248)`.',
      }),
    }),
  });
}
