import { definePort } from '#kernel/port.ts';

/**
 * Words. *Ticket*: a wake-up for something that is due. It may be lost or doubled without harm, because who receives it
 * looks at the thing itself; the truth is never in the queue.
 */
export interface Ticket {
  /** What it is about, such as the id of a job. Of a key one ticket waits at a time. */
  readonly key: string;
  /** Milliseconds since the epoch; what lies in the past is due at once. */
  readonly runAt: number;
}

/** Carries tickets over time and between processes. */
export interface TicketQueue {
  /**
   * Puts tickets, never inside `ctx.atomically`: they are put after a commit. Where one of the key waits already, the
   * earlier time of both counts.
   */
  put(topic: string, tickets: readonly Ticket[]): Promise<void>;
  /** Takes waiting tickets away. One that is being consumed is no longer waiting. */
  cancel(topic: string, keys: readonly string[]): Promise<void>;
  /**
   * Hands on tickets that are due, each at least once and never early, also those that were put before this process
   * began. Of several consumers of a topic one gets a ticket. What `fn` throws is logged, and its tickets come again.
   * @returns how to stop; it waits for what is being consumed.
   */
  consume(topic: string, fn: (keys: readonly string[]) => Promise<void>): Promise<() => Promise<void>>;
}

export const queue = definePort<TicketQueue>('queue');
