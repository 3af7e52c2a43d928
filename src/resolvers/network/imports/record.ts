import { type Context, microseconds } from '#kernel/context.ts';
import type { EventDefinition } from '#kernel/event.ts';
import type { Facts } from '#kernel/permission.ts';
import type { ImportOrder } from '#resolvers/network/imports/input.ts';
import {
  type EndState,
  type ImportNote,
  type ImportTotals,
  type InventoryImport,
  importCompleted,
  importFailed,
  importGlobalId,
  importStarted,
  importStore,
  type StartedImport,
} from '#resolvers/network/imports/inventory-import.ts';

/** An import as it is taken in. */
export function takenIn(
  ctx: Context,
  id: string,
  { format, dryRun }: Pick<ImportOrder, 'format' | 'dryRun'>,
  state: 'QUEUED' | 'RUNNING',
  total: number,
): InventoryImport {
  const now = microseconds(ctx.clock.now());
  const { viewer, request } = ctx;
  return {
    id,
    format,
    dryRun,
    state,
    actor: {
      account: viewer.id,
      name: viewer.name,
      credential: viewer.credential?.kind ?? null,
      address: request.address,
    },
    startedAt: now,
    finishedAt: null,
    touchedAt: now,
    progress: { phase: state === 'QUEUED' ? 'READ' : 'VALIDATE', done: 0, total },
    counts: [],
    warnings: [],
    ignored: [],
  };
}

/** Keeps that an import began at once. */
export function recordStart(ctx: Context, started: InventoryImport): Promise<void> {
  return ctx.atomically(async (ctx) => {
    await ctx.use(importStore).insert(started);
    appendStart(ctx, started);
  });
}

/** Keeps that an import which waited begins: for one caller only, with what was asked. */
export function recordTurn(ctx: Context, id: string): Promise<StartedImport | null> {
  return ctx.atomically(async (ctx) => {
    const begun = await ctx.use(importStore).start(id, microseconds(ctx.clock.now()));
    if (begun) appendStart(ctx, begun.started);
    return begun;
  });
}

/**
 * Keeps how an import ended, once.
 * @returns the import as it is kept, or null when somebody else ended it.
 */
export async function recordEnd(
  ctx: Context,
  started: InventoryImport,
  state: EndState,
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

const appendStart = (ctx: Context, started: InventoryImport): void => {
  const { format, dryRun } = started;
  append(ctx, importStarted, started, { format, dryRun });
};

function append<Data>(ctx: Context, event: EventDefinition<Data>, { id, actor }: InventoryImport, data: Data): void {
  ctx.events.append(event, data, { subject: importGlobalId(id), scope: callerFacts(actor.account) });
}

/** The fact by which the caller sees what became of his import. */
const callerFacts = (account: string | null): Facts => (account === null ? {} : { account });
