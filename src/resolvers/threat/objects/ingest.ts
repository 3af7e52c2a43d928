import { type Context, microseconds } from '#kernel/context.ts';
import { UnavailableError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import type { TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import type { Judged } from '#resolvers/threat/objects/judge.ts';
import { detailOf, type Kept, keepBatch } from '#resolvers/threat/objects/keep.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';
import { tellCompleted } from '#resolvers/threat/statuses/events.ts';
import { type TaxiiStatus, taxiiStatusStore } from '#resolvers/threat/statuses/taxii-status.ts';

/** What a request is about to do after a batch. */
export interface Outlook {
  /** How many objects it has in all, as far as is known. */
  readonly totalCount: number;
  readonly isLast: boolean;
  /** Those that follow, where all are at hand; null where they are still being read. */
  readonly pendings: readonly Judged[] | null;
}

/**
 * One request to add objects, under one status, batch by batch. Each batch is a transaction with its events and the
 * counts of the status. One that is left in the middle is completed by whoever looks for such statuses.
 */
export class Ingest {
  readonly #collection: Pick<TaxiiCollection, 'id' | 'apiRootId'>;
  #status: TaxiiStatus | null = null;

  constructor(collection: Pick<TaxiiCollection, 'id' | 'apiRootId'>) {
    this.#collection = collection;
  }

  /** As the last batch left it; null before the first. */
  get status(): TaxiiStatus | null {
    return this.#status;
  }

  /**
   * Keeps a batch.
   * @throws NotFoundError when the collection is gone, UnavailableError when the request was taken for dead.
   */
  async add(ctx: Context, batch: readonly Judged[], outlook: Outlook): Promise<Kept> {
    const { kept, status } = await ctx.atomically(async (ctx) => {
      const begun = this.#status ?? (await begin(ctx, this.#collection));
      const kept = await keepBatch(ctx, this.#collection.id, batch);
      return { kept, status: await advance(ctx, begun, kept, outlook) };
    });
    this.#status = status;
    return kept;
  }

  /** Completes a request that is not done and goes no further: what was not done counts as failure. */
  async giveUp(ctx: Context): Promise<void> {
    const begun = this.#status;
    if (begun?.state !== 'PENDING') return;
    const { successCount, failureCount, pendingCount, totalCount } = begun;
    const counts = { totalCount, successCount, failureCount: failureCount + pendingCount, pendingCount: 0 };
    this.#status = await ctx.atomically(async (ctx) => {
      const rest = { successes: [], failures: [], pendings: [] };
      const at = microseconds(ctx.clock.now());
      const status = await ctx.use(taxiiStatusStore).advance(begun.id, { ...counts, ...rest, state: 'COMPLETE', at });
      if (status) await tellCompleted(ctx, [status]);
      return status ?? begun;
    });
  }

  /** Says that the request goes on, for one whose objects are slow to come. */
  async touch(ctx: Context): Promise<void> {
    if (this.#status) await ctx.use(taxiiStatusStore).touch(this.#status.id, microseconds(ctx.clock.now()));
  }
}

async function begin(ctx: Context, collection: Pick<TaxiiCollection, 'id' | 'apiRootId'>): Promise<TaxiiStatus> {
  const now = microseconds(ctx.clock.now());
  const status: TaxiiStatus = {
    id: newId(),
    apiRootId: collection.apiRootId,
    collectionId: collection.id,
    owner: ctx.viewer.id,
    state: 'PENDING',
    requestTimestamp: now,
    touchedAt: now,
    completedAt: null,
    totalCount: 0,
    successCount: 0,
    failureCount: 0,
    pendingCount: 0,
    createdAt: now,
    updatedAt: now,
  };
  await ctx.use(taxiiStatusStore).insert(status);
  return status;
}

async function advance(ctx: Context, before: TaxiiStatus, kept: Kept, outlook: Outlook): Promise<TaxiiStatus> {
  const { statusDetailLimit } = ctx.use(threatSettings);
  const { totalCount, isLast, pendings } = outlook;
  const successCount = before.successCount + kept.successes.length;
  const failureCount = before.failureCount + kept.failures.length;
  const isDetailed = totalCount <= statusDetailLimit;
  const status = await ctx.use(taxiiStatusStore).advance(before.id, {
    totalCount,
    successCount,
    failureCount,
    pendingCount: totalCount - successCount - failureCount,
    state: isLast ? 'COMPLETE' : 'PENDING',
    at: microseconds(ctx.clock.now()),
    successes: isDetailed ? kept.successes : [],
    failures: kept.failures.slice(0, Math.max(statusDetailLimit - before.failureCount, 0)),
    pendings: isDetailed && pendings ? pendings.map((judged) => detailOf(judged)) : [],
  });
  if (!status) throw new UnavailableError('The request was silent for too long and was ended. Send it again.');
  if (isLast) await tellCompleted(ctx, [status]);
  return status;
}
