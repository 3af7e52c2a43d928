import { UnavailableError, UnsupportedContentError } from '#kernel/errors.ts';
import {
  pauseSubscription,
  resumeSubscription,
  type SubscriptionChange,
  type Unsubscribed,
  unsubscribe,
} from '#resolvers/threat/collection-subscriptions/change.ts';
import type { CollectionSubscription } from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import {
  subscriptionCreated,
  subscriptionEvents,
  subscriptionPaused,
  subscriptionResumed,
  subscriptionUnsubscribed,
} from '#resolvers/threat/collection-subscriptions/events.ts';
import {
  findSubscriptions,
  listSubscriptions,
  listSubscriptionsOf,
  pollServicesOf,
  type SubscriptionList,
} from '#resolvers/threat/collection-subscriptions/find.ts';
import { type SubscribeInput, subscribe } from '#resolvers/threat/collection-subscriptions/subscribe.ts';
import { type SubscriptionWatch, watchSubscriptions } from '#resolvers/threat/collection-subscriptions/watch.ts';
import { findDataCollections } from '#resolvers/threat/data-collections/find.ts';
import { findServices } from '#resolvers/threat/services/find.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { feed } from '#schema/feed.ts';
import { mutation } from '#schema/mutation.ts';
import { findNode, hasNode, node } from '#schema/node.ts';
import { instants, oneThing } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    CollectionSubscription: CollectionSubscription;
  }
  interface InputShapes {
    CollectionSubscriptionKey: { id?: string | null; subscriptionId?: string | null };
  }
}

const personal = { personal: true };

export function collectionSubscriptions(builder: Builder): void {
  builder.inputType('CollectionSubscriptionKey', {
    description: 'Names a subscription to a data collection.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      subscriptionId: t.string({ description: 'Its UUID, as TAXII has it.' }),
    }),
  });
  builder.enumType('CollectionSubscriptionStatus', {
    description: 'Where a subscription to a data collection is.',
    values: {
      ACTIVE: { description: 'It can be polled by.' },
      PAUSED: { description: 'It rests.' },
      UNSUBSCRIBED: { description: 'It was ended, for good.' },
    },
  });
  node(builder, 'CollectionSubscription', {
    description: 'A saved request to poll a data collection, as TAXII 1 has it.',
    find: findSubscriptions,
    fields: (t) => ({
      subscriptionId: t.exposeString('id', { description: 'Its UUID, as TAXII has it.' }),
      dataCollection: t.field({
        type: 'DataCollection',
        nullable: true,
        description: 'What it is to; null where the viewer may not read that.',
        resolve: ({ dataCollectionId }, _, ctx) => ctx.load(findDataCollections, dataCollectionId),
      }),
      service: t.field({
        type: 'TaxiiService',
        nullable: true,
        description: 'The service that it was made at.',
        resolve: ({ serviceId }, _, ctx) => ctx.load(findServices, serviceId),
      }),
      pollServices: t.field({
        type: ['TaxiiService'],
        description: 'The services at which it can be polled by, by service id.',
        resolve: (subscription, _, ctx) => pollServicesOf(ctx, subscription),
      }),
      ...(hasNode(builder, 'Account') && {
        owner: t.field({
          type: 'Account' as never,
          nullable: true,
          description:
            'Whose it is; null for one that was made without a credential, and for an account that may not be seen.',
          extensions: personal,
          resolve: ({ ownerId }, _, ctx) =>
            (ownerId === null ? null : findNode(builder, ctx, 'Account', ownerId)) as never,
        }),
      }),
      status: t.field({
        type: 'CollectionSubscriptionStatus' as never,
        description: 'Where it is.',
        resolve: ({ status }) => status as never,
      }),
      responseType: t.field({
        type: 'PollResponseType' as never,
        description: 'What polls by it answer with.',
        resolve: ({ responseType }) => responseType as never,
      }),
      contentBindings: t.field({
        type: ['ContentBinding'],
        description: 'What it is to; none: all that the data collection supports.',
        resolve: ({ contentBindings }) => contentBindings,
      }),
      ...instants(t as never),
    }),
  });
  lists(builder);
  changes(builder);
  feed(builder, 'collectionSubscriptionChanged', {
    description: "What becomes of the viewer's subscriptions to data collections, and of those that he administers.",
    args: (arg) => ({ dataCollection: arg({ type: 'DataCollectionKey', description: 'Only to this one.' }) }),
    events: subscriptionEvents,
    select: (ctx, args) => watchSubscriptions(ctx, args as SubscriptionWatch),
  });
}

