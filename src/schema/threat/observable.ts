import type { EnumRef } from '@pothos/core';
import { fromGlobalId } from '#kernel/id.ts';
import type { StixVersion } from '#resolvers/threat/objects/stix-object.ts';
import {
  findObservables,
  listObservables,
  listObservablesOf,
  type ObservableSearch,
} from '#resolvers/threat/observables/find.ts';
import { listObservablesAt, networksOf } from '#resolvers/threat/observables/inventory.ts';
import type { IndicatorObservable, ObservableKind } from '#resolvers/threat/observables/observable.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { findNode, hasNode, node } from '#schema/node.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    IndicatorObservable: IndicatorObservable;
  }
}

/** @param withInventory whether something knows where addresses are used. */
export function observables(builder: Builder, withInventory: boolean): void {
  const kind = builder.enumType('ObservableKind', {
    description: 'What an observable is.',
    values: {
      IPV4_ADDR: { description: 'An IPv4 address or prefix.' },
      IPV6_ADDR: { description: 'An IPv6 address or prefix.' },
      DOMAIN_NAME: { description: 'A name of DNS.' },
      URL: { description: 'A URL.' },
      FILE_HASH: { description: 'A hash of the content of a file.' },
    } as const,
  });
  node(builder, 'IndicatorObservable', {
    description:
      'A value that the pattern of an indicator looks for. There are those of the last version of each indicator.',
    find: findObservables,
    fields: (t) => ({
      kind: t.field({ type: kind, description: 'What it is.', resolve: (row) => row.kind }),
      ...ownFields(t),
      ...relations(builder, t),
    }),
  });
  lists(builder, kind);
  if (withInventory && hasNode(builder, 'Network')) inventory(builder);
}

type Fields = PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, IndicatorObservable>;

const ownFields = (t: Fields) => ({
  value: t.exposeString('value', {
    description:
      'In the one form in which it is compared: addresses canonical, names and hashes in lower case, URLs with scheme and host in lower case.',
  }),
  hashAlgorithm: t.exposeString('hashAlgorithm', {
    nullable: true,
    description: 'Of a hash, such as `SHA-256`; null for what is none.',
  }),
  cidr: t.field({
    type: 'Cidr',
    nullable: true,
    description: 'The prefix of an address, with its length; null for what is none.',
    resolve: ({ cidr }) => cidr,
  }),
  validFrom: t.field({
    type: 'DateTime',
    nullable: true,
    description: 'Since when the indicator holds; null without a bound.',
    resolve: ({ validFrom }) => validFrom,
  }),
  validUntil: t.field({
    type: 'DateTime',
    nullable: true,
    description: 'When it ends to hold; null without a bound.',
    resolve: ({ validUntil }) => validUntil,
  }),
  revoked: t.exposeBoolean('revoked', { description: 'Whether the indicator was taken back.' }),
});

const relations = (builder: Builder, t: Fields) => ({
  indicator: t.field({
    type: 'StixObject',
    nullable: true,
    description: 'The version that looks for it; null when it was replaced in the meantime.',
    resolve: ({ objectId }, _, ctx) => findNode(builder, ctx, 'StixObject', objectId) as never,
  }),
  collection: t.field({
    type: 'TaxiiCollection',
    nullable: true,
    description: 'The collection of the indicator; null when it was deleted in the meantime.',
    resolve: ({ collectionId }, _, ctx) => findNode(builder, ctx, 'TaxiiCollection', collectionId) as never,
  }),
});

type Kinds = EnumRef<SchemaTypes, ObservableKind>;

function lists(builder: Builder, kind: Kinds): void {
  const match = builder.enumType('AddressMatch', {
    description: 'How the addresses of observables are compared with the one that is asked for.',
    values: {
      COVERING: { description: 'The observable equals or covers it.' },
      EXACT: { description: 'The observable equals it.' },
      WITHIN: { description: 'The observable lies inside it, or equals it.' },
    } as const,
  });
  builder.queryField('observables', (t) =>
    connection(builder, t, 'IndicatorObservable', {
      description:
        'What the indicators of the collections that the viewer reads look for, in the order in which it became known; inside a prefix by address.',
      args: {
        value: t.arg.string({
          description: 'What is looked for, in any form: an address, a prefix, a name, a URL, a hash.',
        }),
        kind: t.arg({ type: kind, description: 'Only of this kind; any that the value can be unless said.' }),
        match: t.arg({ type: match, defaultValue: 'COVERING', description: 'How addresses are compared.' }),
        activeAt: t.arg({ type: 'DateTime', description: 'Only of indicators that hold at this instant.' }),
        includeRevoked: t.arg.boolean({ defaultValue: false, description: 'Whether revoked indicators count.' }),
        collections: t.arg({
          type: ['TaxiiCollectionKey'],
          description: 'Only of these collections; those that the viewer does not read are left out.',
        }),
      },
      resolve: (_, args, page, ctx) => listObservables(ctx, args as ObservableSearch, page),
    }),
  );
  builder.objectField('StixObject', 'observables', (t) =>
    connection(builder, t as never, 'IndicatorObservable', {
      description: 'What it looks for: nothing unless it is the last version of an indicator.',
      resolve: (object: StixVersion, _, page, ctx) => listObservablesOf(ctx, object, page),
    }),
  );
}

/** Both ways between what indicators look for and the networks of the inventory, which another domain shows. */
function inventory(builder: Builder): void {
  builder.objectField('IndicatorObservable', 'networks', (t) =>
    t.field({
      type: ['Network' as never],
      description:
        'The networks that it falls into: of each Site the most specific that equals or covers it, 100 at most and those that the viewer may see, the most specific first. None for names, URLs and hashes.',
      async resolve(observable, _, ctx) {
        const ids = await networksOf(ctx, observable);
        const found = await Promise.all(ids.map((id) => findNode(builder, ctx, 'Network', fromGlobalId(id)?.id ?? '')));
        return found.filter((network) => network !== null) as never;
      },
    }),
  );
  const match = builder.enumType('NetworkMatch', {
    description: 'What observables are to a network.',
    values: {
      WITHIN: { description: 'They lie inside it, or equal it.' },
      COVERING: { description: 'They equal or cover it.' },
    } as const,
  });
  builder.objectField(
    'Network' as never,
    'observables',
    (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, never>) =>
      connection(builder, t as never, 'IndicatorObservable', {
        description:
          'What the indicators of the collections that the viewer reads look for in this network, without the revoked ones.',
        args: { match: t.arg({ type: match, defaultValue: 'WITHIN', description: 'Inside it, or around it.' }) },
        resolve: ({ cidr }: { readonly cidr: string }, args, page, ctx) =>
          listObservablesAt(ctx, cidr, args.match ?? 'WITHIN', page),
      }),
  );
}
