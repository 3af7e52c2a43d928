import { Admission, type AdmissionParts, refusalOf } from '#http/live/admission.ts';
import type { Census } from '#http/live/census.ts';
import type { Ending, LiveConnection } from '#http/live/connection.ts';
import type { Dispatcher } from '#http/live/dispatcher.ts';
import { Member } from '#http/live/member.ts';
import type { LiveMetrics } from '#http/live/metrics.ts';
import type { LiveOperation } from '#http/live/operation.ts';
import { outletOf } from '#http/live/outlet.ts';
import { chooseCursor, type Entrance, gapOf } from '#http/live/start.ts';
import { StreamError } from '#kernel/errors.ts';
import type { LogState } from '#kernel/event.ts';
import type { OverflowPolicy } from '#kernel/feed.ts';
import type { Logger } from '#kernel/log.ts';
import type { Viewer } from '#kernel/viewer.ts';

/** An operation that a transport asks for. */
export interface SubscribeRequest {
  readonly id: string;
  readonly operation: LiveOperation;
  /** From the transport itself: `Last-Event-ID`, or `extensions.resume`. */
  readonly resume: string | null;
}

export interface SubscriptionParts extends AdmissionParts {
  readonly log: Logger;
  readonly metrics: LiveMetrics;
}

/** What subscriptions share with the hub. */
interface Shared {
  readonly census: Census;
  readonly dispatcher: Dispatcher;
  end(connection: LiveConnection, ending: Ending): void;
}

/** Opens and closes the subscriptions of connections, and moves them to other cohorts when rights change. */
export class Subscriptions {
  readonly #parts: SubscriptionParts;
  readonly #shared: Shared;
  readonly #admission: Admission;

  constructor(parts: SubscriptionParts, shared: Shared) {
    this.#parts = parts;
    this.#shared = shared;
    this.#admission = new Admission(parts);
  }

  /** @throws GatehouseError when it may not, or asks for what is not there. */
  async open(connection: LiveConnection, request: SubscribeRequest): Promise<void> {
    const { operation, resume } = request;
    const { census, dispatcher } = this.#shared;
    census.checkSubscription(connection);
    const policy = operation.overflow ?? this.#parts.config.queue.policy;
    if (!operation.plan.policies.includes(policy))
      throw new StreamError('LIMIT_EXCEEDED', `${operation.plan.field} does not offer overflow ${policy}.`);
    const cursor = chooseCursor(operation.after, resume);
    const { viewer } = connection;
    const selection = await this.#admission.select(viewer, operation);
    const entrance = await this.#admission.entrance(viewer, operation, selection, cursor);
    census.checkSubscription(connection);
    if (connection.closed) return;
    const member = this.#add(connection, request, entrance, policy);
    if (cursor) this.#parts.metrics.resumed(resume === null ? 'argument' : 'transport');
    // While the rights are looked at anew, whoever looks lets it in.
    if (connection.looking) return;
    if (connection.viewer === viewer) member.enter(dispatcher.cohort(viewer, operation, selection));
    else await this.readmit(connection, connection.viewer);
  }

  close(connection: LiveConnection, id: string): void {
    const member = connection.members.get(id);
    if (!member) return;
    connection.members.delete(id);
    member.end();
    this.#shared.census.countSubscription(connection, -1);
  }

  /** Lets what is open on a connection go on with the rights that its viewer has now. */
  async readmit(connection: LiveConnection, viewer: Viewer): Promise<void> {
    connection.viewer = viewer;
    const { look } = connection;
    const current = () => connection.look === look && connection.viewer === viewer && !connection.closed;
    await Promise.all(
      [...connection.members].map(async ([id, member]) => {
        if (member.ended) return;
        member.leave();
        try {
          const selection = await this.#admission.select(viewer, member.operation);
          if (current() && connection.members.get(id) === member)
            member.enter(this.#shared.dispatcher.cohort(viewer, member.operation, selection));
        } catch (error) {
          if (current()) member.outlet.fail(refusalOf(error, this.#parts.log), member.cursor);
        }
      }),
    );
  }

  /** The log began a new life: what is open goes on from its head, behind a Gap. */
  restart(connection: LiveConnection, state: LogState): void {
    for (const member of connection.members.values()) {
      member.leave();
      member.restart(state.head, gapOf(state, 0, state.head, 'EPOCH'));
    }
    void this.readmit(connection, connection.viewer);
  }

  #add(
    connection: LiveConnection,
    { id, operation }: SubscribeRequest,
    entrance: Entrance,
    policy: OverflowPolicy,
  ): Member {
    const { config, metrics } = this.#parts;
    const { census, dispatcher, end } = this.#shared;
    const outlet = outletOf(connection, id, {
      operation: () => this.close(connection, id),
      connection: (ending) => end(connection, ending),
    });
    const member = new Member(operation, outlet, entrance, {
      policy,
      maxItems: config.queue.items,
      maxBytes: config.queue.bytes,
      at: (sequence) => dispatcher.at(sequence),
      counts: metrics,
    });
    connection.members.set(id, member);
    census.countSubscription(connection, 1);
    return member;
  }
}
