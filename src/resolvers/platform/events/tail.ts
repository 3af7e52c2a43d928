import { LRUCache } from 'lru-cache';
import type { EventLogStore, LogState, StoredEvent } from '#kernel/event.ts';
import type { Logger } from '#kernel/log.ts';
import { EventRing } from '#resolvers/platform/events/ring.ts';

export interface TailOptions {
  readonly page: number;
  /** How many reads for resumes may be under way at once. */
  readonly concurrency: number;
  readonly ringEvents: number;
  readonly ringBytes: number;
  readonly poll: number;
  readonly log: Logger;
}

export interface TailListener {
  /** Numbered events, each once, rising without a hole. Must not throw and not wait. */
  events(events: readonly StoredEvent[]): void;
  /** The log began a new life: what was known of it no longer counts. */
  renewed(state: LogState): void;
}

/**
 * The one reader of the log in a process. It reads each event once and hands it on; its ring answers most resumes, and
 * equal reads of older ranges are shared.
 */
export class Tail {
  readonly #store: EventLogStore;
  readonly #options: TailOptions;
  readonly #ring: EventRing;
  readonly #listeners = new Set<TailListener>();
  readonly #pages: LRUCache<number, Promise<StoredEvent[]>>;
  #epoch = '';
  #position = 0;
  #reading: Promise<void> | null = null;
  #again = false;
  #stopped = false;
  #lastSuccess = Date.now();
  #poll: NodeJS.Timeout | null = null;
  #unlisten: (() => Promise<void>) | null = null;
  #slots: number;
  readonly #waiting: (() => void)[] = [];
  /** Who waits until a number was handed on. */
  #awaited: { readonly sequence: number; readonly reached: () => void }[] = [];
  #fresh: { current: Promise<LogState>; next: Promise<LogState> | null } | null = null;

  constructor(store: EventLogStore, options: TailOptions) {
    this.#store = store;
    this.#options = options;
    this.#ring = new EventRing(options.ringEvents, options.ringBytes);
    this.#slots = options.concurrency;
    // Pages are kept for moments only: for the many that resume from about the same place together.
    this.#pages = new LRUCache({ max: 16, ttl: 2000 });
  }

  /** Number of the last event handed on. */
  get position(): number {
    return this.#position;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** Milliseconds since the log was last read without failure. */
  get staleness(): number {
    return Date.now() - this.#lastSuccess;
  }

  async start(): Promise<void> {
    const state = await this.#store.state();
    this.#epoch = state.epoch;
    this.#position = state.head;
    this.#unlisten = await this.#store.listen('numbered', () => this.wake());
    this.#schedulePoll();
    this.wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#poll) clearTimeout(this.#poll);
    await this.#unlisten?.();
    await this.#reading?.catch(() => undefined);
    this.#release(Number.POSITIVE_INFINITY);
  }

  add(listener: TailListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads what is new, now. Calls that come while a read is under way are covered by one more. */
  wake(): void {
    if (this.#stopped) return;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = this.#readNew()
      .then(() => {
        this.#lastSuccess = Date.now();
      })
      .catch((error) => this.#options.log.warn({ err: error }, 'The event log cannot be read now; trying again.'))
      .finally(() => {
        this.#reading = null;
        if (!this.#again) return;
        this.#again = false;
        this.wake();
      });
  }

  /** Resolves when the event with this number was handed on, or the log began anew, or the tail stopped. */
  reach(sequence: number): Promise<void> {
    if (this.#stopped || this.#position >= sequence) return Promise.resolve();
    this.wake();
    return new Promise((reached) => {
      this.#awaited.push({ sequence, reached });
    });
  }

  /** Events after a number: from the ring, else from the store, where equal reads are shared. */
  async read(after: number, limit = this.#options.page): Promise<readonly StoredEvent[]> {
    if (after >= this.#position) return [];
    return this.#ring.after(after, limit) ?? this.#readPage(after);
  }

  /** The state of the log as the store has it now. Calls that wait together share one read that began after them. */
  state(): Promise<LogState> {
    if (!this.#fresh) {
      const current = this.#store.state();
      this.#fresh = { current, next: null };
      const done = () => {
        this.#fresh = null;
      };
      current.then(done, done);
      return current;
    }
    this.#fresh.next ??= this.#fresh.current.then(
      () => this.state(),
      () => this.state(),
    );
    return this.#fresh.next;
  }

  /** Pages begin at multiples of their size, so that those who resume from near places share them. */
  async #readPage(after: number): Promise<readonly StoredEvent[]> {
    const { page } = this.#options;
    const start = after - (after % page);
    const shared = this.#pages.get(start) ?? this.#slot(() => this.#store.read(start, page));
    this.#pages.set(start, shared);
    shared.catch(() => this.#pages.delete(start));
    const events = (await shared).filter((event) => event.sequence > after && event.sequence <= this.#position);
    // A page read while it was the newest may have been short: what followed lies in the ring, or in a fresh read.
    if (events.length > 0) return events;
    this.#pages.delete(start);
    const rest = await this.#slot(() => this.#store.read(after, page));
    return rest.filter((event) => event.sequence <= this.#position);
  }

  async #slot<T>(work: () => Promise<T>): Promise<T> {
    if (this.#slots === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#slots -= 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#slots += 1;
    }
  }

  async #readNew(): Promise<void> {
    for (;;) {
      const events = await this.#store.read(this.#position, this.#options.page);
      if (this.#stopped || events.length === 0) return;
      const epoch = events[0]?.epoch ?? this.#epoch;
      if (epoch !== this.#epoch) {
        await this.#checkEpoch();
        continue;
      }
      for (const event of events) this.#ring.push(event);
      this.#position = events.at(-1)?.sequence ?? this.#position;
      for (const listener of this.#listeners) listener.events(events);
      this.#release(this.#position);
      if (events.length < this.#options.page) return;
    }
  }

  async #checkEpoch(): Promise<void> {
    // Reading goes on meanwhile: only what was known before the question can be told by the answer.
    const { epoch, position } = this;
    const state = await this.#store.state();
    if (state.epoch === epoch && state.head >= position) return;
    this.#epoch = state.epoch;
    this.#position = state.head;
    this.#ring.clear();
    this.#pages.clear();
    for (const listener of this.#listeners) listener.renewed(state);
    this.#release(Number.POSITIVE_INFINITY);
  }

  #release(upTo: number): void {
    const waiting = this.#awaited;
    if (waiting.length === 0) return;
    this.#awaited = waiting.filter(({ sequence }) => sequence > upTo);
    for (const { sequence, reached } of waiting) if (sequence <= upTo) reached();
  }

  #schedulePoll(): void {
    this.#poll = setTimeout(async () => {
      await this.#checkEpoch().catch(() => undefined);
      this.wake();
      if (!this.#stopped) this.#schedulePoll();
    }, this.#options.poll);
    this.#poll.unref();
  }
}
