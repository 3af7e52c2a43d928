import type { Timer } from '#kernel/clock.ts';
import type { Context } from '#kernel/context.ts';
import { UnavailableError } from '#kernel/errors.ts';
import { presentStates } from '#kernel/present.ts';
import { rejection } from '#resolvers/network/imports/carry-out.ts';
import { importEnds } from '#resolvers/network/imports/ends.ts';
import {
  type InventoryImport,
  importGlobalId,
  importProgress,
  importStore,
} from '#resolvers/network/imports/inventory-import.ts';
import { networkSettings } from '#resolvers/network/settings.ts';

/** Milliseconds between two looks at an import that another process may carry out. */
const interval = 500;

/**
 * What comes of an import, whichever process carries it out; as it runs when the request has taken as long as it may.
 * @throws ImportRejectedError for rows that failed, UnavailableError for one that broke off.
 */
export async function waitForEnd(ctx: Context, begun: InventoryImport): Promise<InventoryImport> {
  const ended = await withinRequest(ctx, begun.id);
  switch (ended?.state) {
    case 'REJECTED':
      throw rejection(ended.id, ended);
    case 'FAILED':
      throw new UnavailableError('The import broke off, and nothing was written. Import the file again.');
    case 'COMPLETED':
      return ended;
    default:
      return asItRuns(ctx, begun);
  }
}

/** Without a read: in a storage of one connection that would wait behind the import. */
export function asItRuns(ctx: Context, begun: InventoryImport): InventoryImport {
  const told = ctx.use(presentStates).latest(importProgress, importGlobalId(begun.id));
  return told && told.state.phase !== 'READ' ? { ...begun, state: 'RUNNING', progress: told.state } : begun;
}

/** An import that has ended, or null when the request has taken as long as it may. */
function withinRequest(ctx: Context, id: string): Promise<InventoryImport | null> {
  const { promise, resolve, reject } = Promise.withResolvers<InventoryImport | null>();
  let next: Timer | null = null;
  let looks = false;
  let heard = false;
  const look = async () => {
    if (looks) return;
    looks = true;
    next?.cancel();
    let found: InventoryImport | null | undefined;
    do {
      heard = false;
      [found] = await ctx.use(importStore).getMany([id]);
      // What it read may be older than the end that was told meanwhile.
    } while (!found?.finishedAt && heard);
    looks = false;
    if (found?.finishedAt) resolve(found);
    else later();
  };
  const later = () => {
    next = ctx.clock.after(interval, () => void look().catch(reject));
  };
  const stop = ctx.use(importEnds).listen(id, () => {
    heard = true;
    void look().catch(reject);
  });
  const over = ctx.clock.after(ctx.use(networkSettings).import.wait, () => resolve(null));
  later();
  return promise.finally(() => {
    stop();
    over.cancel();
    next?.cancel();
  });
}
