import type { Frame } from '#http/live/frame.ts';
import type { Queued } from '#http/live/member.ts';
import type { LiveOperation } from '#http/live/operation.ts';
import type { Outlet } from '#http/live/outlet.ts';
import type { GatehouseError } from '#kernel/errors.ts';
import { encodeCursor } from '#kernel/event.ts';
import type { FeedItem, FeedSelection, LogPosition } from '#kernel/feed.ts';
import type { Following, FollowStep } from '#kernel/follow.ts';
import type { Viewer } from '#kernel/viewer.ts';

/** What a follower needs of the hub. */
export interface FollowerHost {
  render(viewer: Viewer, operation: LiveOperation, item: FeedItem): Promise<Frame>;
  next(viewer: Viewer, following: Following, place: unknown): Promise<FollowStep>;
  at(sequence: number): LogPosition;
  refusal(error: unknown): GatehouseError;
  delivered(): void;
}

/**
 * One subscription that follows something by itself. It asks for more when its client has taken what there was: so it
 * holds one step at most, and a slow client loses nothing and costs nobody anything.
 */
export class Follower {
  readonly operation: LiveOperation;
  readonly outlet: Outlet;
  readonly selection: FeedSelection;
  readonly #host: FollowerHost;
  readonly #following: Following;
  /** Null while nothing may be delivered. */
  #viewer: Viewer | null = null;
  /** What is said of the stream itself, before anything else. */
  readonly #greeting: FeedItem[];
  /** After the last item that was delivered. */
  #place: unknown;
  /** After the last item that waits. */
  #ahead: unknown;
  #waiting: { readonly item: FeedItem; readonly after: unknown }[] = [];
  #over = false;
  #mayHaveMore = true;
  /** Grows when it is let in, left out or ended: work begun before is then void. */
  #turn = 0;
  #busy = false;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #listening: Promise<(() => Promise<void>) | undefined>;

  constructor(
    operation: LiveOperation,
    outlet: Outlet,
    selection: FeedSelection,
    following: Following,
    greeting: readonly FeedItem[],
    host: FollowerHost,
  ) {
    this.operation = operation;
    this.outlet = outlet;
    this.selection = selection;
    this.#host = host;
    this.#following = following;
    this.#greeting = [...greeting];
    this.#place = following.start;
    this.#ahead = following.start;
    this.#listening = following.listen?.(() => this.wake()).catch(() => undefined) ?? Promise.resolve(undefined);
  }

  /** What it holds is not rendered yet. */
  get queued(): Queued {
    return { items: this.#waiting.length, bytes: 0 };
  }

  get ended(): boolean {
    return this.#ended;
  }

  get cursor(): string {
    return encodeCursor(this.#following.at(this.#place));
  }

  /** There may be something new. */
  wake(): void {
    this.#mayHaveMore = true;
    this.proceed();
  }

  /** Goes on with the rights of this viewer. */
  enter(viewer: Viewer): void {
    this.leave();
    this.#viewer = viewer;
    this.wake();
  }

  /** Delivers nothing until it is let in again. What waits was read under the rights of before, and is read anew. */
  leave(): void {
    this.#turn += 1;
    this.#viewer = null;
    this.#waiting = [];
    this.#ahead = this.#place;
    this.#over = false;
  }

  /** The log began a new life at this position. */
  restart(position: number, gap: FeedItem): void {
    this.leave();
    this.#place = this.#following.moved(this.#place, this.#host.at(position));
    this.#ahead = this.#place;
    this.#greeting.push(gap);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.leave();
    clearTimeout(this.#timer);
    void this.#listening.then((stop) => stop?.()).catch(() => undefined);
  }

  proceed(): void {
    if (this.#ended || this.#busy || !this.#viewer) return;
    void this.#run(this.#viewer);
  }

  async #run(viewer: Viewer): Promise<void> {
    const turn = this.#turn;
    const isCurrent = () => turn === this.#turn && !this.#ended;
    this.#busy = true;
    try {
      while (isCurrent() && this.outlet.writable() && (await this.#step(viewer, isCurrent)));
    } catch (error) {
      if (isCurrent()) this.outlet.fail(this.#host.refusal(error), this.cursor);
    }
    this.#busy = false;
    if (!isCurrent()) this.proceed();
  }

  /** @returns whether there may be more to do. */
  async #step(viewer: Viewer, isCurrent: () => boolean): Promise<boolean> {
    const [greeting] = this.#greeting;
    const [next] = this.#waiting;
    const item = greeting ?? next?.item;
    if (item) {
      const frame = await this.#host.render(viewer, this.operation, item);
      if (!isCurrent()) return false;
      if (greeting) this.#greeting.shift();
      else this.#place = this.#waiting.shift()?.after;
      this.#host.delivered();
      this.outlet.next(frame.payload, frame.cursor);
      return true;
    }
    this.#place = this.#ahead;
    if (this.#over) {
      this.outlet.complete();
      return false;
    }
    if (!this.#mayHaveMore) return false;
    this.#mayHaveMore = false;
    const step = await this.#host.next(viewer, this.#following, this.#ahead);
    if (!isCurrent()) {
      this.#mayHaveMore = true;
      return false;
    }
    this.#waiting = [...step.items];
    this.#ahead = step.after;
    this.#over = step.ended ?? false;
    if (step.items.length > 0) this.#mayHaveMore = true;
    clearTimeout(this.#timer);
    if (step.again !== undefined) this.#timer = setTimeout(() => this.wake(), step.again).unref();
    return true;
  }
}
