import { type Context, microseconds } from '#kernel/context.ts';
import type { EventDefinition } from '#kernel/event.ts';
import type { Facts } from '#kernel/permission.ts';
import type { ImportOrder } from '#resolvers/network/imports/input.ts';
import {
  type ImportNote,
  type ImportState,
  type ImportTotals,
  type InventoryImport,
  importCompleted,
  importFailed,
  importGlobalId,
  importStarted,
  importStore,
} from '#resolvers/network/imports/inventory-import.ts';

/** Keeps that an import began. */
export async function recordStart(
  ctx: Context,
  id: string,
  { format, dryRun }: Pick<ImportOrder, 'format' | 'dryRun'>,
  total: number,
): Promise<InventoryImport> {
  const now = microseconds(ctx.clock.now());
  const { viewer, request } = ctx;
  const started: InventoryImport = {
    id,
    format,
    dryRun,
    state: 'RUNNING',
    actor: {
      account: viewer.id,
      name: viewer.name,
      credential: viewer.credential?.kind ?? null,
      address: request.address,
    },
    startedAt: now,
    finishedAt: null,
    touchedAt: now,
    progress: { phase: 'VALIDATE', done: 0, total },
    counts: [],
    warnings: [],
    ignored: [],
  };
  await ctx.atomically(async (ctx) => {
    await ctx.use(importStore).insert(started);
    append(ctx, importStarted, started, { format, dryRun });
  });
  return started;
}

/**
 * Keeps how an import ended, once.
 * @returns the import as it is kept, or null when somebody else ended it.
 */
export async function recordEnd(
  ctx: Context,
  started: InventoryImport,
  state: Exclude<ImportState, 'RUNNING'>,
  totals: ImportTotals,
  notes: readonly ImportNote[],
): Promise<InventoryImport | null> {
  const now = microseconds(ctx.clock.now());
  const { total } = started.progress;
  const progress = { phase: 'DONE', done: state === 'FAILED' ? 0 : total, total } as const;
  const ended: InventoryImport = { ...started, ...totals, state, finishedAt: now, touchedAt: now, progress };
  return ctx.atomically(async (ctx) => {
    if (!(await ctx.use(importStore).finish(ended, notes))) return null;
    const { format, dryRun } = ended;
    const data = {
      format,
      dryRun,
      counts: [...totals.counts],
      warnings: [...totals.warnings],
      ignored: [...totals.ignored],
    };
    if (state === 'COMPLETED') append(ctx, importCompleted, ended, data);
    else append(ctx, importFailed, ended, { ...data, rejected: state === 'REJECTED' });
    return ended;
  });
}

function append<Data>(ctx: Context, event: EventDefinition<Data>, { id, actor }: InventoryImport, data: Data): void {
  ctx.events.append(event, data, { subject: importGlobalId(id), scope: callerFacts(actor.account) });
}

/** The fact by which the caller sees what became of his import. */
const callerFacts = (account: string | null): Facts => (account === null ? {} : { account });
