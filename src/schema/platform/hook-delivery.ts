import { findEvents } from '#kernel/history.ts';
import type { HookAttempt, HookDelivery } from '#resolvers/platform/hooks/delivery.ts';
import {
  attemptsOfDeliveries,
  bodyOf,
  deliveriesOf,
  findHookDeliveries,
  findHookDelivery,
  findHooks,
  listHookDeliveries,
} from '#resolvers/platform/hooks/find.ts';
import type { Hook } from '#resolvers/platform/hooks/hook.ts';
import type { AnyField, Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { node } from '#schema/node.ts';
import type { HookFilters } from '#schema/platform/hook-inputs.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    HookDelivery: HookDelivery;
    HookAttempt: HookAttempt;
  }
}

/** What became of events on their way to targets. */
export function hookDeliveries(builder: Builder, filters: HookFilters): void {
  attempt(builder);
  node(builder, 'HookDelivery', {
    description: 'One event for one hook.',
    find: findHookDeliveries,
    fields: (t) => ({
      hook: t.field({
        type: 'Hook',
        nullable: true,
        description: 'The hook; null when it was deleted.',
        resolve: (delivery, _, ctx) => ctx.load(findHooks, delivery.hookId),
      }),
      event: t.field({
        type: 'Event',
        nullable: true,
        description: 'The event; null when it is gone or may not be seen.',
        resolve: (delivery, _, ctx) => ctx.load(findEvents, delivery.eventId),
      }),
      eventName: t.exposeString('eventName', { description: 'The name of the event.' }),
      webhookId: t.exposeString('webhookId', {
        description: 'The header `webhook-id` of all its attempts: receivers know a repetition by it.',
      }),
      state: t.field({
        type: 'HookDeliveryState' as never,
        description: 'How far it is.',
        resolve: (delivery) => delivery.state as never,
      }),
      attemptCount: t.exposeInt('attemptCount', { description: 'Attempts of the present series.' }),
      series: t.exposeInt('series', { description: '1, and one more each time it is sent again.' }),
      nextAttemptAt: t.expose('nextAttemptAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When it is due; null once it is done with.',
      }),
      deadReason: t.field({
        type: 'HookDeadReason' as never,
        nullable: true,
        description: 'Why it was given up; null unless it was.',
        resolve: (delivery) => delivery.deadReason as never,
      }),
      body: t.string({
        nullable: true,
        description: 'What is sent, to the byte; null for a viewer who may not see the event, and when that is gone.',
        resolve: (delivery, _, ctx) => bodyOf(ctx, delivery),
      }),
      attempts: t.field({
        type: ['HookAttempt'],
        description: 'Its last hundred attempts, oldest first.',
        resolve: (delivery, _, ctx) => ctx.load(attemptsOfDeliveries, delivery.id),
      }),
      createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
      updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When something last became of it.' }),
    }),
  });
  builder.queryFields((t) => ({
    hookDelivery: t.field({
      type: 'HookDelivery',
      nullable: true,
      description: 'One delivery of one’s own hooks, or with hook:admin of anybody’s; null when there is no such.',
      args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
      extensions: { personal: true },
      resolve: (_, { id }, ctx) => findHookDelivery(ctx, { id }),
    }),
    hookDeliveries: connection(builder, t, 'HookDelivery', {
      description: 'Deliveries, newest first: of one’s own hooks, or with hook:admin of those of all.',
      args: { filter: t.arg({ type: filters.deliveries, description: 'Which ones.' }) },
      resolve: (_, args, page, ctx) => listHookDeliveries(ctx, args, page),
    }),
  }));
}

/** The deliveries of a hook, as a field of it. */
export const deliveriesOfHook = (
  builder: Builder,
  t: PothosSchemaTypes.RootFieldBuilder<SchemaTypes, Hook>,
  filters: HookFilters,
): AnyField =>
  connection(builder, t, 'HookDelivery', {
    description: 'What it delivers and delivered, newest first.',
    args: { filter: t.arg({ type: filters.deliveries, description: 'Which ones.' }) },
    resolve: (hook, args, page, ctx) => deliveriesOf(ctx, hook, args, page),
  });

function attempt(builder: Builder): void {
  builder.objectType('HookAttempt', {
    description: 'One request to the target of a hook.',
    fields: (t) => ({
      number: t.exposeInt('number', { description: '1, 2, 3… in its series.' }),
      series: t.exposeInt('series', { description: 'The series of the delivery that it belongs to.' }),
      at: t.expose('at', { type: 'DateTime', description: 'When it began.' }),
      durationMs: t.exposeInt('durationMs', { description: 'Milliseconds that it took.' }),
      status: t.exposeInt('status', { nullable: true, description: 'What the target answered; null for nothing.' }),
      error: t.field({
        type: 'HookAttemptError' as never,
        nullable: true,
        description: 'Why it failed; null when it did not.',
        resolve: (attempt) => attempt.error as never,
      }),
      responseExcerpt: t.exposeString('responseExcerpt', {
        nullable: true,
        description: 'The beginning of the body that the target answered with, 4 KiB at most.',
      }),
    }),
  });
}
