import { setImmediate as turn } from 'node:timers/promises';
import type { Context } from '#kernel/context.ts';
import { ImportRejectedError, UnavailableError } from '#kernel/errors.ts';
import { importEnds } from '#resolvers/network/imports/ends.ts';
import type { ImportOrder } from '#resolvers/network/imports/input.ts';
import type { ImportTotals, InventoryImport } from '#resolvers/network/imports/inventory-import.ts';
import { type Sorted, sortRows } from '#resolvers/network/imports/items.ts';
import { Overtaken } from '#resolvers/network/imports/pass.ts';
import { nothingYet, ProgressTeller } from '#resolvers/network/imports/progress.ts';
import type { ReadOrder } from '#resolvers/network/imports/read.ts';
import { recordEnd } from '#resolvers/network/imports/record.ts';
import type { Reading } from '#resolvers/network/imports/row.ts';
import { rowVerdicts, settle } from '#resolvers/network/imports/settle.ts';
import { countsOf, failuresIn, notesOf, totalsOf, withNothingWritten } from '#resolvers/network/imports/totals.ts';
import { networkSettings } from '#resolvers/network/settings.ts';

/** Milliseconds that the transaction of an import may take. */
export const applyTimeout = 600_000;

/**
 * Carries out an import that runs: checks its rows without a lock, then checks again and writes in one transaction. Its
 * end is kept with it, whatever it is.
 * @param signal aborted when it is to end without having written anything.
 * @throws ImportRejectedError for rows that failed.
 */
export async function carryOut(
  ctx: Context,
  started: InventoryImport,
  order: ImportOrder,
  { reading, site }: ReadOrder,
  signal: AbortSignal,
): Promise<InventoryImport> {
  const teller = new ProgressTeller(ctx, started.id);
  const { total } = started.progress;
  teller.beat();
  try {
    const sorted = sortRows(ctx, reading, site);
    const ended = await run(ctx, { order, reading, sorted, started, teller, signal });
    teller.tell('DONE', total, () => ({ done: total, counts: ended.counts }));
    return ended;
  } catch (error) {
    if (!(error instanceof ImportRejectedError)) await recordEnd(ctx, started, 'FAILED', nothing, []);
    throw error;
  } finally {
    teller.rest();
    ctx.use(importEnds).tell(started.id);
  }
}

const nothing: ImportTotals = { counts: [], warnings: [], ignored: [] };

interface Running {
  readonly order: ImportOrder;
  readonly reading: Reading;
  readonly sorted: Sorted;
  readonly started: InventoryImport;
  readonly teller: ProgressTeller;
  /** Aborted when the import is to end without having written anything. */
  readonly signal: AbortSignal;
}

async function run(ctx: Context, running: Running): Promise<InventoryImport> {
  const { order, reading, teller } = running;
  const total = reading.rows.length;
  teller.tell('VALIDATE', total, nothingYet);
  const foreseen = await pass(ctx, running, 'VALIDATE');
  if (isRejected(order, foreseen)) throw await reject(ctx, running, foreseen);
  if (order.dryRun) return complete(ctx, running, foreseen);
  return apply(ctx, running, attempts);
}

/** How often names that others take meanwhile are looked up again. */
const attempts = 5;

async function apply(ctx: Context, running: Running, left: number): Promise<InventoryImport> {
  await running.teller.enter('APPLY', running.reading.rows.length);
  let refused: Result | null = null;
  try {
    return await ctx.atomically(
      async (ctx) => {
        const result = await pass(ctx, running, 'APPLY');
        if (!isRejected(running.order, result)) return complete(ctx, running, result);
        refused = result;
        throw new UnavailableError('Rows failed that were good before: everything is given up.');
      },
      { timeout: applyTimeout },
    );
  } catch (error) {
    if (refused) throw await reject(ctx, running, refused);
    if (!(error instanceof Overtaken)) throw error;
    if (left > 1) return apply(ctx, running, left - 1);
    throw new UnavailableError(`${error.message} Import the file again.`);
  }
}

interface Result {
  readonly totals: ImportTotals;
  readonly verdicts: ReturnType<typeof rowVerdicts>;
}

async function pass(ctx: Context, running: Running, phase: 'VALIDATE' | 'APPLY'): Promise<Result> {
  const { order, reading, sorted, teller, signal } = running;
  const settled = await settle(ctx, sorted, order, {
    writes: phase === 'APPLY',
    async told(settled) {
      signal.throwIfAborted();
      teller.tell(phase, reading.rows.length, () => {
        const verdicts = rowVerdicts(sorted, settled);
        return { done: verdicts.size, counts: countsOf(verdicts) };
      });
      // A storage in this process may leave no moment for sockets and timers.
      await turn();
    },
  });
  const verdicts = rowVerdicts(sorted, settled);
  return { verdicts, totals: totalsOf(reading, verdicts) };
}

const isRejected = ({ onError }: ImportOrder, { totals }: Result): boolean =>
  onError === 'ABORT' && failuresIn(totals) > 0;

const notes = (ctx: Context, { reading }: Running, verdicts: Result['verdicts']) =>
  notesOf(reading, verdicts, ctx.use(networkSettings).import.keepOutcomes);

async function complete(ctx: Context, running: Running, result: Result): Promise<InventoryImport> {
  const ended = await recordEnd(ctx, running.started, 'COMPLETED', result.totals, notes(ctx, running, result.verdicts));
  // It was taken for abandoned: whoever asked was told so, and must not find it done after all.
  if (!ended) throw new UnavailableError('The import took too long and was given up. Import the file in parts.');
  return ended;
}

async function reject(ctx: Context, running: Running, result: Result): Promise<ImportRejectedError> {
  const verdicts = withNothingWritten(result.verdicts);
  const totals = totalsOf(running.reading, verdicts);
  await recordEnd(ctx, running.started, 'REJECTED', totals, notes(ctx, running, verdicts));
  return rejection(running.started.id, totals);
}

/** What whoever waits for an import is told of rows that failed. */
export function rejection(id: string, totals: ImportTotals): ImportRejectedError {
  const count = failuresIn(totals);
  return new ImportRejectedError(`${count === 1 ? '1 row' : `${count} rows`} failed, and nothing was written.`, id);
}
