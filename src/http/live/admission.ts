import type { LiveConfig } from '#http/live/config.ts';
import type { LiveOperation } from '#http/live/operation.ts';
import { type Entrance, type Start, startAfter, startWithPresent } from '#http/live/start.ts';
import { couldSeeEvent, lackOf } from '#kernel/access.ts';
import type { Catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { GatehouseError, GenericError } from '#kernel/errors.ts';
import { type EventCursor, matchesName } from '#kernel/event.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import type { Following } from '#kernel/follow.ts';
import { newId } from '#kernel/id.ts';
import type { Logger } from '#kernel/log.ts';
import type { PresentStates } from '#kernel/present.ts';
import type { Viewer } from '#kernel/viewer.ts';
import type { Tail } from '#resolvers/platform/events/tail.ts';

export interface AdmissionParts {
  readonly catalogue: Catalogue;
  readonly tail: Tail;
  /** Numbers what was committed before now. */
  flush(): Promise<void>;
  readonly present: PresentStates;
  readonly config: LiveConfig;
  context(viewer: Viewer, signal: AbortSignal): Context;
}

/** Decides what a viewer gets of an operation, and where it begins. */
export class Admission {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /**
   * What a viewer gets of an operation.
   * @throws AuthenticationError or ForbiddenError when that could never be anything, and whatever the field itself
   * refuses.
   */
  async select(viewer: Viewer, operation: LiveOperation): Promise<FeedSelection> {
    const ctx = this.context(viewer);
    const { events } = this.#parts.catalogue;
    const selection = await operation.plan.select(ctx, operation.args);
    const kinds = operation.plan.events ?? [...events.values()];
    const possible = kinds.filter((kind) => selection.names.some((pattern) => matchesName(pattern, kind.name)));
    if (possible.length > 0 && !possible.some((kind) => couldSeeEvent(viewer, kind)))
      throw lackOf(viewer, [...new Set(possible.map((kind) => kind.seenWith))].join(' or '));
    // Who sees an event as its owner shares it with nobody of equal rights.
    return possible.some((kind) => kind.seenByOwner) ? { ...selection, personal: true } : selection;
  }

  /**
   * Where a subscription begins: after a cursor or with the log as it is now, and with how what it watches stands. With
   * the stream of its own, where it has one.
   */
  async begin(
    viewer: Viewer,
    { hello }: LiveOperation,
    selection: FeedSelection,
    cursor: EventCursor | null,
  ): Promise<{ entrance: Entrance; following: Following | null }> {
    const { config, tail, flush } = this.#parts;
    await flush();
    const state = await tail.state();
    const start = startAfter(state, cursor, hello, config.replay.maxEvents);
    const at = {
      epoch: state.epoch,
      sequence: start.position,
      ...(cursor?.line !== undefined && { line: cursor.line }),
    };
    const following = await selection.follow?.(this.context(viewer), { at, resumed: cursor !== null });
    return { entrance: await this.#entrance(viewer, selection, start), following: following ?? null };
  }

  /** For a question that may not take for ever. */
  context(viewer: Viewer): Context {
    return this.#parts.context(viewer, AbortSignal.timeout(this.#parts.config.executeTimeout));
  }

  /** How what it watches stands comes first. */
  #entrance(viewer: Viewer, { present }: FeedSelection, start: Start): Promise<Entrance> | Entrance {
    if (!present) return { ...start, told: 0, until: null };
    const { tail, flush, present: states } = this.#parts;
    return startWithPresent(start, present, {
      read: () => present.read(this.context(viewer)),
      latest: () => states.latest({ type: present.type }, present.subject),
      at: (sequence) => ({ epoch: tail.epoch, sequence }),
      async end() {
        await flush();
        const { head } = await tail.state();
        await tail.reach(head);
        return head;
      },
    });
  }
}

/** What a client is told when what it selects could not be told. */
export function refusalOf(error: unknown, log: Logger): GatehouseError {
  if (error instanceof GatehouseError) return error;
  const traceId = newId();
  log.error({ err: error, requestId: traceId }, 'What a subscription selects could not be told.');
  return new GenericError(traceId);
}
