import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { ImportRejectedError, UnavailableError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { allowSomewhere } from '#resolvers/network/access.ts';
import { type ImportInput, type ImportOrder, importInput } from '#resolvers/network/imports/input.ts';
import type { ImportTotals, InventoryImport } from '#resolvers/network/imports/inventory-import.ts';
import { type Sorted, sortRows } from '#resolvers/network/imports/items.ts';
import { Overtaken } from '#resolvers/network/imports/pass.ts';
import { ProgressTeller } from '#resolvers/network/imports/progress.ts';
import { readOrder } from '#resolvers/network/imports/read.ts';
import { recordEnd, recordStart } from '#resolvers/network/imports/record.ts';
import type { Reading } from '#resolvers/network/imports/row.ts';
import { rowVerdicts, settle } from '#resolvers/network/imports/settle.ts';
import { failuresIn, notesOf, totalsOf, withNothingWritten } from '#resolvers/network/imports/totals.ts';
import { networkSettings } from '#resolvers/network/settings.ts';

/** Milliseconds that the transaction of an import may take. */
export const applyTimeout = 600_000;

/**
 * Brings the inventory to what a file says. Nothing that the file does not name is touched, nothing is deleted, and the
 * same file again changes nothing. Every row obeys the rules and needs the rights of a single call.
 *
 * The file is read and checked without a lock; then one transaction checks again and writes. With `ABORT` one row that
 * fails keeps everything from being written.
 * @returns the import as it ended; with `SKIP_ROW` it may hold failed rows.
 * @throws InputError, PayloadTooLargeError for a file that cannot be read at all: no import is kept of it;
 * ImportRejectedError for rows that failed: the import that it names lists all of them.
 */
export async function importInventory(ctx: Context, input: ImportInput): Promise<InventoryImport> {
  if (visible(ctx, 'network:update') === 'none') allowSomewhere(ctx, 'network:create');
  const order = parse(importInput, input);
  const teller = new ProgressTeller(ctx);
  teller.tell({ phase: 'READ', done: 0, total: 0 });
  const { reading, site } = await readOrder(ctx, order);
  const started = await recordStart(ctx, order, reading.rows.length);
  teller.record(started.id);
  try {
    return await run(ctx, { order, reading, sorted: sortRows(ctx, reading, site), started, teller });
  } catch (error) {
    if (!(error instanceof ImportRejectedError)) await recordEnd(ctx, started, 'FAILED', nothing, []);
    throw error;
  } finally {
    teller.tell({ phase: 'DONE', done: reading.rows.length, total: reading.rows.length });
  }
}

const nothing: ImportTotals = { counts: [], warnings: [], ignored: [] };

interface Running {
  readonly order: ImportOrder;
  readonly reading: Reading;
  readonly sorted: Sorted;
  readonly started: InventoryImport;
  readonly teller: ProgressTeller;
}

async function run(ctx: Context, running: Running): Promise<InventoryImport> {
  const { order, reading, teller } = running;
  const total = reading.rows.length;
  teller.tell({ phase: 'VALIDATE', done: 0, total });
  const foreseen = await pass(ctx, running, 'VALIDATE');
  if (isRejected(order, foreseen)) throw await reject(ctx, running, foreseen);
  if (order.dryRun) return complete(ctx, running, foreseen);
  return apply(ctx, running, attempts);
}

/** How often names that others take meanwhile are looked up again. */
const attempts = 5;

async function apply(ctx: Context, running: Running, left: number): Promise<InventoryImport> {
  await running.teller.enter({ phase: 'APPLY', done: 0, total: running.reading.rows.length });
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
  const { order, reading, sorted, teller } = running;
  const settled = await settle(ctx, sorted, order, {
    writes: phase === 'APPLY',
    told: (done) => teller.tell({ phase, done, total: reading.rows.length }),
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
