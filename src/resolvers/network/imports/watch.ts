import { allowSomewhere } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import { eventLog } from '#kernel/event.ts';
import type { FeedSelection, LogPosition } from '#kernel/feed.ts';
import { rowIdOf } from '#kernel/id.ts';
import { type Present, presentStates } from '#kernel/present.ts';
import { findImports, seesAll } from '#resolvers/network/imports/find.ts';
import {
  type ImportState,
  type InventoryImport,
  importCompleted,
  importFailed,
  importGlobalId,
  importProgress,
  importStarted,
  type TellingProgress,
} from '#resolvers/network/imports/inventory-import.ts';

/**
 * How far an import is, and how it begins and ends.
 * @throws NotFoundError for an import that the viewer may not see.
 */
export async function watchImport(ctx: Context, id: string): Promise<FeedSelection> {
  if (!seesAll(ctx)) allowSomewhere(ctx, 'network:read');
  const rowId = rowIdOf('InventoryImport', id);
  if (rowId === null) throw unknown();
  const subject = importGlobalId((await visibleImport(ctx, rowId)).id);
  return {
    names: [importStarted.name, importCompleted.name, importFailed.name],
    subjects: new Set([subject]),
    personal: true,
    present: { type: importProgress.type, subject, read: (ctx) => readProgress(ctx, rowId) },
    ends: ({ name }) => name !== importStarted.name,
  };
}

const isOver = (state: ImportState): boolean => state !== 'QUEUED' && state !== 'RUNNING';

async function readProgress(ctx: Context, rowId: string): Promise<Present> {
  const { progress, counts, state } = await visibleImport(ctx, rowId);
  return { state: { ...progress, counts } satisfies TellingProgress, ended: isOver(state) };
}

async function visibleImport(ctx: Context, rowId: string): Promise<InventoryImport> {
  const [found] = await findImports(ctx, [rowId]);
  if (!found) throw unknown();
  return found;
}

const unknown = () => new NotFoundError('Import not found.', ['id']);

/** How far an import is: as it was told last, or as it is kept. */
export function progressOf(ctx: Context, { id, state, progress, counts }: InventoryImport): TellingProgress {
  const told = !isOver(state) ? ctx.use(presentStates).latest(importProgress, importGlobalId(id)) : null;
  return told?.state ?? { ...progress, counts };
}

/** The end of the log: a stream that resumes after it misses nothing that comes. */
export async function logPosition(ctx: Context): Promise<LogPosition> {
  const { epoch, head } = await ctx.load(logState, '');
  return { epoch, sequence: head };
}

const logState = async (ctx: Context, keys: readonly string[]) => {
  const state = await ctx.use(eventLog).state();
  return keys.map(() => state);
};
