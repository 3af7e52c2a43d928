import DataLoader from 'dataloader';
import { toAppended } from '#kernel/append.ts';
import { joinWork, type OpenWork, runWork } from '#kernel/atomically.ts';
import type { Clock } from '#kernel/clock.ts';
import type { AppendedEvent, EventAppender } from '#kernel/event.ts';
import { newId } from '#kernel/id.ts';
import type { Logger } from '#kernel/log.ts';
import type { ManyPort, Port } from '#kernel/port.ts';
import type { UnitOfWork } from '#kernel/unit.ts';
import type { Viewer } from '#kernel/viewer.ts';

/** Where a call came from. */
export interface RequestFacts {
  /** Also the trace id of a masked error. */
  readonly id: string;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly traceparent: string | null;
  /** Whether the client speaks TLS, to this process or to a trusted proxy before it. */
  readonly secure: boolean;
}

/** What the answer carries beside its body. Doors without headers (sockets, commands) leave it aside. */
export interface ResponseFacts {
  readonly headers: Headers;
}

/** The open socket that a request came over. */
export interface SocketHandle {
  /**
   * Swaps the credential without touching what is open.
   * @throws AuthenticationError when the new one is not good, ForbiddenError when it is of another account.
   */
  renew(credential: string): Promise<Viewer>;
}

/** The ports that plugins provide, bound to a unit of work where their provider takes part in one. */
export interface Ports {
  use<T extends object>(port: Port<T>, unit: UnitOfWork | null): T;
  find<T extends object>(port: Port<T>, unit: UnitOfWork | null): T | null;
  all<T extends object>(port: ManyPort<T>): readonly T[];
}

/** What every behaviour function is given first: who asks, and everything it may ask for. */
export interface Context {
  readonly viewer: Viewer;
  readonly request: RequestFacts;
  readonly response: ResponseFacts;
  /** Null for requests that came another way. */
  readonly connection: SocketHandle | null;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly clock: Clock;
  /** @throws Error naming the port when nothing provides it. */
  use<T extends object>(port: Port<T>): T;
  /** Null when nothing provides it: for what a domain can do without. */
  find<T extends object>(port: Port<T>): T | null;
  all<T extends object>(port: ManyPort<T>): readonly T[];
  readonly events: EventAppender;
  /**
   * One transaction over every port used through the inner context: all of it, with its events, or nothing. Inside an
   * open one the work joins it. Never catch a failure of the inner work and go on: the whole is given up. Work that
   * throws an OutdatedError is done again from its beginning: it leaves nothing behind outside its ports.
   */
  atomically<T>(work: (ctx: Context) => Promise<T>, options?: { readonly timeout?: number }): Promise<T>;
  /**
   * Loads one of many in one call: keys asked for in the same turn reach `batch` together, once each. What was loaded
   * is kept for this request, or this event of a stream, and forgotten after a write.
   * @param variant tells apart calls of the same batch with other arguments; the batch is given it.
   */
  load<Key extends string, Value>(batch: Batch<Key, Value>, key: Key, variant?: string): Promise<Value>;
  /** The same call on behalf of another viewer. */
  as(viewer: Viewer): Context;
}

/** Gives the values for keys, in their order. */
export type Batch<Key, Value> = (ctx: Context, keys: readonly Key[], variant: string) => Promise<readonly Value[]>;

/** What contexts are made from: one per gateway. */
export interface ContextSource {
  readonly ports: Ports;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds a transaction may take when its caller says nothing. */
  readonly transactionTimeout: number;
  /** The most bytes of an event row. */
  readonly maxEventBytes: number;
  /** Called with the events of a unit of work right after its commit. */
  readonly committed: (events: readonly AppendedEvent[]) => void;
}

export interface ContextFacts {
  readonly viewer: Viewer;
  readonly request?: Partial<RequestFacts>;
  readonly response?: ResponseFacts;
  readonly connection?: SocketHandle;
  readonly signal?: AbortSignal;
}

type Loaders = Map<unknown, Map<string, DataLoader<string, unknown>>>;

/** A context begins a request, an event of a stream, or a piece of the gateway's own work. */
export function createContext(source: ContextSource, facts: ContextFacts): Context {
  const request: RequestFacts = {
    id: facts.request?.id ?? newId(),
    address: facts.request?.address ?? null,
    userAgent: facts.request?.userAgent ?? null,
    traceparent: facts.request?.traceparent ?? null,
    secure: facts.request?.secure ?? false,
  };
  return bindContext(source, {
    viewer: facts.viewer,
    request,
    response: facts.response ?? { headers: new Headers() },
    connection: facts.connection ?? null,
    signal: facts.signal ?? neverAborted,
    log: once(() => source.log.child({ requestId: request.id })),
    loaders: new Map(),
    open: null,
  });
}

const neverAborted = new AbortController().signal;

function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

interface ContextState {
  readonly viewer: Viewer;
  readonly request: RequestFacts;
  readonly response: ResponseFacts;
  readonly connection: SocketHandle | null;
  readonly signal: AbortSignal;
  /** Made when it is first asked for: most requests write nothing. */
  readonly log: () => Logger;
  readonly loaders: Loaders;
  /** Null outside of `atomically`. */
  readonly open: OpenWork | null;
}

function bindContext(source: ContextSource, state: ContextState): Context {
  const { viewer, request, response, connection, signal, log, open } = state;
  const unit = open?.unit ?? null;
  const ctx: Context = {
    viewer,
    request,
    response,
    connection,
    signal,
    get log() {
      return log();
    },
    clock: source.clock,
    use: (port) => source.ports.use(port, unit),
    find: (port) => source.ports.find(port, unit),
    all: (port) => source.ports.all(port),
    events: {
      append(definition, data, options) {
        if (!open) throw new Error(`${definition.name} was appended outside ctx.atomically.`);
        const occurredAt = microseconds(source.clock.now());
        const origin = { viewer, request, occurredAt, tx: open.unit.id, maxBytes: source.maxEventBytes };
        open.events.push(toAppended(origin, definition, data, options));
      },
    },
    async atomically(work, options) {
      if (open) return joinWork(open, ctx, work);
      const bind = (begun: OpenWork) => bindContext(source, { ...state, open: begun, loaders: new Map() });
      const value = await runWork(source, bind, work, options?.timeout);
      state.loaders.clear();
      return value;
    },
    load<Key extends string, Value>(batch: Batch<Key, Value>, key: Key, variant = '') {
      const variants = state.loaders.get(batch) ?? new Map<string, DataLoader<string, unknown>>();
      state.loaders.set(batch, variants);
      const loader =
        variants.get(variant) ?? new DataLoader<string, unknown>((keys) => batch(ctx, keys as readonly Key[], variant));
      variants.set(variant, loader);
      return loader.load(key) as Promise<Value>;
    },
    as: (other) => bindContext(source, { ...state, viewer: other, loaders: new Map() }),
  };
  return ctx;
}

/** An instant as ISO 8601 with microseconds. */
export const microseconds = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, -1)}000Z`;
