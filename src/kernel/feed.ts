import type { Context } from '#kernel/context.ts';
import type { EventDefinition, StoredEvent } from '#kernel/event.ts';
import type { Following, FollowStart } from '#kernel/follow.ts';
import type { PresentDefinition, PresentWatch } from '#kernel/present.ts';

/** What one subscription wants of the log. */
export interface FeedSelection {
  /** Full names, prefixes with `.*`, or `*`. */
  readonly names: readonly string[];
  /** Global ids; absent: every subject. */
  readonly subjects?: ReadonlySet<string>;
  /** Looked at for events of these names and subjects. Pure and quick: it runs once for each event and cohort. */
  matches?(event: StoredEvent): boolean;
  /** True when what is selected depends on who asks, not only on his rights. */
  readonly personal?: boolean;
  /** How a thing stands is told first, and at each change of it. */
  readonly present?: PresentWatch;
  /** Instead of events, a stream of the client's own; those events wake it. */
  follow?(ctx: Context, start: FollowStart): Promise<Following>;
  /** The stream ends after such an event. */
  ends?(event: StoredEvent): boolean;
}

/** Why something of a stream is missing. */
export type GapReason = 'RETENTION' | 'OVERFLOW' | 'EPOCH' | 'AHEAD' | 'REPLAY_LIMIT';

/** A position in the log as an item tells it. */
export interface LogPosition {
  readonly epoch: string;
  readonly sequence: number;
  /** How many lines were told, in streams that tell lines. */
  readonly line?: number;
}

/** Items of a feed beside the events themselves. Delivery goes on after `to`. */
export interface Gap {
  readonly item: 'Gap';
  readonly at: LogPosition;
  readonly from: number;
  readonly to: number;
  readonly reason: GapReason;
}

export interface Subscribed {
  readonly item: 'Subscribed';
  readonly at: LogPosition;
  readonly head: number;
}

/** How a thing stands at a position. */
export interface PresentItem {
  readonly item: 'Present';
  readonly type: string;
  readonly at: LogPosition;
  readonly state: object;
}

export type FeedItem = StoredEvent | Gap | Subscribed | PresentItem;

export const isEvent = (item: FeedItem): item is StoredEvent => !('item' in item);

/** What a full queue leads to: end the stream, leave out the oldest, or keep the newest of each subject. */
export type OverflowPolicy = 'DISCONNECT' | 'DROP' | 'COALESCE';

/** How a subscription field becomes a stream: kept with the field, used by the hub. */
export interface FeedPlan {
  readonly field: string;
  /** The kinds of events that it can hold; null: all that are declared. */
  // biome-ignore lint/suspicious/noExplicitAny: events of any data
  readonly events: readonly EventDefinition<any>[] | null;
  /** The present state that it tells beside them. */
  readonly present: PresentDefinition<object> | null;
  readonly policies: readonly OverflowPolicy[];
  /** Checks rights and arguments once, and says what is wanted. */
  select(ctx: Context, args: Readonly<Record<string, unknown>>): Promise<FeedSelection>;
}