function lists(builder: Builder): void {
  builder.queryField('collectionSubscriptions', (t) =>
    connection(builder, t, 'CollectionSubscription', {
      description: "The viewer's subscriptions to data collections; who administers those sees all.",
      personal: true,
      args: {
        dataCollection: t.arg({ type: 'DataCollectionKey', description: 'Only to this one.' }),
        service: t.arg({ type: 'TaxiiServiceKey', description: 'Only those made at this service.' }),
        status: t.arg({ type: 'CollectionSubscriptionStatus' as never, description: 'Only with this status.' }),
      },
      resolve: (_, args, page, ctx) => listSubscriptions(ctx, args as SubscriptionList, page),
    }),
  );
  builder.objectField('DataCollection', 'subscriptions', (t) =>
    connection(builder, t as never, 'CollectionSubscription', {
      description: "The viewer's subscriptions to it; who administers it sees all.",
      personal: true,
      resolve: ({ id }: { id: string }, _, page, ctx) => listSubscriptionsOf(ctx, id, page),
    }),
  );
}

type InputBuilder = PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>;

const that = (t: InputBuilder) => ({
  by: t.field({ type: 'CollectionSubscriptionKey', required: true, description: 'The subscription.' }),
});

function changes(builder: Builder): void {
  const success = oneThing('collectionSubscription', 'CollectionSubscription');
  const needs = 'threat:read on the data collection';
  mutation(builder, 'dataCollectionSubscribe', {
    description: 'Makes a new subscription to a data collection, whatever others there are.',
    needs,
    errors: [UnsupportedContentError, UnavailableError],
    emits: [subscriptionCreated],
    input: (t) => ({
      service: t.field({
        type: 'TaxiiServiceKey',
        required: true,
        description: 'The collection management service to subscribe at.',
      }),
      dataCollection: t.field({ type: 'DataCollectionKey', required: true, description: 'The data collection.' }),
      responseType: t.field({ type: 'PollResponseType' as never, description: 'FULL unless said.' }),
      contentBindings: t.field({
        type: ['ContentBindingInput'],
        description: 'What to subscribe to; all that the data collection supports unless said.',
      }),
    }),
    success,
    resolve: async (ctx, input) => ({ collectionSubscription: await subscribe(ctx, input as SubscribeInput) }),
  });
  mutation(builder, 'collectionSubscriptionPause', {
    description: 'Lets a subscription rest. One that rests or is ended stays as it is.',
    needs,
    errors: [UnavailableError],
    emits: [subscriptionPaused],
    input: that,
    success,
    resolve: async (ctx, input) => ({
      collectionSubscription: await pauseSubscription(ctx, input as SubscriptionChange),
    }),
  });
  mutation(builder, 'collectionSubscriptionResume', {
    description: 'Makes a subscription that rests active. One that is ended stays ended.',
    needs,
    errors: [UnavailableError],
    emits: [subscriptionResumed],
    input: that,
    success,
    resolve: async (ctx, input) => ({
      collectionSubscription: await resumeSubscription(ctx, input as SubscriptionChange),
    }),
  });
  mutation(builder, 'collectionSubscriptionUnsubscribe', {
    description: 'Ends a subscription, for good. One that is unknown is as good as ended.',
    needs,
    errors: [UnavailableError],
    emits: [subscriptionUnsubscribed],
    input: that,
    success: (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Unsubscribed>) => ({
      subscriptionId: t.exposeString('subscriptionId', { description: 'As it was given.' }),
      collectionSubscription: t.field({
        type: 'CollectionSubscription',
        nullable: true,
        description: 'As it is now; null for one that the viewer does not have.',
        resolve: ({ subscription }) => subscription,
      }),
    }),
    resolve: (ctx, input) => unsubscribe(ctx, input as SubscriptionChange),
  });
}
