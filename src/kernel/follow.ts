import type { Context } from '#kernel/context.ts';
import type { LogPosition, PresentItem } from '#kernel/feed.ts';

/**
 * A stream that is made for one client and read at his pace, for what no event tells: lines of a log, or figures that
 * depend on who asks. It holds nothing: everything it knows is in its place, a value that the next step begins from.
 */
export interface Following<Place = unknown> {
  /** Where it begins. */
  readonly start: Place;
  /**
   * What is new after a place; asked again whenever there may be something.
   * @param head the number of the last event that may be told.
   */
  next(ctx: Context, place: Place, head: number): Promise<FollowStep<Place>>;
  /** The place as a client resumes after it. */
  at(place: Place): LogPosition;
  /** The same place in a log that began a new life at this position. */
  moved(place: Place, to: LogPosition): Place;
  /** Calls `wake` when there may be something new that no event of the selection tells of. Answers how to stop. */
  listen?(wake: () => void): Promise<() => Promise<void>>;
}

export interface FollowStep<Place = unknown> {
  /** In order, each with the place after it. */
  readonly items: readonly { readonly item: PresentItem; readonly after: Place }[];
  /** The place after all of them, and after everything that is not for this stream. */
  readonly after: Place;
  /** True when nothing will follow. */
  readonly ended?: boolean;
  /** Milliseconds after which to ask again, whatever happens. */
  readonly again?: number;
}

/** Where a client wants to begin. */
export interface FollowStart {
  readonly at: LogPosition;
  /** Whether he was there before. */
  readonly resumed: boolean;
}
