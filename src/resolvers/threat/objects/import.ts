import type { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { repeat } from '#kernel/repeat.ts';
import { expectWritable } from '#resolvers/threat/access.ts';
import type { TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { collectionByKey, collectionKey } from '#resolvers/threat/collections/keys.ts';
import { Ingest } from '#resolvers/threat/objects/ingest.ts';
import { type Fit, isUnfit, type Judged, judgeObjects } from '#resolvers/threat/objects/judge.ts';
import { detailOf, type Kept } from '#resolvers/threat/objects/keep.ts';
import { stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';
import { heartbeat } from '#resolvers/threat/statuses/interrupted.ts';
import type { StatusDetail, TaxiiStatus } from '#resolvers/threat/statuses/taxii-status.ts';

export interface ImportCounts {
  readonly doneCount: number;
  readonly addedCount: number;
  readonly presentCount: number;
  readonly failedCount: number;
}

export interface ImportPlan {
  /** How many objects will come; null where nobody knows. */
  readonly totalCount: number | null;
  /** Objects of one transaction; as the settings say unless given. */
  readonly batch?: number | undefined;
  /** Only says what would be done. */
  readonly dryRun: boolean;
  /** Aborted when the import is to end after the batch that it is at. */
  readonly signal: AbortSignal;
  /** Told after each batch. */
  progress(counts: ImportCounts, failures: readonly StatusDetail[]): void;
}

export interface ImportOutcome {
  readonly counts: ImportCounts;
  /** Null for a dry run. */
  readonly status: TaxiiStatus | null;
  readonly isInterrupted: boolean;
}

/**
 * Adds objects that come one by one, however many, under one status: never more than two batches are held. What was kept
 * stays when it is interrupted or what gives the objects fails; done again, it completes.
 */
export async function importObjects(
  ctx: Context,
  key: z.input<typeof collectionKey>,
  source: AsyncIterable<unknown>,
  plan: ImportPlan,
): Promise<ImportOutcome> {
  const collection = expectWritable(ctx, await collectionByKey(ctx, parse(collectionKey, key, ['collection'])));
  const ingest = new Ingest(collection);
  const alive = repeat(
    ctx.clock,
    heartbeat,
    () => ingest.touch(ctx),
    (error) => ctx.log.warn({ err: error }, 'An import could not say that it goes on.'),
  );
  try {
    return await run(ctx, collection, ingest, source, plan);
  } finally {
    await alive.stop();
    await ingest.giveUp(ctx);
  }
}

async function run(
  ctx: Context,
  collection: TaxiiCollection,
  ingest: Ingest,
  source: AsyncIterable<unknown>,
  plan: ImportPlan,
): Promise<ImportOutcome> {
  const size = plan.batch ?? ctx.use(threatSettings).ingestBatch;
  let counts: ImportCounts = { doneCount: 0, addedCount: 0, presentCount: 0, failedCount: 0 };
  for await (const { values, isLast } of batchesOf(source, size)) {
    if (plan.signal.aborted) return { counts, status: ingest.status, isInterrupted: true };
    const judged = await judgeObjects(ctx, values, counts.doneCount);
    const seen = counts.doneCount + values.length;
    const totalCount = isLast ? seen : Math.max(plan.totalCount ?? 0, seen);
    const kept = plan.dryRun
      ? await compare(ctx, collection, judged)
      : await ingest.add(ctx, judged, { totalCount, isLast, pendings: null });
    counts = {
      doneCount: seen,
      addedCount: counts.addedCount + kept.addedCount,
      presentCount: counts.presentCount + kept.presentCount,
      failedCount: counts.failedCount + kept.failures.length,
    };
    plan.progress(counts, kept.failures);
  }
  return { counts, status: ingest.status, isInterrupted: false };
}

/** One batch behind the source, so that the last one is known. There is one at least, which may be empty. */
async function* batchesOf(source: AsyncIterable<unknown>, size: number) {
  let values: unknown[] = [];
  for await (const value of source) {
    if (values.length === size) {
      yield { values, isLast: false };
      values = [];
    }
    values.push(value);
  }
  yield { values, isLast: true };
}

async function compare(ctx: Context, { id }: TaxiiCollection, judged: readonly Judged[]): Promise<Kept> {
  const fits = judged.filter((one): one is Fit => !isUnfit(one));
  const outcomes = await ctx.use(stixObjectStore).compareMany(
    id,
    fits.map(({ object }) => object),
  );
  const { rejectChangedContent } = ctx.use(threatSettings);
  const refused = fits.flatMap((fit, index) =>
    outcomes[index] === 'differs' && rejectChangedContent ? [detailOf(fit, 'differs')] : [],
  );
  const addedCount = outcomes.filter((outcome) => outcome === 'stored').length;
  return {
    successes: [],
    failures: [...judged.flatMap((one) => (isUnfit(one) ? [detailOf(one)] : [])), ...refused],
    addedCount,
    presentCount: fits.length - refused.length - addedCount,
  };
}
