import { setImmediate as turn } from 'node:timers/promises';
import { allowSomewhere, visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { ImportRejectedError, UnavailableError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import { type ImportInput, type ImportOrder, importInput } from '#resolvers/network/imports/input.ts';
import type { ImportTotals, InventoryImport } from '#resolvers/network/imports/inventory-import.ts';
import { type Sorted, sortRows } from '#resolvers/network/imports/items.ts';
import { type CarryOut, startImport } from '#resolvers/network/imports/job.ts';
import { Overtaken } from '#resolvers/network/imports/pass.ts';
import { nothingYet, ProgressTeller } from '#resolvers/network/imports/progress.ts';
import { readOrder } from '#resolvers/network/imports/read.ts';
import { recordEnd, recordStart } from '#resolvers/network/imports/record.ts';
import type { Reading } from '#resolvers/network/imports/row.ts';
import { rowVerdicts, settle } from '#resolvers/network/imports/settle.ts';
import { countsOf, failuresIn, notesOf, totalsOf, withNothingWritten } from '#resolvers/network/imports/totals.ts';
import { networkSettings } from '#resolvers/network/settings.ts';

/** Milliseconds that the transaction of an import may take. */
export const applyTimeout = 600_000;

/**
 * Brings the inventory to what a file says. Nothing that the file does not name is touched, nothing is deleted, and the
 * same file again changes nothing. Every row obeys the rules and needs the rights of a single call.
 *
 * The file is read and checked without a lock; then one transaction checks again and writes. With `ABORT` one row that
 * fails keeps everything from being written.
 *
 * It is carried out in this process, as a job where it runs jobs, also after the request was answered: at once without
 * `wait`, otherwise when the time that a request may take (`network.import.wait`) is over before the end.
 * @returns the import as it ended, or as it runs; with `SKIP_ROW` it may hold failed rows.
 * @throws InputError, PayloadTooLargeError for a file that cannot be read at all: no import is kept of it;
 * ImportRejectedError for rows that failed: the import that it names lists all of them.
 */
export async function importInventory(ctx: Context, input: ImportInput): Promise<InventoryImport> {
  if (visible(ctx, 'network:update') === 'none') allowSomewhere(ctx, 'network:create');
  const order = parse(importInput, input);
  const id = newId();
  const teller = new ProgressTeller(ctx, id);
  teller.tell('READ', 0, nothingYet);
  const { reading, site } = await readOrder(ctx, order);
  const started = await recordStart(ctx, id, order, reading.rows.length);
  const sorted = sortRows(ctx, reading, site);
  const outcome = Promise.withResolvers<InventoryImport>();
  let isAwaited = order.wait;
  outcome.promise.catch(() => undefined);
  const work: CarryOut = async (signal) => {
    try {
      outcome.resolve(await carryOut(ctx, { order, reading, sorted, started, teller, signal }));
    } catch (error) {
      outcome.reject(error);
      throw error;
    }
  };
  // Also while its job waits for a worker: it is not abandoned.
  teller.beat();
  await startImport(ctx, id, work, () => isAwaited);
  const ended = order.wait ? await withinRequest(ctx, outcome.promise) : null;
  isAwaited = false;
  return ended ?? { ...started, progress: teller.last };
}

/** What comes of it, or null when the request has taken as long as it may. */
async function withinRequest<T>(ctx: Context, outcome: Promise<T>): Promise<T | null> {
  const over = Promise.withResolvers<null>();
  const timer = ctx.clock.after(ctx.use(networkSettings).import.wait, () => over.resolve(null));
  try {
    return await Promise.race([outcome, over.promise]);
  } finally {
    timer.cancel();
  }
}

async function carryOut(ctx: Context, running: Running): Promise<InventoryImport> {
  const { started, teller } = running;
  const { total } = started.progress;
  try {
    const ended = await run(ctx, running);
    teller.tell('DONE', total, () => ({ done: total, counts: ended.counts }));
    return ended;
  } catch (error) {
    if (!(error instanceof ImportRejectedError)) await recordEnd(ctx, started, 'FAILED', nothing, []);
    throw error;
  } finally {
    teller.rest();
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
  const count = failuresIn(totals);
  const message = `${count === 1 ? '1 row' : `${count} rows`} failed, and nothing was written.`;
  return new ImportRejectedError(message, running.started.id);
}
