import { allow } from '#kernel/access.ts';
import { InputError } from '#kernel/errors.ts';
import { decodeCursor, encodeCursor, type LogState } from '#kernel/event.ts';
import { findEvents } from '#kernel/history.ts';
import { fromGlobalId } from '#kernel/id.ts';
import { factValues } from '#kernel/permission.ts';
import {
  type EventFilterInput,
  pageEvents,
  readEventFilter,
  readEventLog,
} from '#resolvers/platform/events/queries.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { describeField } from '#schema/description.ts';
import { feed } from '#schema/feed.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    EventLog: LogState;
  }
}

/** The log as such: its history, its state, and everything live. */
export function events(builder: Builder): void {
  builder.objectType('EventLog', {
    description: 'The event log: one for all domains.',
    fields: (t) => ({
      epoch: t.exposeString('epoch', { description: 'The life of this log; it changes when the log is restored.' }),
      head: t.field({
        type: 'BigInt',
        description: 'The number of the newest event.',
        resolve: (log) => String(log.head),
      }),
      floor: t.field({
        type: 'BigInt',
        description: 'The lowest number from which nothing is missing.',
        resolve: (log) => String(log.floor),
      }),
      cursor: t.field({
        type: 'EventCursor',
        description: 'The place of the newest event.',
        resolve: (log) => encodeCursor({ epoch: log.epoch, sequence: log.head }),
      }),
      oldestAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When the oldest event that is kept happened; null for an empty log.',
        resolve: (log) => log.oldestAt,
      }),
    }),
  });
  const fact = builder.inputType('ScopeFactInput', {
    description: 'Something that an event says of where it happened.',
    fields: (t) => ({
      kind: t.string({ required: true, description: 'The kind of thing: `site`, `account`, …' }),
      value: t.string({ required: true, description: 'Its row id, or a text of the kind’s own.' }),
    }),
  });
  const filter = builder.inputType('EventFilter', {
    description: 'Which events; everything given must hold.',
    fields: (t) => ({
      names: t.stringList({ description: 'Any of these: full names, prefixes with `.*`, or `*`.' }),
      subjects: t.idList({ description: 'About any of these things.' }),
      scope: t.field({ type: [fact], description: 'With any of these facts.' }),
      actor: t.id({ description: 'Done by this account.' }),
      from: t.field({ type: 'DateTime', description: 'Not before.' }),
      to: t.field({ type: 'DateTime', description: 'Before.' }),
    }),
  });
  builder.queryFields((t) => ({
    event: t.field({
      type: 'Event',
      nullable: true,
      description: 'The event with this id; null for what the viewer may not see.',
      args: { id: t.arg.id({ required: true, description: 'Its global id.' }) },
      resolve: (_, { id }, ctx) => ctx.load(findEvents, eventId(id)),
    }),
    events: connection(builder, t, 'Event', {
      description: describeField({
        description: 'What happened, newest first. Each event is seen with its own right.',
        needs: 'event:read',
      }),
      args: { filter: t.arg({ type: filter, description: 'Which ones.' }) },
      cursors: {
        write: (event) => encodeCursor({ epoch: event.epoch, sequence: event.sequence }),
        read: (cursor) => [String(decodeCursor(cursor).sequence)],
      },
      resolve: (_, args, page, ctx) => pageEvents(ctx, args.filter as EventFilterInput, page),
    }),
    eventLog: t.field({
      type: 'EventLog',
      description: describeField({ description: 'The state of the log.', needs: 'event:read' }),
      resolve: (_, __, ctx) => readEventLog(ctx),
    }),
  }));
  feed(builder, 'events', {
    description: 'Everything that happens and that the viewer may see, as it happens.',
    needs: 'event:read',
    args: (arg) => ({ filter: arg({ type: filter, required: true, description: 'Which ones.' }) }),
    events: null,
    select: async (ctx, args) => {
      allow(ctx, 'event:read');
      const wanted = readEventFilter(args.filter as EventFilterInput);
      return {
        names: wanted.names ?? ['*'],
        ...(wanted.subjects && { subjects: new Set(wanted.subjects) }),
        matches: (event) =>
          (!wanted.actor || event.actor.account === wanted.actor) &&
          (!wanted.from || event.occurredAt >= wanted.from) &&
          (!wanted.to || event.occurredAt < wanted.to) &&
          (!wanted.scope || wanted.scope.some(({ kind, value }) => factValues(event.scope[kind]).includes(value))),
      };
    },
  });
}

function eventId(id: string): string {
  const parts = fromGlobalId(id);
  if (!parts) throw InputError.at(['id'], `"${id}" is no id: give one that Gatehouse answered with.`);
  return parts.id;
}
