import type { Catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import type { StoredEvent } from '#kernel/event.ts';
import { definePort } from '#kernel/port.ts';

/** Work that follows events, declared by a plugin: it misses none, however long no process ran. */
export interface Listener {
  /** `<domain>.<what it does>`. Its place in the log is kept under this name: under a new one it begins anew. */
  readonly name: string;
  /** Full names, prefixes with `.*`, or `*`; or what gives them when it is known what the plugins declare. */
  readonly events: readonly string[] | ((declared: Catalogue) => readonly string[]);
  /**
   * For one that learns what it can leave out: asked once a process for what tells whether an event concerns it. That is
   * asked of every event that its patterns mean, in the order of the log, perhaps more than once.
   */
  readonly interest?: (ctx: Context) => (event: StoredEvent) => boolean;
  /**
   * Called with events in the order of their numbers, over all processes by one at a time, in a transaction that also
   * moves the listener's place. So what it writes through the context is kept exactly once for each event; what it does
   * elsewhere may be done again. When it throws, nothing is kept and the events come again, later and one by one: an
   * event that fails for ever holds up this listener, and no other.
   */
  handle(ctx: Context, events: readonly StoredEvent[]): Promise<void>;
}

/** What the platform asks of the storage of the places of listeners. Used inside a unit of work only. */
export interface ListenerStore {
  /**
   * Number of the last event that the listener is done with; `start` for one that was not known. The unit has the place
   * for itself until it ends; null, without waiting, while another unit has it.
   */
  take(name: string, start: number): Promise<number | null>;
  /** Moves the place that this unit took. */
  move(name: string, sequence: number): Promise<void>;
}

export const listenerStore = definePort<ListenerStore>('platform.listeners');
