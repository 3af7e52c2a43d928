import { allowSomewhere, visible } from '#kernel/access.ts';
import { background } from '#kernel/background.ts';
import type { Context } from '#kernel/context.ts';
import { ImportRejectedError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import { enqueue } from '#kernel/job.ts';
import { ownWorker } from '#kernel/own-worker.ts';
import { carryOut } from '#resolvers/network/imports/carry-out.ts';
import { type ImportInput, type ImportOrder, importInput } from '#resolvers/network/imports/input.ts';
import { type InventoryImport, importStore } from '#resolvers/network/imports/inventory-import.ts';
import { importJob } from '#resolvers/network/imports/job.ts';
import { sealOrder } from '#resolvers/network/imports/order.ts';
import { nothingYet, ProgressTeller } from '#resolvers/network/imports/progress.ts';
import { type ReadOrder, readOrder } from '#resolvers/network/imports/read.ts';
import { recordStart, takenIn } from '#resolvers/network/imports/record.ts';
import { asItRuns, waitForEnd } from '#resolvers/network/imports/wait.ts';

/**
 * Brings the inventory to what a file says. Nothing that the file does not name is touched, nothing is deleted, and the
 * same file again changes nothing. Every row obeys the rules and needs the rights of a single call.
 *
 * The file is read and checked without a lock; then one transaction checks again and writes. With `ABORT` one row that
 * fails keeps everything from being written.
 *
 * Where this process runs jobs, and has a key to seal the file with, it is one, which any worker of the storage takes;
 * elsewhere it is carried out beside the requests of this process. It goes on after the request was answered: at once without `wait`, otherwise when the time
 * that a request may take (`network.import.wait`) is over before the end.
 * @returns the import as it ended, or as it waits or runs; with `SKIP_ROW` it may hold failed rows.
 * @throws InputError, PayloadTooLargeError for a file that cannot be read at all: no import is kept of it;
 * ImportRejectedError for rows that failed: the import that it names lists all of them; UnavailableError for one that
 * broke off.
 */
export async function importInventory(ctx: Context, input: ImportInput): Promise<InventoryImport> {
  if (visible(ctx, 'network:update') === 'none') allowSomewhere(ctx, 'network:create');
  const order = parse(importInput, input);
  const id = newId();
  new ProgressTeller(ctx, id).tell('READ', 0, nothingYet);
  const read = await readOrder(ctx, order);
  const runsJobs = ctx.find(ownWorker)?.id() != null && ctx.find(enqueue) !== null;
  const sealed = runsJobs ? sealOrder(ctx, id, input) : null;
  const taken = takenIn(ctx, id, order, sealed === null ? 'RUNNING' : 'QUEUED', read.reading.rows.length);
  if (sealed === null) await recordStart(ctx, taken);
  else await putInQueue(ctx, taken, sealed);
  const ended = order.wait ? waitForEnd(ctx, taken) : null;
  if (sealed === null) carryOutHere(ctx, taken, order, read);
  return ended ?? asItRuns(ctx, taken);
}

const putInQueue = (ctx: Context, taken: InventoryImport, order: string): Promise<void> =>
  ctx.atomically(async (ctx) => {
    await ctx.use(importStore).insert(taken, order);
    await ctx.use(enqueue).put(ctx, [{ class: importJob, args: { importId: taken.id } }]);
  });

const neverAborted = new AbortController().signal;

function carryOutHere(ctx: Context, taken: InventoryImport, order: ImportOrder, read: ReadOrder): void {
  ctx.use(background).run(importJob.name, () =>
    carryOut(ctx, taken, order, read, neverAborted).catch((error: unknown) => {
      // Of a rejection the import tells, and nobody else needs to know.
      if (!(error instanceof ImportRejectedError)) throw error;
    }),
  );
}
