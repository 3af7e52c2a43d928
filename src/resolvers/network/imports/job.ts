import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { ImportRejectedError } from '#kernel/errors.ts';
import { defineJob } from '#kernel/job.ts';
import { carryOut } from '#resolvers/network/imports/carry-out.ts';
import type { ImportOrder } from '#resolvers/network/imports/input.ts';
import type { InventoryImport } from '#resolvers/network/imports/inventory-import.ts';
import { openOrder } from '#resolvers/network/imports/order.ts';
import { type ReadOrder, readOrder } from '#resolvers/network/imports/read.ts';
import { recordEnd, recordTurn } from '#resolvers/network/imports/record.ts';

export const importJob = defineJob({
  name: 'network.inventoryImport',
  title: 'Import inventory',
  author: 'gatehouse',
  doc: 'Carries out one import that waits, with the rights of whoever asked for it.',
  args: z.strictObject({ importId: z.string() }),
  runAs: 'ENQUEUER',
  properties: { attempts: 1, onLost: 'KILL', maxParallel: null },
  async handler({ args, ctx, log, signal }) {
    const turn = await recordTurn(ctx, args.importId);
    if (!turn) return log.warning('This import has ended already, or is not kept any more.');
    const { started } = turn;
    try {
      const { order, read } = await readAgain(ctx, started, turn.order);
      await carryOut(ctx, started, order, read, signal);
    } catch (error) {
      if (!(error instanceof ImportRejectedError)) throw error;
      // The import lists the rows; the job did what it was for.
      log.info(error.message);
    }
  },
});

/** It could be read when it was taken in; but a Site that it names may be gone since, or the key. */
async function readAgain(
  ctx: Context,
  started: InventoryImport,
  sealed: string,
): Promise<{ order: ImportOrder; read: ReadOrder }> {
  try {
    const order = openOrder(ctx, started.id, sealed);
    return { order, read: await readOrder(ctx, order) };
  } catch (error) {
    await recordEnd(ctx, started, 'FAILED', started, []);
    throw error;
  }
}
