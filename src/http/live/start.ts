import { decodeCursor, type EventCursor, type LogState } from '#kernel/event.ts';
import type { FeedItem, Gap, GapReason, LogPosition, PresentItem } from '#kernel/feed.ts';
import type { Present, PresentWatch, Told } from '#kernel/present.ts';

/** Where a subscription begins in the log. */
interface Start {
  /** Everything up to this number is known to the client, or not for it. */
  readonly position: number;
  /** Items to send before anything else. */
  readonly first: readonly FeedItem[];
}

/** Where a subscription begins, and how it may end. */
export interface Entrance extends Start {
  /** The version of the present state among the first items; 0 for none. */
  readonly told: number;
  /** It ends when everything up to this number was delivered; null: by an event only. */
  readonly until: number | null;
}

/** The cursor to resume after. Of two of one log the later counts; of different logs the transport's. */
export function chooseCursor(argument: string | null, transport: string | null): EventCursor | null {
  const given = argument === null ? null : decodeCursor(argument);
  const carried = transport === null ? null : decodeCursor(transport);
  if (!given || !carried) return carried ?? given;
  if (given.epoch !== carried.epoch) return carried;
  return given.sequence > carried.sequence ? given : carried;
}

/**
 * @param state as the store has it: a node's own tail may lag behind.
 * @param maxEvents how far behind a cursor may be.
 */
export function startAfter(state: LogState, cursor: EventCursor | null, hello: boolean, maxEvents: number): Start {
  const { epoch, head } = state;
  const missing = cursor && missingAfter(state, cursor, maxEvents);
  const position = missing?.to ?? cursor?.sequence ?? head;
  const first: FeedItem[] = [];
  if (hello) first.push({ item: 'Subscribed', at: cursor && !missing ? cursor : { epoch, sequence: position }, head });
  if (missing) first.push(gapOf(state, cursor?.sequence ?? 0, missing.to, missing.reason));
  return { position, first };
}

/** What the beginning of a stream about a thing at work asks for. */
export interface PresentSource {
  read(): Promise<Present>;
  /** What was told last. */
  latest(): Told<object> | null;
  at(sequence: number): LogPosition;
  /** The end of the log, which this process has read: what was committed before the call lies up to it. */
  end(): Promise<number>;
}

/**
 * Begins with how a thing stands. That is read once the start is known: no end of it can lie in between. Of one that has
 * ended the stream tells what happened up to now, and is complete.
 */
export async function startWithPresent(start: Start, { type }: PresentWatch, source: PresentSource): Promise<Entrance> {
  const { state: kept, ended } = await source.read();
  const until = ended ? await source.end() : null;
  const latest = source.latest();
  const state = (ended ? null : latest?.state) ?? kept;
  const present: PresentItem = { item: 'Present', type, at: source.at(start.position), state };
  return { position: start.position, first: [...start.first, present], told: latest?.version ?? 0, until };
}

export const gapOf = (state: LogState, from: number, to: number, reason: GapReason): Gap => ({
  item: 'Gap',
  at: { epoch: state.epoch, sequence: to },
  from,
  to,
  reason,
});

function missingAfter(
  state: LogState,
  cursor: EventCursor,
  maxEvents: number,
): { to: number; reason: GapReason } | null {
  const { epoch, head, floor } = state;
  if (cursor.epoch !== epoch) return { to: head, reason: 'EPOCH' };
  if (cursor.sequence > head) return { to: head, reason: 'AHEAD' };
  if (head - Math.max(cursor.sequence, floor - 1) > maxEvents) return { to: head - maxEvents, reason: 'REPLAY_LIMIT' };
  return cursor.sequence < floor - 1 ? { to: floor - 1, reason: 'RETENTION' } : null;
}
