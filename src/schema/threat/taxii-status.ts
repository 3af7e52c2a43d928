import type { Context } from '#kernel/context.ts';
import { findApiRoots } from '#resolvers/threat/api-roots/find.ts';
import { findCollections } from '#resolvers/threat/collections/find.ts';
import { taxiiStatusCompleted } from '#resolvers/threat/statuses/events.ts';
import {
  findStatus,
  findStatuses,
  listDetails,
  listStatuses,
  listStatusesOf,
  type StatusKey,
  type StatusList,
} from '#resolvers/threat/statuses/find.ts';
import type { DetailOutcome, StatusDetail, TaxiiStatus } from '#resolvers/threat/statuses/taxii-status.ts';
import { type StatusWatch, watchStatuses } from '#resolvers/threat/statuses/watch.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { feed } from '#schema/feed.ts';
import { findNode, hasNode, node } from '#schema/node.ts';
import { instants } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    TaxiiStatus: TaxiiStatus;
    TaxiiStatusDetail: StatusDetail;
  }
}

/** What became of requests to add objects. */
export function taxiiStatuses(builder: Builder): void {
  builder.enumType('TaxiiStatusState', {
    description: 'How far a request to add objects is.',
    values: {
      PENDING: { description: 'It is being worked on.' },
      COMPLETE: { description: 'It is done, or was given up.' },
    },
  });
  builder.objectType('TaxiiStatusDetail', {
    description: 'What became of one object of a request.',
    fields: (t) => ({
      stixId: t.exposeString('stixId', { description: 'The id of the object.' }),
      version: t.field({ type: 'DateTime', description: 'Its version.', resolve: ({ version }) => version }),
      message: t.exposeString('message', { nullable: true, description: 'Why it failed, or what else is to be said.' }),
    }),
  });
  node(builder, 'TaxiiStatus', {
    description: 'The outcome of one request to add STIX objects. Its counts always sum to the total.',
    find: findStatuses,
    fields: (t) => ({ ...ownFields(builder, t), ...details(builder, t), ...instants(t as never) }),
  });
  lists(builder);
  feed(builder, 'taxiiStatusCompleted', {
    description: 'Every status that is completed and that the viewer may see.',
    needs: 'threat:write, or to have sent the request',
    args: (arg) => ({ taxiiId: arg.string({ description: 'Only this one.' }) }),
    events: [taxiiStatusCompleted],
    select: (ctx, args) => watchStatuses(ctx, args as StatusWatch),
  });
}

type Fields = PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, TaxiiStatus>;

const ownFields = (builder: Builder, t: Fields) => ({
  taxiiId: t.string({ description: 'Its UUID on the wire.', resolve: ({ id }) => id }),
  apiRoot: t.field({
    type: 'TaxiiApiRoot',
    nullable: true,
    description: 'The API root of its collection.',
    resolve: ({ apiRootId }, _, ctx) => ctx.load(findApiRoots, apiRootId),
  }),
  collection: t.field({
    type: 'TaxiiCollection',
    nullable: true,
    description: 'The collection that objects were added to; null when it is gone.',
    resolve: ({ collectionId }, _, ctx) => (collectionId === null ? null : ctx.load(findCollections, collectionId)),
  }),
  ...(hasNode(builder, 'Account') && {
    owner: t.field({
      type: 'Account' as never,
      nullable: true,
      description: 'The account that sent the request; null for none, and for who may not read the account.',
      extensions: { personal: true },
      resolve: ({ owner }: TaxiiStatus, _: unknown, ctx: Context) =>
        (owner === null ? null : findNode(builder, ctx, 'Account', owner)) as never,
    }),
  }),
  state: t.field({
    type: 'TaxiiStatusState' as never,
    description: 'How far the request is.',
    resolve: ({ state }) => state as never,
  }),
  requestTimestamp: t.field({
    type: 'DateTime',
    description: 'When the request came.',
    resolve: ({ requestTimestamp }) => requestTimestamp,
  }),
  completedAt: t.field({
    type: 'DateTime',
    nullable: true,
    description: 'When it was done.',
    resolve: ({ completedAt }) => completedAt,
  }),
  totalCount: t.exposeInt('totalCount', { description: 'How many objects the request has.' }),
  successCount: t.exposeInt('successCount', {
    description: 'How many are kept, those that were kept before included.',
  }),
  failureCount: t.exposeInt('failureCount', { description: 'How many were refused, or not come to.' }),
  pendingCount: t.exposeInt('pendingCount', { description: 'How many are still to be looked at.' }),
});

const details = (builder: Builder, t: Fields) => {
  const list = (outcome: DetailOutcome, description: string) =>
    connection(builder, t, 'TaxiiStatusDetail', {
      description: `${description}, by id; null where there are too many to keep.`,
      nullable: true,
      resolve: (status: TaxiiStatus, _, page, ctx) => listDetails(ctx, status, outcome, page),
    });
  return {
    successes: list('SUCCESS', 'What is kept'),
    failures: list('FAILURE', 'What was refused, and why'),
    pendings: list('PENDING', 'What is still to be looked at'),
  };
};

function lists(builder: Builder): void {
  builder.queryFields((t) => ({
    taxiiStatus: t.field({
      type: 'TaxiiStatus',
      nullable: true,
      description: 'The status with this key; null when the viewer may see none.',
      extensions: { personal: true },
      args: { by: t.arg({ type: keyInput(builder), required: true, description: 'Its key.' }) },
      resolve: (_, { by }, ctx) => findStatus(ctx, by as StatusKey),
    }),
    taxiiStatuses: connection(builder, t, 'TaxiiStatus', {
      description: 'The statuses that the viewer may see, the newest first.',
      personal: true,
      args: {
        collection: t.arg({ type: 'TaxiiCollectionKey', description: 'Only of this collection.' }),
        state: t.arg({ type: 'TaxiiStatusState' as never, description: 'Only in this state.' }),
      },
      resolve: (_, args, page, ctx) => listStatuses(ctx, args as StatusList, page),
    }),
  }));
  builder.objectField('TaxiiApiRoot', 'statuses', (t) =>
    connection(builder, t as never, 'TaxiiStatus', {
      description: 'The statuses of its requests that the viewer may see, the newest first.',
      personal: true,
      resolve: (root: never, _, page, ctx) => listStatusesOf(ctx, root, page),
    }),
  );
}

const keyInput = (builder: Builder) =>
  builder.inputType('TaxiiStatusKey', {
    description: 'Names a status.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      taxiiId: t.string({ description: 'Its UUID on the wire.' }),
    }),
  });
