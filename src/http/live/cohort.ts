import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { type Frame, FrameRing, type PresentFrame } from '#http/live/frame.ts';
import type { Member } from '#http/live/member.ts';
import type { LiveOperation } from '#http/live/operation.ts';
import { seesEvent } from '#kernel/access.ts';
import type { EventDefinition, StoredEvent } from '#kernel/event.ts';
import { matchesName } from '#kernel/event.ts';
import type { FeedItem, FeedSelection, LogPosition } from '#kernel/feed.ts';
import type { PresentWatch, Told } from '#kernel/present.ts';
import type { Viewer } from '#kernel/viewer.ts';

/** What a cohort needs of the hub. */
export interface CohortHost {
  readonly queueItems: number;
  readonly queueBytes: number;
  /** Number of the last event that the hub handed out. */
  readonly position: number;
  at(sequence: number): LogPosition;
  definition(name: string): EventDefinition | undefined;
  /** What was told last of a thing. */
  latest(present: PresentWatch): Told<object> | null;
  read(after: number): Promise<readonly StoredEvent[]>;
  render(viewer: Viewer, operation: LiveOperation, item: FeedItem): Promise<Frame>;
  retire(cohort: Cohort): void;
  /** An event was rendered for those who follow. */
  arrived(event: StoredEvent): void;
  /** What the cohort selects cannot be told any more: its streams end with an error. */
  failed(cohort: Cohort, error: unknown): void;
}

/** So many events may wait for rendering before a cohort reads them again from the log instead of keeping them. */
const longestQueue = 2000;
/** A cohort that renders without a pause lets the sockets breathe after so many milliseconds. */
const breath = 5;
/** Milliseconds before the log is asked again after a failure. */
const retryPause = 500;

/**
 * Equal subscriptions of viewers with equal rights: each event is executed and serialised once for all of them.
 */
export class Cohort {
  readonly key: string;
  readonly viewer: Viewer;
  readonly operation: LiveOperation;
  readonly selection: FeedSelection;
  readonly members = new Set<Member>();
  readonly ring: FrameRing;
  readonly #host: CohortHost;
  /** Rendered lately for members that catch up together. */
  readonly #rendered: LRUCache<number, Promise<Frame>>;
  #queue: StoredEvent[] = [];
  #lagging = false;
  #pumping = false;
  #considered: number;
  /** The newest state of what it watches, to be rendered after the events that were offered before it. */
  #told: Told<object> | null = null;
  #present: PresentFrame | null = null;

  constructor(host: CohortHost, key: string, viewer: Viewer, operation: LiveOperation, selection: FeedSelection) {
    this.#host = host;
    this.key = key;
    this.viewer = viewer;
    this.operation = operation;
    this.selection = selection;
    this.#considered = host.position;
    this.ring = new FrameRing(host.queueItems, host.queueBytes, host.position);
    this.#rendered = new LRUCache({ max: host.queueItems, ttl: 10_000 });
  }

  /** Every event up to this number was rendered, or is not for this cohort. */
  get position(): number {
    return this.#pumping ? this.#considered : Math.max(this.#considered, this.#host.position);
  }

  /** How what it watches stands, as of the last event before it. */
  get present(): PresentFrame | null {
    return this.#present;
  }

  join(member: Member): void {
    this.members.add(member);
    const { present } = this.selection;
    const latest = present && this.#host.latest(present);
    if (latest) this.tell(latest);
  }

  leave(member: Member): void {
    this.members.delete(member);
    if (this.members.size === 0) this.#host.retire(this);
  }

  /** Whether an event is selected and may be seen here. */
  wants(event: StoredEvent): boolean {
    const { names, subjects, matches } = this.selection;
    const definition = this.#host.definition(event.name);
    if (!definition || !names.some((pattern) => matchesName(pattern, event.name))) return false;
    if (subjects && !(event.subject !== null && subjects.has(event.subject))) return false;
    if (!seesEvent(this.viewer, definition, event)) return false;
    try {
      return matches?.call(this.selection, event) ?? true;
    } catch (error) {
      // Neither a hole nor what nobody asked for: whoever follows resumes before this event.
      this.#host.failed(this, error);
      return false;
    }
  }

  /** An event that may concern it, in log order. */
  offer(event: StoredEvent): void {
    if (this.#lagging) return;
    if (this.#queue.length >= longestQueue) {
      this.#queue = [];
      this.#lagging = true;
      return;
    }
    this.#queue.push(event);
    if (!this.#pumping) void this.#pump();
  }

  /** How what it watches stands now: those who follow hear it, or a newer state in its place. */
  tell(told: Told<object>): void {
    if (told.version <= ((this.#told ?? this.#present)?.version ?? 0)) return;
    this.#told = told;
    if (!this.#pumping) void this.#pump();
  }

  /** The frame of an event for a member that catches up; those who ask together share one execution. */
  render(event: StoredEvent): Promise<Frame> {
    const shared = this.#rendered.get(event.sequence) ?? this.#renderEvent(event);
    this.#rendered.set(event.sequence, shared);
    return shared;
  }

  async #renderEvent(event: StoredEvent): Promise<Frame> {
    const frame = await this.#host.render(this.viewer, this.operation, event);
    return this.selection.ends?.(event) ? { ...frame, last: true } : frame;
  }

  /** Older events, for a member that catches up. */
  history(after: number): Promise<readonly StoredEvent[]> {
    return this.#host.read(after);
  }

  renderItem(item: FeedItem): Promise<Frame> {
    return this.#host.render(this.viewer, this.operation, item);
  }

  /** One event after the other: n + 1 starts when n was queued for everybody. */
  async #pump(): Promise<void> {
    this.#pumping = true;
    let breathed = performance.now();
    while (this.members.size > 0) {
      const events = this.#lagging ? await this.#missed() : this.#queue.splice(0);
      // What was offered while the last read came back lies in the queue.
      if (events.length === 0 && (this.#lagging || this.#queue.length > 0)) continue;
      if (events.length === 0 && !this.#told) break;
      for (const event of events) {
        if (this.wants(event)) await this.#deliver(event);
        this.#considered = event.sequence;
        if (performance.now() - breathed < breath) continue;
        await nextTurn();
        breathed = performance.now();
      }
      if (this.#told && this.#queue.length === 0 && !this.#lagging) await this.#deliverPresent(this.#told);
    }
    this.#pumping = false;
    // Where it stands now may be the end for some.
    if (this.selection.present) for (const member of this.members) member.frameArrived();
  }

  /** Stamped with a position up to which all events were rendered, so that nothing is lost or repeated after it. */
  async #deliverPresent({ type, state, version }: Told<object>): Promise<void> {
    this.#told = null;
    // Nothing waits: whatever the hub handed out was rendered, or is not for this cohort.
    this.#considered = Math.max(this.#considered, this.#host.position);
    const at = this.#host.at(this.#considered);
    this.#present = { frame: await this.renderItem({ item: 'Present', type, at, state }), version };
    for (const member of this.members) member.frameArrived();
  }

  async #deliver(event: StoredEvent): Promise<void> {
    const frame = await this.render(event);
    this.ring.push(frame);
    this.#host.arrived(event);
    for (const member of this.members) member.frameArrived();
  }

  /** What was offered while the queue was full, read again. Nothing is left out: new offers wait for the end of it. */
  async #missed(): Promise<readonly StoredEvent[]> {
    const goal = this.#host.position;
    try {
      const events = await this.#host.read(this.#considered);
      if (events.length === 0 && goal === this.#host.position) this.#lagging = false;
      return events;
    } catch {
      await pause(retryPause);
      return [];
    }
  }
}
