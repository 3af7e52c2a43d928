import { execute, type GraphQLError, type GraphQLSchema } from 'graphql';
import { Cohort, type CohortHost } from '#http/live/cohort.ts';
import type { LiveConfig } from '#http/live/config.ts';
import { type Ending, LiveConnection, type Wire } from '#http/live/connection.ts';
import { type Frame, makeFrame } from '#http/live/frame.ts';
import { CohortIndex } from '#http/live/index-of-cohorts.ts';
import { Member, type Outlet } from '#http/live/member.ts';
import type { LiveMetrics } from '#http/live/metrics.ts';
import type { LiveOperation } from '#http/live/operation.ts';
import { RightsWatch } from '#http/live/rights.ts';
import { couldSeeEvent } from '#kernel/access.ts';
import type { Catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ForbiddenError, GatehouseError, StreamError } from '#kernel/errors.ts';
import {
  decodeCursor,
  type EventCursor,
  encodeCursor,
  type LogState,
  matchesName,
  type StoredEvent,
} from '#kernel/event.ts';
import { type FeedItem, type FeedSelection, type Gap, type GapReason, isEvent } from '#kernel/feed.ts';
import type { Logger } from '#kernel/log.ts';
import type { Authenticator, Viewer } from '#kernel/viewer.ts';
import type { Tail } from '#resolvers/platform/events/tail.ts';

