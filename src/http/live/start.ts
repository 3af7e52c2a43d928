import { decodeCursor, type EventCursor, type LogState } from '#kernel/event.ts';
import type { FeedItem, Gap, GapReason } from '#kernel/feed.ts';

/** Where a subscription begins, and what it is told before the first event. */
export interface Start {
  readonly position: number;
  readonly first: readonly FeedItem[];
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
