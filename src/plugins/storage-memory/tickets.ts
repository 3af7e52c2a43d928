import type { Clock, Timer } from '#kernel/clock.ts';
import type { Ticket, TicketQueue } from '#kernel/tickets.ts';
import { openUnits } from '#kernel/unit.ts';
import { batchSize, earliest, refuseInsideUnit, retryAfter } from '#plugins/ticket-list.ts';

interface Consumer {
  readonly fn: (keys: readonly string[]) => Promise<void>;
  /** What it is consuming at present. */
  handling: Promise<void> | null;
}

interface Topic {
  /** When each waiting key is due. */
  readonly waiting: Map<string, number>;
  readonly consumers: Set<Consumer>;
  timer: Timer | null;
}

/** Tickets in memory, until the process ends. Time is the clock's. */
export class MemoryTickets implements TicketQueue {
  readonly #clock: Clock;
  readonly #failed: (error: unknown, topic: string) => void;
  readonly #topics = new Map<string, Topic>();

  /** @param failed told what a consumer threw. */
  constructor(clock: Clock, failed: (error: unknown, topic: string) => void) {
    this.#clock = clock;
    this.#failed = failed;
  }

  async put(name: string, tickets: readonly Ticket[]): Promise<void> {
    refuseInsideUnit();
    const topic = this.#topic(name);
    for (const { key, runAt } of earliest(tickets))
      topic.waiting.set(key, Math.min(runAt, topic.waiting.get(key) ?? runAt));
    this.#look(name);
  }

  async cancel(name: string, keys: readonly string[]): Promise<void> {
    refuseInsideUnit();
    for (const key of keys) this.#topic(name).waiting.delete(key);
  }

  async consume(name: string, fn: Consumer['fn']): Promise<() => Promise<void>> {
    const topic = this.#topic(name);
    const consumer: Consumer = { fn, handling: null };
    topic.consumers.add(consumer);
    this.#look(name);
    return async () => {
      topic.consumers.delete(consumer);
      await consumer.handling;
    };
  }

  #topic(name: string): Topic {
    const topic = this.#topics.get(name) ?? { waiting: new Map(), consumers: new Set(), timer: null };
    this.#topics.set(name, topic);
    return topic;
  }

  /** Hands on what is due, and comes back when the next one is. */
  #look(name: string): void {
    const topic = this.#topic(name);
    topic.timer?.cancel();
    topic.timer = null;
    if (topic.consumers.size === 0 || topic.waiting.size === 0) return;
    const now = this.#clock.now();
    const due = [...topic.waiting].filter(([, runAt]) => runAt <= now).map(([key]) => key);
    for (const consumer of topic.consumers) {
      if (due.length === 0) break;
      if (consumer.handling) continue;
      const keys = due.splice(0, batchSize);
      for (const key of keys) topic.waiting.delete(key);
      consumer.handling = this.#hand(name, consumer, keys);
    }
    // Tickets left over wait for a consumer to be free, who looks again.
    const next = Math.min(...[...topic.waiting.values()].filter((runAt) => runAt > now));
    if (next < Number.POSITIVE_INFINITY) topic.timer = this.#clock.after(next - now, () => this.#look(name));
  }

  async #hand(name: string, consumer: Consumer, keys: readonly string[]): Promise<void> {
    try {
      await openUnits.run(null, () => consumer.fn(keys));
    } catch (error) {
      this.#failed(error, name);
      const runAt = this.#clock.now() + retryAfter;
      const { waiting } = this.#topic(name);
      for (const key of keys) waiting.set(key, Math.min(runAt, waiting.get(key) ?? runAt));
    } finally {
      consumer.handling = null;
      this.#look(name);
    }
  }
}
