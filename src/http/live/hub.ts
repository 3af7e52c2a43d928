import { admit } from '#http/live/admission.ts';
import { Census } from '#http/live/census.ts';
import { Cohort, type CohortHost } from '#http/live/cohort.ts';
import type { LiveConfig } from '#http/live/config.ts';
import { type Ending, LiveConnection, type Wire } from '#http/live/connection.ts';
import { Follower } from '#http/live/follower.ts';
import type { Frame } from '#http/live/frame.ts';
import { type Entrance, Member, type Outlet } from '#http/live/member.ts';
import type { LiveMetrics } from '#http/live/metrics.ts';
import type { LiveOperation } from '#http/live/operation.ts';
import type { Render } from '#http/live/render.ts';
import { RightsWatch } from '#http/live/rights.ts';
import { SelectionIndex } from '#http/live/selection-index.ts';
import { chooseCursor, gapOf, type Start, startAfter, startWithPresent } from '#http/live/start.ts';
import type { Catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { GatehouseError, GenericError, StreamError } from '#kernel/errors.ts';
import { decodeCursor, type LogState, type StoredEvent } from '#kernel/event.ts';
import type { FeedItem, FeedSelection, LogPosition, OverflowPolicy } from '#kernel/feed.ts';
import type { Following } from '#kernel/follow.ts';
import { newId } from '#kernel/id.ts';
import type { Logger } from '#kernel/log.ts';
import type { PresentStates, PresentWatch, Told } from '#kernel/present.ts';
import type { Authenticator, Viewer } from '#kernel/viewer.ts';
import type { Tail } from '#resolvers/platform/events/tail.ts';

export interface HubParts {
  readonly catalogue: Catalogue;
  readonly tail: Tail;
  /** Numbers what was committed before now. */
  flush(): Promise<void>;
  readonly authenticator: Authenticator;
  readonly present: PresentStates;
  readonly config: LiveConfig;
  readonly log: Logger;
  readonly metrics: LiveMetrics;
  readonly render: Render;
  context(viewer: Viewer, signal: AbortSignal): Context;
}

/** An operation that a transport asks for. */
export interface SubscribeRequest {
  readonly id: string;
  readonly operation: LiveOperation;
  /** From the transport itself: `Last-Event-ID`, or `extensions.resume`. */
  readonly resume: string | null;
}

/**
 * Live delivery of one process: every subscription of every transport is a member of a cohort here, and every event
 * comes from the one tail.
 */
export class Hub implements CohortHost {
  readonly #parts: HubParts;
  readonly #cohorts = new Map<string, Cohort>();
  readonly #index = new SelectionIndex<Cohort>();
  readonly #followers = new SelectionIndex<Follower>();
  readonly #census: Census;
  readonly #rights: RightsWatch;
  readonly #requests = new WeakMap<Member | Follower, SubscribeRequest>();
  readonly #unsubscribe: () => void;
  readonly #unhear: () => void;
  readonly #watch: NodeJS.Timeout;
  #draining = false;
  /** While events are taken one by one: the number of the last one. */
  #taken: number | null = null;

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.#census = new Census(parts.config.max);
    this.#rights = new RightsWatch(parts.authenticator, parts.log, {
      readmit: (connection, viewer) => this.#readmit(connection, viewer),
      end: (connection, reason) => this.#end(connection, { why: 'ended', reason }),
    });
    this.#unsubscribe = parts.tail.add({
      events: (events) => this.#take(events),
      renewed: (state) => this.#renewed(state),
    });
    this.#unhear = parts.present.listen((told) => {
      for (const cohort of this.#index.watching(told)) cohort.tell(told as Told<object>);
    });
    parts.metrics.show({
      connections: () => countBy(this.#census.connections, (connection) => connection.wire.transport),
      subscriptions: () => countBy(this.#members(), (member) => this.#fieldOf(member)),
      cohorts: () => this.#cohorts.size,
    });
    this.#watch = setInterval(() => this.#checkTail(), 1000);
    this.#watch.unref();
  }

  get queueItems(): number {
    return this.#parts.config.queue.items;
  }

  get queueBytes(): number {
    return this.#parts.config.queue.bytes;
  }

  get position(): number {
    return this.#taken ?? this.#parts.tail.position;
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
    const refusal = this.#refusal(error);
    for (const member of [...cohort.members]) member.outlet.fail(refusal, member.cursor);
  }

  retire(cohort: Cohort): void {
    if (this.#cohorts.get(cohort.key) !== cohort) return;
    this.#cohorts.delete(cohort.key);
    this.#index.remove(cohort);
  }

  /** @throws StreamError when the process, the account or the address has too many. */
  connect(viewer: Viewer, address: string | null, wire: Wire): LiveConnection {
    if (this.#draining) throw new StreamError('LIMIT_EXCEEDED', 'The gateway is stopping. Come back in a moment.');
    this.#census.checkConnection(viewer, address);
    const connection = new LiveConnection(viewer, address, wire, this.#parts.config.socket.bytes);
    this.#census.add(connection);
    this.#rights.watch(connection);
    return connection;
  }

  disconnect(connection: LiveConnection): void {
    if (!this.#census.connections.has(connection)) return;
    for (const id of [...connection.members.keys()]) this.unsubscribe(connection, id);
    this.#census.remove(connection);
    connection.gone();
    this.#rights.forget(connection);
  }

  /**
   * Opens a subscription on a connection: what it delivers goes to the connection's wire.
   * @throws GatehouseError when it may not, or asks for what is not there.
   */
  async subscribe(connection: LiveConnection, request: SubscribeRequest): Promise<void> {
    const { operation, resume } = request;
    const { config, metrics, tail, flush } = this.#parts;
    this.#census.checkSubscription(connection);
    const policy = operation.overflow ?? config.queue.policy;
    if (!operation.plan.policies.includes(policy))
      throw new StreamError('LIMIT_EXCEEDED', `${operation.plan.field} does not offer overflow ${policy}.`);
    const cursor = chooseCursor(operation.after, resume);
    const { viewer } = connection;
    const selection = await this.#select(viewer, operation);
    await flush();
    const state = await tail.state();
    const start = startAfter(state, cursor, operation.hello, config.replay.maxEvents);
    const at = {
      epoch: state.epoch,
      sequence: start.position,
      ...(cursor?.line !== undefined && { line: cursor.line }),
    };
    const following = await selection.follow?.(this.#patient(viewer), { at, resumed: cursor !== null });
    const entrance = await this.#entrance(viewer, selection, start);
    this.#census.checkSubscription(connection);
    if (connection.closed) return;
    const member = following
      ? this.#follower(connection, request, selection, following, start.first)
      : this.#member(connection, request, entrance, policy);
    if (cursor) metrics.resumed(resume === null ? 'argument' : 'transport');
    // While the rights are looked at anew, whoever looks lets it in.
    if (connection.looking) return;
    if (connection.viewer === viewer) this.#admit(member, viewer, operation, selection);
    else await this.#readmit(connection, connection.viewer);
  }

  unsubscribe(connection: LiveConnection, id: string): void {
    const member = connection.members.get(id);
    if (!member) return;
    connection.members.delete(id);
    member.end();
    if (member instanceof Follower) this.#followers.remove(member);
    this.#census.countSubscription(connection, -1);
  }

  /** The viewer of a connection renewed its credential: what is open goes on under it. */
  async renew(connection: LiveConnection, viewer: Viewer): Promise<void> {
    await this.#readmit(connection, viewer);
    this.#rights.watch(connection);
  }

  /** No new connections; the open ones are told to come back, each at its own moment. */
  drain(): void {
    this.#draining = true;
    for (const connection of this.#census.connections) {
      const retry = Math.round(Math.random() * this.#parts.config.drainSpread);
      this.#end(connection, { why: 'drain', retry });
    }
  }

  close(): void {
    this.drain();
    clearInterval(this.#watch);
    this.#unsubscribe();
    this.#unhear();
  }

  #take(events: readonly StoredEvent[]): void {
    this.#taken = (events[0]?.sequence ?? 1) - 1;
    for (const event of events) {
      // First who may see it, then it: nothing numbered after a loss of rights goes out under the old ones.
      const affected = this.#parts.authenticator.affects(event);
      if (affected) this.#rights.affected(affected, this.#census.connections);
      for (const cohort of this.#index.candidates(event)) cohort.offer(event);
      this.#taken = event.sequence;
    }
    this.#taken = null;
    for (const event of events) for (const follower of this.#followers.candidates(event)) follower.wake();
  }

  #renewed(state: LogState): void {
    for (const connection of this.#census.connections) {
      for (const member of connection.members.values()) {
        member.leave();
        member.restart(state.head, gapOf(state, 0, state.head, 'EPOCH'));
      }
      void this.#readmit(connection, connection.viewer);
    }
  }

  #checkTail(): void {
    if (this.#parts.tail.staleness < this.#parts.config.staleAfter) return;
    for (const connection of this.#census.connections) this.#end(connection, { why: 'unreachable' });
  }

  #select(viewer: Viewer, operation: LiveOperation): Promise<FeedSelection> {
    return admit(this.#patient(viewer), operation, this.#parts.catalogue);
  }

  /** A context for a question that may not take for ever. */
  #patient(viewer: Viewer): Context {
    return this.#parts.context(viewer, AbortSignal.timeout(this.#parts.config.executeTimeout));
  }

  /** Lets it go on with what the viewer may see now. */
  #admit(member: Member | Follower, viewer: Viewer, operation: LiveOperation, selection: FeedSelection): void {
    if (member instanceof Follower) member.enter(viewer);
    else member.enter(this.#cohort(viewer, operation, selection));
  }

  /** How what it watches stands comes first. */
  #entrance(viewer: Viewer, { present }: FeedSelection, start: Start): Promise<Entrance> | Entrance {
    if (!present) return { ...start, told: 0, until: null };
    const { tail, flush } = this.#parts;
    return startWithPresent(start, present, {
      read: () => present.read(this.#patient(viewer)),
      latest: () => this.latest(present),
      at: (sequence) => this.at(sequence),
      async end() {
        await flush();
        const { head } = await tail.state();
        await tail.reach(head);
        return head;
      },
    });
  }

  #cohort(viewer: Viewer, operation: LiveOperation, selection: FeedSelection): Cohort {
    const personal = operation.personal || selection.personal === true;
    const key = JSON.stringify([operation.key, viewer.kind, viewer.rights.key, personal ? viewer.id : null]);
    const known = this.#cohorts.get(key);
    if (known) return known;
    const made = new Cohort(this, key, viewer, operation, selection);
    this.#cohorts.set(key, made);
    this.#index.add(made);
    return made;
  }

  #member(connection: LiveConnection, request: SubscribeRequest, entrance: Entrance, policy: OverflowPolicy): Member {
    const { config, metrics } = this.#parts;
    const member = new Member(this.#outlet(connection, request.id), entrance, {
      policy,
      maxItems: config.queue.items,
      maxBytes: config.queue.bytes,
      at: (sequence) => this.at(sequence),
      counts: metrics,
    });
    return this.#enroll(connection, request, member);
  }

  #follower(
    connection: LiveConnection,
    request: SubscribeRequest,
    selection: FeedSelection,
    following: Following,
    greeting: readonly FeedItem[],
  ): Follower {
    const follower = new Follower(this.#outlet(connection, request.id), selection, following, greeting, {
      render: (viewer, item) => this.render(viewer, request.operation, item),
      next: (viewer, following, place) => following.next(this.#patient(viewer), place, this.position),
      at: (sequence) => this.at(sequence),
      refusal: (error) => this.#refusal(error),
      delivered: () => this.#parts.metrics.delivered(),
    });
    this.#followers.add(follower);
    return this.#enroll(connection, request, follower);
  }

  #enroll<Kind extends Member | Follower>(connection: LiveConnection, request: SubscribeRequest, member: Kind): Kind {
    this.#requests.set(member, request);
    connection.members.set(request.id, member);
    this.#census.countSubscription(connection, 1);
    return member;
  }

  #outlet(connection: LiveConnection, id: string): Outlet {
    return {
      writable: () => connection.writable,
      next: (payload, cursor) => connection.wire.next(id, payload, cursor),
      complete: () => {
        this.unsubscribe(connection, id);
        connection.wire.complete(id);
      },
      fail: (error, cursor) => {
        this.unsubscribe(connection, id);
        connection.wire.fail(id, error, cursor);
      },
      slow: () => this.#slow(connection),
    };
  }

  #slow(connection: LiveConnection): void {
    const cursors = Object.entries(connection.checkpoints());
    const sequenceOf = (cursor: string) => decodeCursor(cursor).sequence;
    const least = cursors
      .map(([, cursor]) => cursor)
      .reduce((one, other) => (sequenceOf(other) < sequenceOf(one) ? other : one));
    for (const [id, cursor] of cursors)
      connection.wire.fail(id, new StreamError('SLOW_CONSUMER', `Too slow. Resume after ${cursor}.`), cursor);
    this.#end(connection, { why: 'slow', cursor: least });
  }

  #end(connection: LiveConnection, ending: Ending): void {
    if (!connection.closed) this.#parts.metrics.ended(ending);
    connection.close(ending);
  }

  /** Lets what is open on a connection go on with the rights that its viewer has now. */
  async #readmit(connection: LiveConnection, viewer: Viewer): Promise<void> {
    connection.viewer = viewer;
    const { look } = connection;
    const current = () => connection.look === look && connection.viewer === viewer && !connection.closed;
    await Promise.all(
      [...connection.members].map(async ([id, member]) => {
        const request = this.#requests.get(member);
        if (!request || member.ended) return;
        member.leave();
        try {
          const selection = await this.#select(viewer, request.operation);
          if (current() && connection.members.get(id) === member)
            this.#admit(member, viewer, request.operation, selection);
        } catch (error) {
          if (current()) member.outlet.fail(this.#refusal(error), member.cursor);
        }
      }),
    );
  }

  #refusal(error: unknown): GatehouseError {
    if (error instanceof GatehouseError) return error;
    const traceId = newId();
    this.#parts.log.error({ err: error, requestId: traceId }, 'What a subscription selects could not be told.');
    return new GenericError(traceId);
  }

  #fieldOf(member: Member | Follower): string {
    return this.#requests.get(member)?.operation.plan.field ?? '';
  }

  *#members(): Iterable<Member | Follower> {
    for (const connection of this.#census.connections) yield* connection.members.values();
  }
}

function countBy<T>(items: Iterable<T>, key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}
