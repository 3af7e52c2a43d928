import { catalogue } from '#kernel/catalogue.ts';
import type { Clock } from '#kernel/clock.ts';
import type { Context } from '#kernel/context.ts';
import { eventLog, matchesName, type StoredEvent } from '#kernel/event.ts';
import { type Listener, listenerStore } from '#kernel/listener.ts';
import type { Logger } from '#kernel/log.ts';
import type { Tail } from '#resolvers/platform/events/tail.ts';

export interface ListeningParts {
  readonly listener: Listener;
  readonly tail: Tail;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds after which a place that another process had is looked at again. */
  readonly poll: number;
  context(): Context;
}

/** Events read at once. */
const page = 500;
/** How far a place may stay behind events that do not concern its listener: after a restart those are read again. */
const tolerance = 5000;
const longestPause = 60_000;

/**
 * Hands the events of the log to one listener, in this process. Every process does so; the storage gives the place in
 * the log to one at a time.
 */
export class Listening {
  readonly #parts: ListeningParts;
  readonly #patterns: readonly string[];
  readonly #isWanting: (event: StoredEvent) => boolean;
  /** Number of the last event when this process began: where a new listener begins. */
  readonly #start: number;
  /** The place as this process knows it; another may have moved it on. */
  #place: number;
  #isWanted = true;
  #failures = 0;
  #wake: () => void = () => undefined;

  constructor(parts: ListeningParts) {
    this.#parts = parts;
    const { events, interest } = parts.listener;
    this.#patterns = typeof events === 'function' ? events(parts.context().use(catalogue)) : events;
    this.#isWanting = interest?.(parts.context()) ?? (() => true);
    this.#start = parts.tail.position;
    this.#place = this.#start;
  }

  /** Goes on until the signal is aborted and what was under way has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const leave = this.#parts.tail.add({ events: (events) => this.#look(events), renewed: () => this.#want() });
    try {
      while (!signal.aborted) {
        if (!this.#isWanted) await this.#wanted(signal);
        else await this.#catchUp(signal);
      }
    } finally {
      leave();
    }
  }

  #look(events: readonly StoredEvent[]): void {
    const last = events.at(-1)?.sequence ?? 0;
    // All are asked, in their order: the answer to one may be learned from another.
    const concerning = events.filter(this.#concerns);
    if (last - this.#place > tolerance || concerning.length > 0) this.#want();
  }

  #want(): void {
    this.#isWanted = true;
    this.#wake();
  }

  #concerns = (event: StoredEvent): boolean =>
    this.#patterns.some((pattern) => matchesName(pattern, event.name)) && this.#isWanting(event);

  /** Reads to the end of the log. What failed is tried again after a pause that new events do not shorten. */
  async #catchUp(signal: AbortSignal): Promise<void> {
    const { listener, log, poll } = this.#parts;
    this.#isWanted = false;
    try {
      for (let step: Step = 'more'; step === 'more' && !signal.aborted; ) {
        step = await this.#step();
        this.#failures = 0;
        if (step === 'taken') await this.#again(poll, signal);
      }
    } catch (error) {
      this.#failures += 1;
      log.error({ err: error, listener: listener.name }, 'A listener failed; its events come again.');
      await this.#again(Math.min(1000 * 2 ** (this.#failures - 1), longestPause), signal);
    }
  }

  #step(): Promise<Step> {
    const { listener } = this.#parts;
    return this.#parts.context().atomically(async (ctx) => {
      const places = ctx.use(listenerStore);
      const place = await places.take(listener.name, this.#start);
      if (place === null) return 'taken';
      const events = await ctx.use(eventLog).read(place, page);
      this.#place = events.at(-1)?.sequence ?? place;
      if (events.length === 0) return 'done';
      const concerning = events.filter(this.#concerns);
      // After a failure the events come one by one, so that those before the one at fault are done with.
      const handed = this.#failures > 0 ? concerning.slice(0, 1) : concerning;
      if (handed.length > 0) await listener.handle(ctx, handed);
      const isCut = handed.length < concerning.length;
      await places.move(listener.name, isCut ? (handed.at(-1)?.sequence ?? place) : this.#place);
      return isCut || events.length === page ? 'more' : 'done';
    });
  }

  #again(delay: number, signal: AbortSignal): Promise<void> {
    this.#isWanted = true;
    return until(signal, (resolve) => {
      const timer = this.#parts.clock.after(delay, resolve);
      return () => timer.cancel();
    });
  }

  #wanted(signal: AbortSignal): Promise<void> {
    return until(signal, (resolve) => {
      this.#wake = resolve;
      return () => {
        this.#wake = () => undefined;
      };
    });
  }
}

/** Resolves when `begin` says so, or when the signal is aborted. */
function until(signal: AbortSignal, begin: (resolve: () => void) => () => void): Promise<void> {
  return new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    const end = begin(done);
    signal.addEventListener('abort', done, { once: true });
    function done() {
      signal.removeEventListener('abort', done);
      end();
      resolve();
    }
  });
}

/** `taken`: another process has the place, and may die before it is done. */
type Step = 'more' | 'done' | 'taken';
