import type { LiveConfig } from '#http/live/config.ts';
import type { LiveOperation } from '#http/live/operation.ts';
import { type Entrance, startAfter, startWithPresent } from '#http/live/start.ts';
import { couldSeeEvent, lackOf } from '#kernel/access.ts';
import type { Catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { GatehouseError, GenericError } from '#kernel/errors.ts';
import { type EventCursor, matchesName } from '#kernel/event.ts';
import type { FeedSelection } from '#kernel/feed.ts';
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
    const ctx = this.#context(viewer);
    const { events } = this.#parts.catalogue;
    const selection = await operation.plan.select(ctx, operation.args);
    const kinds = operation.plan.events ?? [...events.values()];
    const possible = kinds.filter((kind) => selection.names.some((pattern) => matchesName(pattern, kind.name)));
    if (possible.length > 0 && !possible.some((kind) => couldSeeEvent(viewer, kind)))
      throw lackOf(viewer, [...new Set(possible.map((kind) => kind.seenWith))].join(' or '));
    // Who sees an event as its owner shares it with nobody of equal rights.
    return possible.some((kind) => kind.seenByOwner) ? { ...selection, personal: true } : selection;
  }

  /** Where a subscription begins: after a cursor or with the log as it is now, and with how what it watches stands. */
  async entrance(
    viewer: Viewer,
    { hello }: LiveOperation,
    { present }: FeedSelection,
    cursor: EventCursor | null,
  ): Promise<Entrance> {
    const { config, tail, flush, present: states } = this.#parts;
    await flush();
    const start = startAfter(await tail.state(), cursor, hello, config.replay.maxEvents);
    if (!present) return { ...start, told: 0, until: null };
    return startWithPresent(start, present, {
      read: () => present.read(this.#context(viewer)),
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

  #context(viewer: Viewer): Context {
    return this.#parts.context(viewer, AbortSignal.timeout(this.#parts.config.executeTimeout));
  }
}

/** What a client is told when what it selects could not be told. */
export function refusalOf(error: unknown, log: Logger): GatehouseError {
  if (error instanceof GatehouseError) return error;
  const traceId = newId();
  log.error({ err: error, requestId: traceId }, 'What a subscription selects could not be told.');
  return new GenericError(traceId);
}
