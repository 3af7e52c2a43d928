import { z } from 'zod';
import type { Catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { type Actor, type EventDefinition, type StoredEvent, shownField, shownType } from '#kernel/event.ts';
import type { FeedItem } from '#kernel/feed.ts';
import { findEvents } from '#kernel/history.ts';
import { fromGlobalId, toGlobalId } from '#kernel/id.ts';
import type { AnyField, Builder, SchemaTypes, Shapes } from '#schema/builder.ts';
import { eventTypeName, nameEventTypes } from '#schema/feed.ts';
import { findNode, hasNode } from '#schema/node.ts';

declare module '#schema/builder.ts' {
  interface InterfaceShapes {
    Event: StoredEvent;
  }
  interface Shapes {
    OtherEvent: StoredEvent;
    Actor: Actor;
  }
}

type EventFields = PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, StoredEvent>;

/**
 * Fields of `Gap` and `Subscribed`, and of errors: a key of `data` with such a name is shown under another. So is `cause`,
 * the id of the thing with which something went, since another key has taken its name.
 */
const otherNames: Readonly<Record<string, string>> = {
  from: 'fromState',
  to: 'toState',
  reason: 'cause',
  cause: 'causeId',
  head: 'headAt',
  code: 'eventCode',
  message: 'text',
  path: 'eventPath',
};

/** A type for each declared event, and what they share. After all other modules: events link to their subjects. */
export function eventTypes(builder: Builder, { events }: Catalogue): void {
  nameEventTypes(builder, new Map([...events.values()].map((event) => [event.name, event.type])));
  builder.objectType('Actor', {
    description: 'Who did it. The name stays readable after the account is gone.',
    fields: (t) => ({
      name: t.exposeString('name', { description: 'The account, `anonymous`, or `system` for the gateway itself.' }),
      ...(hasNode(builder, 'Account') && {
        account: t.field({
          type: 'Account' as never,
          nullable: true,
          description: 'The account; null for the gateway itself, for anonymous, and for who may not read the account.',
          extensions: { personal: true },
          resolve: (actor: Actor, _: unknown, ctx: Context) =>
            (actor.account === null ? null : findNode(builder, ctx, 'Account', actor.account)) as never,
        }),
      }),
      credential: t.exposeString('credential', { nullable: true, description: 'The kind of credential it came with.' }),
      address: t.exposeString('address', { nullable: true, description: 'The address it came from.' }),
      job: t.id({
        nullable: true,
        description: 'The job that did it, on behalf of the others.',
        resolve: ({ job }) => (job === undefined ? null : toGlobalId('Job', job)),
      }),
    }),
  });
  builder.interfaceType('Event', {
    description: 'Something that happened: one row of the event log.',
    interfaces: ['Node', 'LiveItem'] as never,
    resolveType: ((event: StoredEvent) => eventTypeName(builder, event.name)) as never,
    fields: (t) => ({
      name: t.exposeString('name', { description: 'Domain, noun and verb: `network.device.created`.' }),
      sequence: t.field({
        type: 'BigInt',
        description: 'Its number: without a hole, in the order of commits.',
        resolve: (event) => String(event.sequence),
      }),
      subjectId: t.string({
        nullable: true,
        description: 'The id of the thing it is about.',
        resolve: (e) => e.subject,
      }),
      subject: t.field({
        type: builder.nodeInterfaceRef(),
        nullable: true,
        description: 'The thing it is about, as it is now; null when it is gone or may not be seen.',
        resolve: (event, _, ctx) => subjectOf(builder, ctx, event) as never,
      }),
      actor: t.field({ type: 'Actor', description: 'Who did it.', resolve: (event) => event.actor }),
      occurredAt: t.field({
        type: 'DateTime',
        description: 'When, by the clock of the gateway.',
        resolve: (e) => e.occurredAt,
      }),
      data: t.field({ type: 'JSON', description: 'What it says.', resolve: (event) => event.data }),
      before: t.field({
        type: 'JSON',
        nullable: true,
        description: 'The subject before; null for what did not exist.',
        resolve: (event) => event.before,
      }),
      after: t.field({
        type: 'JSON',
        nullable: true,
        description: 'The subject after; null for what does not exist any more.',
        resolve: (event) => event.after,
      }),
    }),
  });
  for (const definition of events.values()) eventType(builder, definition);
  builder.node('OtherEvent', {
    ...nodeParts('An event that no listed plugin declares any more.'),
    fields: () => ({}),
  } as never);
}

const nodeParts = (description: string) => ({
  description,
  interfaces: ['Event', 'LiveItem'] as never,
  id: { resolve: (event: StoredEvent) => event.id },
  loadMany: (ids: string[], ctx: Context) => Promise.all(ids.map((id) => ctx.load(findEvents, id))),
});

function eventType(builder: Builder, definition: EventDefinition): void {
  const shape = definition.data instanceof z.ZodObject ? (definition.data.shape as Record<string, z.ZodType>) : {};
  const noun = nounOf(definition, shape);
  const linked = definition.subject !== null && hasNode(builder, definition.subject);
  builder.node(
    definition.type as keyof Shapes,
    {
      ...nodeParts(`${definition.description}\n\nThe type of \`${definition.name}\`.`),
      isTypeOf: (event: FeedItem) => 'name' in event && event.name === definition.name,
      fields: (t: EventFields) => ({
        ...(linked && {
          [noun]: t.field({
            type: definition.subject as never,
            nullable: true,
            description: `The ${noun} as it is now; null when it is gone or may not be seen.`,
            resolve: (event, _, ctx) => subjectOf(builder, ctx, event) as never,
          }),
        }),
        ...Object.fromEntries(
          Object.entries(shape)
            .filter(([key]) => key !== noun)
            .map(([key, schema]) => [shownField(schema) ?? otherNames[key] ?? key, dataField(t, key, schema)]),
        ),
      }),
    } as never,
  );
}

/** The name of the link to the subject: the noun of the event, or of the subject where the data has a key for that. */
function nounOf({ name, subject }: EventDefinition, shape: object): string {
  const own = subject === null ? '' : `${subject[0]?.toLowerCase()}${subject.slice(1)}`;
  return own in shape ? own : (name.split('.').at(-2) ?? '');
}

/** A key of `data` as a field: plain values and lists of a named type with their own type, all else as JSON. */
function dataField(t: EventFields, key: string, schema: z.ZodType): AnyField {
  const nullable = schema.safeParse(undefined).success || schema.safeParse(null).success;
  const inner =
    schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? (schema.unwrap() as z.ZodType) : schema;
  const value = (event: StoredEvent) => ((event.data as Record<string, unknown>)[key] ?? null) as never;
  const options = { nullable, description: `\`${key}\` of its data.`, resolve: value } as never;
  if (inner instanceof z.ZodString) return t.string(options);
  if (inner instanceof z.ZodBoolean) return t.boolean(options);
  if (inner instanceof z.ZodNumber && inner.isInt) return t.int(options);
  if (inner instanceof z.ZodNumber) return t.float(options);
  if (inner instanceof z.ZodArray && inner.element instanceof z.ZodString) return t.stringList(options);
  const element = inner instanceof z.ZodArray ? shownType(inner.element as z.ZodType) : null;
  if (element) return t.field({ type: [element], ...(options as object) } as never);
  return t.field({ type: 'JSON', ...(options as object) } as never);
}

/** The thing that an event is about, as it is now; null when it is gone or the viewer may not see it. */
export async function subjectOf(builder: Builder, ctx: Context, event: StoredEvent): Promise<object | null> {
  const parts = event.subject === null ? null : fromGlobalId(event.subject);
  return parts ? findNode(builder, ctx, parts.type, parts.id) : null;
}
