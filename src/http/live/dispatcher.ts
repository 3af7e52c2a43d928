import { refusalOf } from '#http/live/admission.ts';
import { Cohort, type CohortHost } from '#http/live/cohort.ts';
import type { LiveConfig } from '#http/live/config.ts';
import type { Frame } from '#http/live/frame.ts';
import type { LiveMetrics } from '#http/live/metrics.ts';
import type { LiveOperation } from '#http/live/operation.ts';
import type { Render } from '#http/live/render.ts';
import { SelectionIndex } from '#http/live/selection-index.ts';
import type { Catalogue } from '#kernel/catalogue.ts';
import type { StoredEvent } from '#kernel/event.ts';
import type { FeedItem, FeedSelection, LogPosition } from '#kernel/feed.ts';
import type { Logger } from '#kernel/log.ts';
import type { PresentStates, PresentWatch, Told } from '#kernel/present.ts';
import type { Viewer } from '#kernel/viewer.ts';
import type { Tail } from '#resolvers/platform/events/tail.ts';

export interface DispatcherParts {
  readonly catalogue: Catalogue;
  readonly tail: Tail;
  readonly present: PresentStates;
  readonly config: LiveConfig;
  readonly log: Logger;
  readonly metrics: LiveMetrics;
  readonly render: Render;
}

/** Hands each event of the tail to the cohorts that it may concern, and keeps the cohorts while they have members. */
export class Dispatcher implements CohortHost {
  readonly #parts: DispatcherParts;
  readonly #cohorts = new Map<string, Cohort>();
  readonly #index = new SelectionIndex<Cohort>();
  /** While events are dispatched one by one: the number of the last one. */
  #dispatched: number | null = null;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** How many groups of equal subscriptions there are. */
  get size(): number {
    return this.#cohorts.size;
  }

  /** @param before called with each event before any cohort is offered it. */
  dispatch(events: readonly StoredEvent[], before: (event: StoredEvent) => void): void {
    this.#dispatched = (events[0]?.sequence ?? 1) - 1;
    for (const event of events) {
      before(event);
      for (const cohort of this.#index.candidates(event)) cohort.offer(event);
      this.#dispatched = event.sequence;
    }
    this.#dispatched = null;
  }

  tell(told: Told): void {
    for (const cohort of this.#index.watching(told)) cohort.tell(told as Told<object>);
  }

  /** The cohort of those who ask for the same with the same rights. */
  cohort(viewer: Viewer, operation: LiveOperation, selection: FeedSelection): Cohort {
    const personal = operation.personal || selection.personal === true;
    const key = JSON.stringify([operation.key, viewer.kind, viewer.rights.key, personal ? viewer.id : null]);
    const known = this.#cohorts.get(key);
    if (known) return known;
    const made = new Cohort(this, key, viewer, operation, selection);
    this.#cohorts.set(key, made);
    this.#index.add(made);
    return made;
  }

  retire(cohort: Cohort): void {
    if (this.#cohorts.get(cohort.key) !== cohort) return;
    this.#cohorts.delete(cohort.key);
    this.#index.remove(cohort);
  }

  get queueItems(): number {
    return this.#parts.config.queue.items;
  }

  get queueBytes(): number {
    return this.#parts.config.queue.bytes;
  }

  get position(): number {
    return this.#dispatched ?? this.#parts.tail.position;
  }

  at(sequence: number): LogPosition {
    return { epoch: this.#parts.tail.epoch, sequence };
  }

  latest({ type, subject }: PresentWatch): Told<object> | null {
    return this.#parts.present.latest({ type }, subject);
  }

  definition(name: string) {
    return this.#parts.catalogue.events.get(name);
  }

  read(after: number): Promise<readonly StoredEvent[]> {
    return this.#parts.tail.read(after);
  }

  render(viewer: Viewer, operation: LiveOperation, item: FeedItem): Promise<Frame> {
    this.#parts.metrics.rendering(item);
    return this.#parts.render(viewer, operation, item);
  }

  arrived(event: StoredEvent): void {
    this.#parts.metrics.arrived((Date.now() - Date.parse(event.occurredAt)) / 1000);
  }

  failed(cohort: Cohort, error: unknown): void {
    const refusal = refusalOf(error, this.#parts.log);
    for (const member of [...cohort.members]) member.outlet.fail(refusal, member.cursor);
  }
}
