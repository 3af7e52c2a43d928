import type { Ticket } from '#kernel/tickets.ts';
import { openUnits } from '#kernel/unit.ts';

/** One ticket for each key, at its earliest time. */
export function earliest(tickets: readonly Ticket[]): Ticket[] {
  const first = new Map<string, Ticket>();
  for (const ticket of tickets)
    if (ticket.runAt < (first.get(ticket.key)?.runAt ?? Number.POSITIVE_INFINITY)) first.set(ticket.key, ticket);
  return [...first.values()];
}

/** A change that is rolled back must leave no ticket, and a database with one connection would wait for itself. */
export function refuseInsideUnit(): void {
  if (openUnits.getStore()) throw new Error('The queue was used inside ctx.atomically. Put tickets after the commit.');
}

/** Milliseconds after which a ticket comes again whose consumer failed. */
export const retryAfter = 5000;

/** How many tickets a consumer is given at once, at most. */
export const batchSize = 100;
