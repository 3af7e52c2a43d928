import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { CoalescedFrames, payloadOf } from '#http/live/coalesced.ts';
import type { Cohort } from '#http/live/cohort.ts';
import type { Frame } from '#http/live/frame.ts';
import type { LiveOperation } from '#http/live/operation.ts';
import type { Outlet } from '#http/live/outlet.ts';
import type { Entrance } from '#http/live/start.ts';
import { encodeCursor } from '#kernel/event.ts';
import type { FeedItem, LogPosition, OverflowPolicy } from '#kernel/feed.ts';

/** How much waits for a client. */
export interface Queued {
  readonly items: number;
  readonly bytes: number;
}

interface MemberOptions {
  readonly policy: OverflowPolicy;
  readonly maxItems: number;
  readonly maxBytes: number;
  at(sequence: number): LogPosition;
  counts: { dropped(items: number): void; delivered(): void };
}

/**
 * One subscription of one client: a position in its cohort's frames. It first catches up from the log, then follows
 * the ring. Numbers of what it delivers strictly rise.
 */
export class Member {
  readonly operation: LiveOperation;
  readonly outlet: Outlet;
  readonly #options: MemberOptions;
  #cohort: Cohort | null = null;
  /** Everything up to this number was delivered, or is not for it. */
  #position: number;
  /** The place in the ring while it follows; null while it catches up. */
  #place: number | null = null;
  /** What waits under COALESCE. */
  readonly #waiting = new CoalescedFrames();
  /** Items to send before anything else, such as a Gap. */
  #first: FeedItem[];
  /** The version of the present state that it told last. */
  #told: number;
  readonly #until: number | null;
  /** Grows when it changes cohort or ends: work begun before is then void. */
  #turn = 0;
  #busy = false;
  #ended = false;

