import type { ArgBuilder, InputFieldMap, InputShapeFromFields } from '@pothos/core';
import type { Context } from '#kernel/context.ts';
import { type EventDefinition, encodeCursor, type StoredEvent } from '#kernel/event.ts';
import type { FeedItem, FeedPlan, FeedSelection, Gap, OverflowPolicy, Subscribed } from '#kernel/feed.ts';
import { isEvent } from '#kernel/feed.ts';
import type { PresentDefinition } from '#kernel/present.ts';
import type { Builder, SchemaTypes, Shapes } from '#schema/builder.ts';
import { describeField, pascalCase } from '#schema/description.ts';

declare module '#schema/builder.ts' {
  interface InterfaceShapes {
    LiveItem: FeedItem;
  }
  interface Shapes {
    Gap: Gap;
    Subscribed: Subscribed;
  }
}

const cursorOf = (item: FeedItem): string =>
  encodeCursor(isEvent(item) ? { epoch: item.epoch, sequence: item.sequence } : item.at);

/** What all feeds share. */
export function feeds(builder: Builder): void {
  builder.enumType('GapReason', {
    description: 'Why something of a stream is missing.',
    values: {
      RETENTION: { description: 'It was trimmed from the log; everything that is kept follows.' },
      OVERFLOW: { description: 'The client read too slowly and the oldest items were left out, as it asked.' },
      EPOCH: { description: 'The cursor is of another life of the log, such as before a restore.' },
      AHEAD: { description: 'The cursor is beyond the end of the log.' },
      REPLAY_LIMIT: { description: 'The cursor is further behind than `live.replay.maxEvents`.' },
    },
  });
  builder.enumType('OverflowPolicy', {
    description: 'What happens when a client reads more slowly than events come.',
    values: {
      DISCONNECT: { description: 'The stream ends with the cursor to resume after.' },
      DROP: { description: 'The oldest waiting items are left out; a `Gap` stands in their place.' },
      COALESCE: { description: 'Of the waiting items only the newest of each subject is kept.' },
    },
  });
  builder.interfaceType('LiveItem', {
    description: 'What a stream delivers.',
    fields: (t) => ({
      cursor: t.field({
        type: 'EventCursor',
        description: 'The place to resume after.',
        resolve: cursorOf,
      }),
    }),
  });
  builder.objectType('Gap', {
    description: 'Something is missing here, and this is what: the events after `from` up to `to`.',
    interfaces: ['LiveItem'],
    fields: (t) => ({
      from: t.field({
        type: 'BigInt',
        description: 'The last event before the gap; 0 where there is none.',
        resolve: (gap) => String(gap.from),
      }),
      to: t.field({
        type: 'BigInt',
        description: 'The last event in the gap; delivery goes on after it.',
        resolve: (gap) => String(gap.to),
      }),
      reason: t.field({
        type: 'GapReason' as never,
        description: 'Why.',
        resolve: (gap) => gap.reason as never,
      }),
    }),
  });
  builder.objectType('Subscribed', {
    description: 'The stream stands: whatever is committed after this item was sent will be delivered.',
    interfaces: ['LiveItem'],
    fields: (t) => ({
      head: t.field({
        type: 'BigInt',
        description: 'The number of the newest event at this moment.',
        resolve: (item) => String(item.head),
      }),
    }),
  });
}

/**
 * A subscription field. Its name gives the union: `deviceChanged` answers `DeviceFeed`, of its event types, `Gap` and
 * `Subscribed`.
 * @param parts.events the kinds of events it can hold; null: all that are declared.
 */
export function feed<Args extends InputFieldMap = Record<never, never>>(
  builder: Builder,
  name: string,
  parts: {
    readonly description: string;
    readonly needs?: string;
    args?: (arg: ArgBuilder<SchemaTypes>) => Args;
    // biome-ignore lint/suspicious/noExplicitAny: events of any data
    readonly events: readonly EventDefinition<any>[] | null;
    /** The type that stands for each of the events, where it is not their own. */
    readonly as?: keyof Shapes & string;
    /** What it tells of how a thing stands, beside the events. Its type implements `LiveItem`. */
    // biome-ignore lint/suspicious/noExplicitAny: states of any shape
    readonly present?: PresentDefinition<any>;
    /** The types of what it tells instead of events, where it follows something. They implement `LiveItem`. */
    readonly follows?: readonly string[];
    readonly policies?: readonly OverflowPolicy[];
    select: (ctx: Context, args: InputShapeFromFields<Args>) => Promise<FeedSelection>;
  },
): void {
  const byName = new Map(parts.events?.map((event) => [event.name, parts.as ?? event.type]));
  const union = builder.unionType(
    `${pascalCase(name)
      .replace(/Changed$/, '')
      .replace(/s$/, '')}Feed`,
    {
      description: `What \`${name}\` delivers.`,
      types: (() => [
        ...(parts.present ? [parts.present.type] : []),
        ...(parts.follows ??
          (parts.events ? new Set(byName.values()) : [...(typeNames.get(builder)?.values() ?? []), 'OtherEvent'])),
        'Gap',
        'Subscribed',
      ]) as never,
      resolveType: ((item: FeedItem) =>
        isEvent(item) ? (byName.get(item.name) ?? eventTypeName(builder, item.name)) : itemType(item)) as never,
    },
  );
  const plan: FeedPlan = {
    field: name,
    events: parts.events,
    present: parts.present ?? null,
    policies: parts.policies ?? ['DISCONNECT', 'DROP', 'COALESCE'],
    select: (ctx, args) => parts.select(ctx, args as InputShapeFromFields<Args>),
  };
  builder.subscriptionField(name, (t) =>
    t.field({
      type: union,
      description: describeField(parts),
      args: {
        ...parts.args?.(t.arg as never),
        after: t.arg({ type: 'EventCursor', description: 'Resume after this cursor.' }),
        hello: t.arg.boolean({ defaultValue: false, description: 'Begin with a `Subscribed` item.' }),
        overflow: t.arg({ type: 'OverflowPolicy' as never, description: 'DISCONNECT unless said.' }),
      } as never,
      extensions: { feed: plan },
      subscribe: () => {
        throw new Error(`${name} is delivered by the hub, not by a plain subscribe.`);
      },
      resolve: (item: unknown) => item as never,
    } as never),
  );
}

const itemType = (item: Exclude<FeedItem, StoredEvent>): string => (item.item === 'Present' ? item.type : item.item);

/** The type names of declared events, for feeds that can hold any. */
const typeNames = new WeakMap<Builder, ReadonlyMap<string, string>>();

export function nameEventTypes(builder: Builder, names: ReadonlyMap<string, string>): void {
  typeNames.set(builder, names);
}

export const eventTypeName = (builder: Builder, event: string): string =>
  typeNames.get(builder)?.get(event) ?? 'OtherEvent';
