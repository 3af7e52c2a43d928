import type { Context, ContextSource } from '#kernel/context.ts';
import { OutdatedError } from '#kernel/errors.ts';
import { type AppendedEvent, eventLog } from '#kernel/event.ts';
import { newId } from '#kernel/id.ts';
import { type OwnedUnit, openUnit, openUnits } from '#kernel/unit.ts';

/** A unit of work under way, with the events that are appended at its end. */
export interface OpenWork {
  readonly unit: OwnedUnit;
  readonly events: AppendedEvent[];
  /** Set when a part of it failed: then the whole is given up, whatever its caller does. */
  failed: boolean;
}

type Work<T> = (ctx: Context) => Promise<T>;

/** Does a part of a unit that is under way. */
export async function joinWork<T>(open: OpenWork, ctx: Context, work: Work<T>): Promise<T> {
  try {
    return await work(ctx);
  } catch (error) {
    open.failed = true;
    throw error;
  }
}

/** How often a unit is tried whose look and locks others got between. */
const tries = 5;

/**
 * Does the work in a unit of its own, again from its beginning when it was outdated.
 * @param bind the context for a unit, made anew for each try.
 * @param timeout milliseconds; that of the source unless given.
 */
export async function runWork<T>(
  source: ContextSource,
  bind: (open: OpenWork) => Context,
  work: Work<T>,
  timeout = source.transactionTimeout,
): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await runOnce(source, bind, work, timeout);
    } catch (error) {
      if (!(error instanceof OutdatedError) || count === tries) throw error;
    }
  }
}

async function runOnce<T>(
  source: ContextSource,
  bind: (open: OpenWork) => Context,
  work: Work<T>,
  timeout: number,
): Promise<T> {
  if (openUnits.getStore()) throw new Error('atomically was called on an outer context inside a transaction.');
  const unit = openUnit(newId(), timeout);
  const open: OpenWork = { unit, events: [], failed: false };
  const { events } = open;
  const ctx = bind(open);
  const value = await openUnits.run(unit, async () => {
    try {
      const done = await work(ctx);
      if (open.failed) throw new Error('A part of a transaction failed and its caller went on; the whole is given up.');
      if (events.length > 0) await unit.appendLast(() => ctx.use(eventLog).append(events));
      await unit.commit();
      return done;
    } catch (error) {
      await unit.rollback();
      throw error;
    }
  });
  if (events.length > 0) source.committed(events);
  return value;
}
