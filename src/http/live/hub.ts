import { Census } from '#http/live/census.ts';
import { type Ending, LiveConnection, type Wire } from '#http/live/connection.ts';
import { Dispatcher, type DispatcherParts } from '#http/live/dispatcher.ts';
import { RightsWatch } from '#http/live/rights.ts';
import { type SubscribeRequest, type SubscriptionParts, Subscriptions } from '#http/live/subscriptions.ts';
import { StreamError } from '#kernel/errors.ts';
import type { Authenticator, Viewer } from '#kernel/viewer.ts';

export interface HubParts extends DispatcherParts, SubscriptionParts {
  readonly authenticator: Authenticator;
}

/**
 * Live delivery of one process: the connections of every transport, and what is open on them.
 *
 * The way of an event: the tail reads it, the dispatcher offers it to the cohorts that it may concern, a cohort renders
 * it once into its ring, and each member takes the frame from there to the wire of its connection.
 */
export class Hub {
  readonly #parts: HubParts;
  readonly #census: Census;
  readonly #subscriptions: Subscriptions;
  readonly #rights: RightsWatch;
  readonly #watch: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  readonly #unhear: () => void;
  #draining = false;

  constructor(parts: HubParts) {
    const { tail, present, authenticator, log, config } = parts;
    const census = new Census(config.max);
    const dispatcher = new Dispatcher(parts);
    const end = (connection: LiveConnection, ending: Ending) => this.end(connection, ending);
    const subscriptions = new Subscriptions(parts, { census, dispatcher, end });
    const rights = new RightsWatch(authenticator, log, {
      readmit: (connection, viewer) => subscriptions.readmit(connection, viewer),
      end: (connection, reason) => end(connection, { why: 'ended', reason }),
    });
    this.#unsubscribe = tail.add({
      // First who may see it, then it: nothing numbered after a loss of rights goes out under the old ones.
      events: (events) => dispatcher.dispatch(events, (event) => rights.heed(event, census.connections)),
      renewed(state) {
        for (const connection of census.connections) subscriptions.restart(connection, state);
      },
    });
    this.#unhear = present.listen((told) => dispatcher.tell(told));
    parts.metrics.show({
      connections: () => census.connections,
      cohorts: () => dispatcher.size,
    });
    this.#parts = parts;
    this.#census = census;
    this.#subscriptions = subscriptions;
    this.#rights = rights;
    this.#watch = setInterval(() => this.#checkTail(), 1000);
    this.#watch.unref();
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

  /** The client is gone. */
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
  subscribe(connection: LiveConnection, request: SubscribeRequest): Promise<void> {
    return this.#subscriptions.open(connection, request);
  }

  /** Nothing happens when it is not open any more. */
  unsubscribe(connection: LiveConnection, id: string): void {
    this.#subscriptions.close(connection, id);
  }

  /** The viewer of a connection renewed its credential: what is open goes on under it. */
  async renew(connection: LiveConnection, viewer: Viewer): Promise<void> {
    await this.#subscriptions.readmit(connection, viewer);
    this.#rights.watch(connection);
  }

  /** No new connections; the open ones are told to come back, each at its own moment. */
  drain(): void {
    this.#draining = true;
    for (const connection of this.#census.connections) {
      const retry = Math.round(Math.random() * this.#parts.config.drainSpread);
      this.end(connection, { why: 'drain', retry });
    }
  }

  close(): void {
    this.drain();
    clearInterval(this.#watch);
    this.#unsubscribe();
    this.#unhear();
  }

  #checkTail(): void {
    if (this.#parts.tail.staleness < this.#parts.config.staleAfter) return;
    for (const connection of this.#census.connections) this.end(connection, { why: 'unreachable' });
  }

  /** Ends a connection for a reason of the gateway's own. */
  end(connection: LiveConnection, ending: Ending): void {
    if (!connection.closed) this.#parts.metrics.ended(ending);
    connection.close(ending);
  }
}