export interface HubParts {
  readonly schema: GraphQLSchema;
  readonly catalogue: Catalogue;
  readonly tail: Tail;
  /** Numbers what was committed before now. */
  flush(): Promise<void>;
  readonly authenticator: Authenticator;
  readonly config: LiveConfig;
  readonly log: Logger;
  readonly metrics: LiveMetrics;
  context(viewer: Viewer, signal: AbortSignal): Context;
  /** What of an execution's errors may be shown; the rest goes to the log. */
  showErrors(errors: readonly GraphQLError[], ctx: Context): readonly GraphQLError[];
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
  readonly #index = new CohortIndex();
  readonly #connections = new Set<LiveConnection>();
  readonly #rights: RightsWatch;
  readonly #accounts = new Map<string, { connections: number; subscriptions: number }>();
  readonly #unsubscribe: () => void;
  readonly #watch: NodeJS.Timeout;
  readonly #requests = new WeakMap<Member, SubscribeRequest>();
  #draining = false;
  /** While events are taken one by one: the number of the last one. */
  #taken: number | null = null;

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.#rights = new RightsWatch(parts.authenticator, parts.log, {
      readmit: (connection, viewer) => this.#readmit(connection, viewer),
      end: (connection, reason) => this.#end(connection, { why: 'ended', reason }),
    });
    this.#unsubscribe = parts.tail.add({
      events: (events) => this.#take(events),
      renewed: (state) => this.#renewed(state),
    });
    parts.metrics.show(this);
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

  get draining(): boolean {
    return this.#draining;
  }

  connections(): ReadonlyMap<string, number> {
    return countBy(this.#connections, (connection) => connection.wire.transport);
  }

  subscriptions(): ReadonlyMap<string, number> {
    const members = [...this.#connections].flatMap((connection) => [...connection.members.values()]);
    return countBy(members, (member) => this.#requests.get(member)?.operation.plan.field ?? '');
  }

  get cohorts(): number {
    return this.#cohorts.size;
  }

  definition(name: string) {
    return this.#parts.catalogue.events.get(name);
  }

  read(after: number): Promise<readonly StoredEvent[]> {
    return this.#parts.tail.read(after);
  }

  retire(cohort: Cohort): void {
    if (this.#cohorts.get(cohort.key) !== cohort) return;
    this.#cohorts.delete(cohort.key);
    this.#index.remove(cohort);
  }

  arrived(event: StoredEvent): void {
    this.#parts.metrics.rendered((Date.now() - Date.parse(event.occurredAt)) / 1000);
  }

  /** @throws StreamError when the process, the account or the address has too many. */
  connect(viewer: Viewer, address: string | null, wire: Wire): LiveConnection {
    const { max, socket } = this.#parts.config;
    const owner = ownerOf(viewer, address);
    const counts = this.#accounts.get(owner) ?? { connections: 0, subscriptions: 0 };
    const most = viewer.kind === 'ANONYMOUS' ? max.perAddress : max.perAccount;
    if (this.#draining) throw new StreamError('LIMIT_EXCEEDED', 'The gateway is stopping. Come back in a moment.');
    if (this.#connections.size >= max.connections)
      throw new StreamError(
        'LIMIT_EXCEEDED',
        `This gateway has ${max.connections} connections (live.max.connections).`,
      );
    if (counts.connections >= most)
      throw new StreamError('LIMIT_EXCEEDED', `You have ${most} connections open (live.max.perAccount, perAddress).`);
    counts.connections += 1;
    this.#accounts.set(owner, counts);
    const connection = new LiveConnection(viewer, address, wire, socket.bytes);
    this.#connections.add(connection);
    this.#rights.watch(connection);
    return connection;
  }

  disconnect(connection: LiveConnection): void {
    if (!this.#connections.delete(connection)) return;
    for (const id of [...connection.members.keys()]) this.unsubscribe(connection, id);
    connection.gone();
    this.#rights.forget(connection);
    const owner = ownerOf(connection.viewer, connection.address);
    const counts = this.#accounts.get(owner);
    if (counts) counts.connections -= 1;
    if (counts && counts.connections <= 0) this.#accounts.delete(owner);
  }

  /**
   * Opens a subscription on a connection: what it delivers goes to the connection's wire.
   * @throws GatehouseError when it may not, or asks for what is not there.
   */
  async subscribe(connection: LiveConnection, request: SubscribeRequest): Promise<void> {
    const { operation } = request;
    const { config, metrics } = this.#parts;
    this.#checkLimits(connection);
    const policy = operation.overflow ?? config.queue.policy;
    if (!operation.plan.policies.includes(policy))
      throw new StreamError('LIMIT_EXCEEDED', `${operation.plan.field} does not offer overflow ${policy}.`);
    const argument = operation.after === null ? null : decodeCursor(operation.after);
    const transport = request.resume === null ? null : decodeCursor(request.resume);
    const { viewer } = connection;
    const selection = await this.#select(viewer, operation);
    await this.#parts.flush();
    const state = await this.#parts.tail.state();
    this.#checkLimits(connection);
    if (connection.closed) return;
    const start = this.#start(state, later(argument, transport), operation.hello);
    const outlet = this.#outlet(connection, request.id);
    const member = new Member(outlet, start.position, start.first, {
      policy,
      maxItems: config.queue.items,
      maxBytes: config.queue.bytes,
      at: (sequence) => ({ epoch: this.#parts.tail.epoch, sequence }),
      counts: {
        dropped: metrics.dropped,
        delivered: metrics.delivered,
      },
    });
    this.#requests.set(member, request);
    connection.members.set(request.id, member);
    this.#count(connection, 1);
    const source = request.resume !== null ? 'transport' : operation.after !== null ? 'argument' : null;
    if (source) metrics.resumed(source);
    // While the rights are looked at anew, whoever looks lets it in.
    if (connection.looking) return;
    if (connection.viewer === viewer) member.enter(this.#cohort(viewer, operation, selection));
    else await this.#readmit(connection, connection.viewer);
  }

  unsubscribe(connection: LiveConnection, id: string): void {
    const member = connection.members.get(id);
    if (!member) return;
    connection.members.delete(id);
    member.end();
    this.#count(connection, -1);
  }

  /** The viewer of a connection renewed its credential: what is open goes on under it. */
  async renew(connection: LiveConnection, viewer: Viewer): Promise<void> {
    await this.#readmit(connection, viewer);
    this.#rights.watch(connection);
  }

  async render(viewer: Viewer, operation: LiveOperation, item: FeedItem): Promise<Frame> {
    const at = isEvent(item) ? { epoch: item.epoch, sequence: item.sequence } : item.at;
    const position = {
      sequence: at.sequence,
      cursor: encodeCursor(at),
      subject: isEvent(item) ? (item.subject ?? item.id) : item.item,
    };
    if (!isEvent(item) && item.item === 'Gap') this.#parts.metrics.gap(item.reason);
    this.#parts.metrics.executed();
    return makeFrame(position, await this.#execute(viewer, operation, item));
  }

  /** No new connections; the open ones are told to come back, each at its own moment. */
  drain(): void {
    this.#draining = true;
    for (const connection of this.#connections) {
      const retry = Math.round(Math.random() * this.#parts.config.drainSpread);
      this.#end(connection, { why: 'drain', retry });
    }
  }

  close(): void {
    this.#draining = true;
    clearInterval(this.#watch);
    this.#unsubscribe();
    for (const connection of this.#connections) this.#end(connection, { why: 'drain', retry: 1000 });
  }

  #take(events: readonly StoredEvent[]): void {
    this.#taken = (events[0]?.sequence ?? 1) - 1;
    for (const event of events) {
      // First who may see it, then it: nothing numbered after a loss of rights goes out under the old ones.
      const affected = this.#parts.authenticator.affects(event);
      if (affected) this.#rights.affected(affected, this.#connections);
      for (const cohort of this.#index.candidates(event)) cohort.offer(event);
      this.#taken = event.sequence;
    }
    this.#taken = null;
  }

  #renewed(state: LogState): void {
    for (const connection of this.#connections) {
      for (const member of connection.members.values()) {
        const request = this.#requests.get(member);
        if (!request) continue;
        member.leave();
        member.restart(state.head, gap(state, 0, state.head, 'EPOCH'));
      }
      void this.#readmit(connection, connection.viewer);
    }
  }

  #checkTail(): void {
    if (this.#parts.tail.staleness < this.#parts.config.staleAfter) return;
    for (const connection of this.#connections) this.#end(connection, { why: 'unreachable' });
  }

  #checkLimits(connection: LiveConnection): void {
    const { max } = this.#parts.config;
    const counts = this.#accounts.get(ownerOf(connection.viewer, connection.address));
    if (connection.members.size >= max.operations)
      throw new StreamError(
        'LIMIT_EXCEEDED',
        `This connection has ${max.operations} operations (live.max.operations).`,
      );
    if ((counts?.subscriptions ?? 0) >= max.subscriptions)
      throw new StreamError('LIMIT_EXCEEDED', `You have ${max.subscriptions} subscriptions (live.max.subscriptions).`);
  }

  #count(connection: LiveConnection, change: number): void {
    const counts = this.#accounts.get(ownerOf(connection.viewer, connection.address));
    if (counts) counts.subscriptions += change;
  }

  /** What the viewer gets of an operation. @throws when that could never be anything. */
  async #select(viewer: Viewer, operation: LiveOperation): Promise<FeedSelection> {
    const ctx = this.#parts.context(viewer, AbortSignal.timeout(this.#parts.config.executeTimeout));
    const selection = await operation.plan.select(ctx, operation.args);
    const kinds = operation.plan.events ?? [...this.#parts.catalogue.events.values()];
    const possible = kinds.filter((kind) => selection.names.some((pattern) => matchesName(pattern, kind.name)));
    if (possible.length > 0 && !possible.some((kind) => couldSeeEvent(viewer, kind))) {
      const needs = [...new Set(possible.map((kind) => kind.seenWith))].join(' or ');
      if (viewer.kind === 'ANONYMOUS') throw new AuthenticationError(`Sign in: this needs ${needs}.`);
      throw new ForbiddenError(`Needs ${needs}.`);
    }
    const owned = possible.some((kind) => kind.seenByOwner);
    return owned ? { ...selection, personal: true } : selection;
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

  #start(state: LogState, cursor: EventCursor | null, hello: boolean): { position: number; first: FeedItem[] } {
    const { head, epoch } = state;
    const missing = cursor && missingSince(state, cursor, this.#parts.config.replay.maxEvents);
    const position = missing?.to ?? cursor?.sequence ?? head;
    const first: FeedItem[] = [];
    if (hello) {
      const at = cursor && !missing ? cursor : { epoch, sequence: position };
      first.push({ item: 'Subscribed', at, head });
    }
    if (missing) first.push(gap(state, cursor?.sequence ?? 0, missing.to, missing.reason));
    return { position, first };
  }

  #outlet(connection: LiveConnection, id: string): Outlet {
    return {
      writable: () => connection.writable,
      next: (payload, cursor) => connection.wire.next(id, payload, cursor),
      fail: (error, cursor) => {
        this.unsubscribe(connection, id);
        connection.wire.fail(id, error, cursor);
      },
      slow: () => this.#slow(connection),
    };
  }

  #slow(connection: LiveConnection): void {
    const cursors = Object.entries(connection.checkpoints());
    const smallest = cursors
      .map(([, cursor]) => cursor)
      .reduce((least, cursor) => (decodeCursor(cursor).sequence < decodeCursor(least).sequence ? cursor : least));
    for (const [id, cursor] of cursors)
      connection.wire.fail(id, new StreamError('SLOW_CONSUMER', `Too slow. Resume after ${cursor}.`), cursor);
    this.#end(connection, { why: 'slow', cursor: smallest });
  }

  #end(connection: LiveConnection, ending: Ending): void {
    this.#parts.metrics.ended(ending);
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
            member.enter(this.#cohort(viewer, request.operation, selection));
        } catch (error) {
          if (current()) member.outlet.fail(asGatehouseError(error, this.#parts.log), member.cursor);
        }
      }),
    );
  }

  /** The result of the document for one item. Never rejects: what goes wrong is in the result. */
  async #execute(viewer: Viewer, operation: LiveOperation, item: FeedItem): Promise<object> {
    const { config, schema, log } = this.#parts;
    const over = new AbortController();
    const ctx = this.#parts.context(viewer, over.signal);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<'timeout'>((resolve) => {
      timer = setTimeout(() => resolve('timeout'), config.executeTimeout);
    });
    try {
      const execution = execute({
        schema,
        document: operation.document,
        rootValue: item,
        contextValue: ctx,
        variableValues: operation.variables,
        operationName: operation.operationName,
      });
      const result = await Promise.race([execution, timeout]);
      if (result === 'timeout')
        return { data: null, errors: [plainError(new StreamError('TIMEOUT', 'This event took too long to render.'))] };
      if (!result.errors) return { data: result.data };
      return { errors: this.#parts.showErrors(result.errors, ctx), data: result.data ?? null };
    } catch (error) {
      return { data: null, errors: [plainError(asGatehouseError(error, log))] };
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  }
}

function countBy<T>(items: Iterable<T>, key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}

const ownerOf = (viewer: Viewer, address: string | null): string =>
  viewer.id ?? (viewer.kind === 'SYSTEM' ? 'system' : `address ${address}`);

const plainError = (error: GatehouseError) => ({ message: error.message, extensions: error.extensions });

function asGatehouseError(error: unknown, log: Logger): GatehouseError {
  if (error instanceof GatehouseError) return error;
  log.error({ err: error }, 'A subscription failed unexpectedly.');
  return new StreamError('TIMEOUT', 'The subscription could not be judged anew. Subscribe again.');
}

/** Of two cursors of one log the later counts; of different logs the transport's. */
function later(argument: EventCursor | null, transport: EventCursor | null): EventCursor | null {
  if (!argument || !transport) return transport ?? argument;
  if (argument.epoch !== transport.epoch) return transport;
  return argument.sequence > transport.sequence ? argument : transport;
}

function missingSince(
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

const gap = (state: LogState, from: number, to: number, reason: GapReason): Gap => ({
  item: 'Gap',
  at: { epoch: state.epoch, sequence: to },
  from,
  to,
  reason,
});
