import type { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import type { Facts, PermissionName, Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';

/*
 * Words. *Event*: one row of the log. *Sequence*: its number, gapless from 1 in commit order. *Epoch*: the life of one
 * log. *Head*: the highest number given. *Floor*: the lowest number from which nothing is missing. *Cursor*: epoch and
 * sequence, opaque to clients.
 */

/** Which of the two terms of `events.retention` an event is kept for. */
export type Retention = 'LIVE' | 'AUDIT';

/** A kind of event, declared by a plugin. */
export interface EventDefinition<Data = unknown> {
  /** `<domain>.<noun>.<pastVerb>`. */
  readonly name: string;
  /** The GraphQL type, noun + verb: `DeviceCreated`. */
  readonly type: string;
  readonly description: string;
  readonly data: z.ZodType<Data>;
  /** The GraphQL type of the subject; null where the subject is no node. */
  readonly subject: string | null;
  readonly retain: Retention;
  /** The right with which it is seen, checked against the event's scope facts. */
  readonly seenWith: PermissionName;
  /** Whether the account in the fact `account` sees it without that right. */
  readonly seenByOwner: boolean;
  /** Whether it may name an audience in its scope (`audience`), which sees it without that right. */
  readonly seenByAudience: boolean;
  /**
   * Such events as the viewer is shown them who may see them: without what names other things that he may not see. In
   * their order; all as they are where it is not said.
   */
  readonly show?: (ctx: Context, events: readonly StoredEvent[]) => Promise<readonly StoredEvent[]>;
  /** What webhooks send as the subject; the event's `data` without it. */
  readonly hookData?: (event: StoredEvent) => unknown;
}

type Default = 'retain' | 'seenByOwner' | 'seenByAudience';

export type EventOptions<Data> = Omit<EventDefinition<Data>, 'name' | 'type' | 'data' | Default> &
  Partial<Pick<EventDefinition<Data>, 'type' | Default>>;

export function defineEvent<Data>(
  name: `${string}.${string}.${string}`,
  data: z.ZodType<Data>,
  options: EventOptions<Data>,
): EventDefinition<Data> {
  const [noun = '', verb = ''] = name.split('.').slice(-2);
  return {
    retain: 'LIVE',
    seenByOwner: false,
    seenByAudience: false,
    type: noun[0]?.toUpperCase() + noun.slice(1) + verb[0]?.toUpperCase() + verb.slice(1),
    ...options,
    name,
    data,
  };
}

/** Says which GraphQL type shows such a part of an event's data in a list. */
export const shownAs = <Schema extends z.ZodType>(schema: Schema, type: string) => schema.meta({ graphType: type });

/** Says under which name a key of an event's data is a field of its type, where its own name has another type elsewhere. */
export const shownUnder = <Schema extends z.ZodType>(schema: Schema, field: string) =>
  schema.meta({ graphField: field });

export const shownField = (schema: z.ZodType): string | null =>
  (schema.meta() as { readonly graphField?: string } | undefined)?.graphField ?? null;

export const shownType = (schema: z.ZodType): string | null =>
  (schema.meta() as { readonly graphType?: string } | undefined)?.graphType ?? null;

/** Who did it, as the event keeps it: names stay readable after an account is gone. */
export interface Actor {
  /** Row id of the account; null for the system and for anonymous. */
  readonly account: string | null;
  readonly name: string;
  readonly credential: string | null;
  readonly address: string | null;
  /** Row id of the job that did it, where one did. */
  readonly job?: string;
}

/** An event on its way into the log. */
export interface AppendedEvent {
  readonly id: string;
  readonly name: string;
  /** Global id of the thing it is about, or a text of the event's own. */
  readonly subject: string | null;
  readonly scope: Facts;
  readonly actor: Actor;
  /** ISO 8601 in UTC with microseconds. */
  readonly occurredAt: string;
  readonly data: unknown;
  readonly before: unknown;
  readonly after: unknown;
  readonly traceparent: string | null;
  /** The unit of work it belongs to. */
  readonly tx: string;
  readonly retain: Retention;
  /** True when `before` and `after` were left out because the row would have been too large. */
  readonly truncated: boolean;
}

export interface StoredEvent extends AppendedEvent {
  readonly sequence: number;
  /** The life of the log it was read in: with the sequence, its cursor. */
  readonly epoch: string;
}

/** What `append` is told beside the data. */
export interface AppendOptions {
  /** Its row id, for callers that answer with it; a new one unless said. */
  readonly id?: string;
  readonly subject?: string;
  /** The object and all its ancestors at this moment, by kind, first of all the place that it belongs to. */
  readonly scope: Facts;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly retain?: Retention;
}

/** Appends to the log. Only inside `ctx.atomically`: the events are kept with the change, or neither is. */
export interface EventAppender {
  append<Data>(definition: EventDefinition<Data>, data: Data, options: AppendOptions): void;
}

export interface LogState {
  readonly epoch: string;
  /** Highest number given; 0 for an empty log. */
  readonly head: number;
  /** Lowest number from which nothing is missing: 1 until something was trimmed. */
  readonly floor: number;
  readonly oldestAt: string | null;
}

export interface EventFilter {
  /** Full names, prefixes with `.*`, or `*`; absent: every name. */
  readonly names?: readonly string[];
  readonly subjects?: readonly string[];
  /** Any-of scope facts. */
  readonly scope?: readonly { readonly kind: string; readonly value: string }[];
  /** Account row id. */
  readonly actor?: string;
  /** At this instant or after it. */
  readonly from?: string;
  /** Before this instant. */
  readonly to?: string;
}

/** Which events a viewer may see: one rule for each right with which some are seen. */
export type EventVisibility =
  | 'all'
  | readonly {
      readonly names: readonly string[];
      readonly visibility: Visibility;
      /** Row id of the account that sees them by ownership. */
      readonly owner: string | null;
    }[];

/** What a list of events is about: one thing, or a place, which is the first value of the first fact of an event. */
export type EventTopic =
  | { readonly subject: string }
  | { readonly place: { readonly kind: string; readonly value: string } };

/** What the platform asks of the storage of the event log. */
export interface EventLogStore {
  /** Keeps events in the unit of work, without numbers; the last statement before its commit. */
  append(events: readonly AppendedEvent[]): Promise<void>;
  /**
   * Numbers committed rows: about `limit`, never a part of one transaction. Of racing callers, over all processes, one
   * works at a time. Answers how many it numbered.
   */
  number(limit: number): Promise<number>;
  /** Numbered events with `sequence > after`, rising without a hole above the floor, at most `limit`. */
  read(after: number, limit: number): Promise<StoredEvent[]>;
  getMany(ids: readonly string[]): Promise<(StoredEvent | null)[]>;
  /** Newest first; `direction` and positions (`[sequence]`) refer to that order. */
  page(filter: EventFilter, visibility: EventVisibility, request: PageRequest): Promise<Page<StoredEvent>>;
  /**
   * One such page for each topic, in one read however many: the cost does not grow with the log.
   * @param topics all of one form.
   */
  pages(
    topics: readonly EventTopic[],
    filter: EventFilter,
    visibility: EventVisibility,
    request: PageRequest,
  ): Promise<Page<StoredEvent>[]>;
  state(): Promise<LogState>;
  /** How many rows wait for a number. */
  countUnnumbered(): Promise<number>;
  /**
   * Which of these units of work were committed with events, numbered or not; in any order. A storage that finds a
   * prepared branch after a crash asks here.
   */
  committed(units: readonly string[]): Promise<string[]>;
  /**
   * Deletes rows from before the instant of their kind, null for none, oldest first, and moves the floor. It may leave
   * some for the next call, so that a call takes a moment: there are none when the floor stays. Answers the floor.
   */
  trim(before: { readonly live: string | null; readonly audit: string | null }): Promise<number>;
  /** Begins a new life of the log; old cursors no longer count. Answers the epoch. */
  renewEpoch(): Promise<string>;
  /** Calls `wake` within 100 ms when rows were appended, or numbered, by any process. Answers how to stop. */
  listen(topic: 'appended' | 'numbered', wake: () => void): Promise<() => Promise<void>>;
}

export const eventLog = definePort<EventLogStore>('platform.eventLog');

/** Whether an event name is meant by a pattern: a full name, a prefix with `.*`, or `*`. */
export function matchesName(pattern: string, name: string): boolean {
  if (pattern === '*') return true;
  return pattern.endsWith('.*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

export interface EventCursor {
  readonly epoch: string;
  readonly sequence: number;
  /** How many lines were told, in streams that tell lines. */
  readonly line?: number;
}

export function encodeCursor({ epoch, sequence, line }: EventCursor): string {
  return Buffer.from(`1.${epoch}.${sequence}${line === undefined ? '' : `.${line}`}`).toString('base64url');
}

/** @throws InputError for a text that is no cursor. */
export function decodeCursor(text: string): EventCursor {
  const plain = text.length <= 64 ? Buffer.from(text, 'base64url').toString('latin1') : '';
  const parts = /^1\.([a-z2-7]{10})\.(0|[1-9][0-9]{0,15})(?:\.(0|[1-9][0-9]{0,9}))?$/.exec(plain);
  if (!parts) throw InputError.at(['after'], 'Not a cursor of this log.');
  const [, epoch = '', sequence, line] = parts;
  return { epoch, sequence: Number(sequence), ...(line !== undefined && { line: Number(line) }) };
}