  constructor(operation: LiveOperation, outlet: Outlet, entrance: Entrance, options: MemberOptions) {
    const { position, first, told, until } = entrance;
    this.operation = operation;
    this.outlet = outlet;
    this.#position = position;
    this.#first = [...first];
    this.#told = told;
    this.#until = until;
    this.#options = options;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** What is rendered and waits for its client; frames that others wait for too count for each. */
  get queued(): Queued {
    const ring = this.#cohort?.ring;
    const { size, bytes } = this.#waiting;
    if (!ring || this.#place === null) return { items: size, bytes };
    return { items: ring.end - Math.max(this.#place, ring.base) + size, bytes: ring.bytesFrom(this.#place) + bytes };
  }

  /** The cursor to resume after. */
  get cursor(): string {
    return encodeCursor(this.#options.at(this.#checkpoint()));
  }

  /** Follows a cohort from its present position on. What the former cohort had in its queue is judged anew. */
  enter(cohort: Cohort): void {
    this.leave();
    this.#cohort = cohort;
    cohort.join(this);
    this.proceed();
  }

  /**
   * Delivers nothing until it enters a cohort again. What was not for it stays so, even if it may see more then; what
   * waits for the client is judged anew.
   */
  leave(): void {
    this.#position = this.#checkpoint();
    this.#turn += 1;
    this.#place = null;
    this.#waiting.clear();
    this.#cohort?.leave(this);
    this.#cohort = null;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.leave();
  }

  /** The log began a new life at this position. */
  restart(position: number, gap: FeedItem): void {
    this.#position = position;
    this.#first.push(gap);
  }

  frameArrived(): void {
    if (this.#place === null || this.#busy) return;
    if (this.#options.policy === 'COALESCE' && !this.outlet.writable()) this.#coalesce();
    else this.proceed();
  }

  /** Delivers what it may; called when the connection can take more, or there is more. */
  proceed(): void {
    if (this.#ended || this.#busy || !this.#cohort) return;
    if (this.#first.length > 0 || this.#place === null) void this.#catchUp(this.#cohort);
    else this.#follow(this.#cohort, this.#place);
  }

  #follow(cohort: Cohort, start: number): void {
    const { ring } = cohort;
    this.#flushWaiting(cohort);
    let place = start;
    while (place >= ring.base && this.outlet.writable()) {
      const frame = ring.at(place);
      if (this.#tellBefore(frame?.sequence ?? Number.POSITIVE_INFINITY, cohort)) continue;
      if (!frame) break;
      this.#send(frame, frame.payload);
      if (this.#ended || this.#cohort !== cohort) return;
      place += 1;
    }
    this.#place = place;
    if (place < ring.base) this.#overflow(cohort);
    else if (this.#until !== null && this.#checkpoint() >= this.#until) this.outlet.complete();
  }

  /** The present state in its place among the events: before the one with this number, if it is not known yet. */
  #tellBefore(sequence: number, { present }: Cohort): boolean {
    if (!present || present.version <= this.#told || present.frame.sequence >= sequence) return false;
    this.#told = present.version;
    // Where a later event went out already its cursor would lead back.
    if (present.frame.sequence < this.#position) return false;
    this.#position = present.frame.sequence;
    this.#options.counts.delivered();
    this.outlet.next(present.frame.payload, present.frame.cursor);
    return true;
  }

  #overflow(cohort: Cohort): void {
    if (this.#options.policy !== 'DROP') {
      this.outlet.slow();
      return;
    }
    // Said once, when the client reads again: until then the gap may grow.
    if (!this.outlet.writable()) return;
    const { ring } = cohort;
    const to = (ring.at(ring.base)?.sequence ?? this.#position + 1) - 1;
    this.#options.counts.dropped(ring.base - (this.#place ?? ring.base));
    this.#first.push({ item: 'Gap', at: this.#options.at(to), from: this.#position, to, reason: 'OVERFLOW' });
    this.#position = to;
    this.#place = null;
    this.proceed();
  }

  /** Takes what the ring has for it out of the ring: the newest of each subject stays. */
  #coalesce(): void {
    const ring = this.#cohort?.ring;
    if (!ring || this.#place === null) return;
    for (; this.#place < ring.end; this.#place += 1) {
      const frame = ring.at(this.#place);
      if (frame) this.#waiting.add(frame);
    }
    const { maxItems, maxBytes } = this.#options;
    if (this.#waiting.size > maxItems || this.#waiting.bytes > maxBytes) this.outlet.slow();
  }

  #flushWaiting(cohort: Cohort): void {
    for (const waiting of this.#waiting) {
      if (!this.outlet.writable()) return;
      this.#tellBefore(waiting.frame.sequence, cohort);
      this.#waiting.remove(waiting);
      this.#options.counts.dropped(waiting.count - 1);
      this.#send(waiting.frame, payloadOf(waiting));
      if (this.#ended) return;
    }
  }

  #send({ sequence, cursor, last }: Frame, payload: string): void {
    if (sequence <= this.#position) return;
    this.#position = sequence;
    this.#options.counts.delivered();
    this.outlet.next(payload, cursor);
    if (last) this.outlet.complete();
  }

  /** Reads from the log until the ring reaches back far enough, then follows. */
  async #catchUp(cohort: Cohort): Promise<void> {
    const turn = this.#turn;
    const current = () => turn === this.#turn && !this.#ended;
    this.#busy = true;
    try {
      await this.#sendFirst(cohort, current);
      while (current() && this.outlet.writable() && this.#position < cohort.ring.evicted) {
        await this.#readSome(cohort, current);
        // A long way through history leaves room for others.
        await nextTurn();
      }
    } finally {
      this.#busy = false;
    }
    if (!current()) {
      this.proceed();
      return;
    }
    if (!this.outlet.writable()) return;
    if (this.#first.length === 0 && this.#position >= cohort.ring.evicted)
      this.#place = cohort.ring.placeAfter(this.#position);
    this.proceed();
  }

  async #sendFirst(cohort: Cohort, current: () => boolean): Promise<void> {
    while (this.#first.length > 0 && this.outlet.writable()) {
      const item = this.#first[0] as FeedItem;
      const frame = await cohort.renderItem(item);
      if (!current()) return;
      this.#first.shift();
      this.outlet.next(frame.payload, frame.cursor);
    }
  }

  async #readSome(cohort: Cohort, current: () => boolean): Promise<void> {
    const goal = cohort.ring.evicted;
    const events = await cohort.history(this.#position).catch(() => null);
    if (events === null) {
      await pause(500);
      return;
    }
    for (const event of events) {
      if (!current() || !this.outlet.writable()) return;
      if (event.sequence <= this.#position) continue;
      if (cohort.wants(event)) {
        const frame = await cohort.render(event);
        if (!current()) return;
        this.#send(frame, frame.payload);
      } else this.#position = event.sequence;
    }
    // Nothing left up to where the ring began: the rest was trimmed, or is not numbered yet.
    if (current() && events.length === 0) this.#position = Math.max(this.#position, goal);
  }

  /** A quiet member stands where its cohort stands: nothing in between is for it. */
  #checkpoint(): number {
    const cohort = this.#cohort;
    if (!cohort || this.#place === null || this.#place < cohort.ring.end || this.#waiting.size > 0)
      return this.#position;
    return Math.max(this.#position, cohort.position);
  }
}
