import { z } from 'zod';
import { background } from '#kernel/background.ts';
import type { Context } from '#kernel/context.ts';
import { ImportRejectedError } from '#kernel/errors.ts';
import { defineJob, enqueue } from '#kernel/job.ts';
import { ownWorker } from '#kernel/own-worker.ts';
import { definePort } from '#kernel/port.ts';

/** Carries an import out. The signal is aborted when its job is to end: then it writes nothing. */
export type CarryOut = (signal: AbortSignal) => Promise<unknown>;

/**
 * What the imports of this process have yet to do, by row id. Their text stays in the memory of the process that took
 * them in: with it ends the import, as it must.
 */
export interface WaitingImports {
  keep(id: string, work: CarryOut): void;
  /** Answers what is to be done, once. */
  take(id: string): CarryOut | null;
}

export const waitingImports = definePort<WaitingImports>('network.waitingImports');

export function createWaitingImports(): WaitingImports {
  const waiting = new Map<string, CarryOut>();
  return {
    keep: (id, work) => void waiting.set(id, work),
    take(id) {
      const work = waiting.get(id) ?? null;
      waiting.delete(id);
      return work;
    },
  };
}

export const importJob = defineJob({
  name: 'network.inventoryImport',
  title: 'Import inventory',
  author: 'gatehouse',
  doc: 'Carries out one import, in the process that took it in and with the rights of whoever asked for it.',
  args: z.strictObject({ importId: z.string() }),
  runAs: 'ENQUEUER',
  properties: { attempts: 1, onLost: 'KILL', maxParallel: null },
  async handler({ args, ctx, log, signal }) {
    const work = ctx.use(waitingImports).take(args.importId);
    // It was taken in before this process began. The import itself is ended as one that was abandoned.
    if (!work) return log.warning('The process that took this import in is gone.');
    try {
      await work(signal);
    } catch (error) {
      if (!(error instanceof ImportRejectedError)) throw error;
      // The import lists the rows; the job did what it was for.
      log.info(error.message);
    }
  },
});

const neverAborted = new AbortController().signal;

/**
 * Has an import carried out: as a job where this process runs jobs, else beside its requests.
 * @param isAwaited whether somebody is told what it throws.
 */
export async function startImport(ctx: Context, id: string, work: CarryOut, isAwaited: () => boolean): Promise<void> {
  const worker = ctx.find(ownWorker)?.id() ?? null;
  const jobs = ctx.find(enqueue);
  if (worker !== null && jobs) {
    ctx.use(waitingImports).keep(id, work);
    await jobs.put(ctx, [{ class: importJob, args: { importId: id }, options: { worker } }]);
    return;
  }
  ctx.use(background).run(importJob.name, () =>
    work(neverAborted).catch((error: unknown) => {
      // Of a rejection the import tells, and nobody else needs to know.
      if (!isAwaited() && !(error instanceof ImportRejectedError)) throw error;
    }),
  );
}
