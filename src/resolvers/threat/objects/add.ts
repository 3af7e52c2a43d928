import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { PayloadTooLargeError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { expectWritable } from '#resolvers/threat/access.ts';
import type { TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { collectionByKey, collectionKey } from '#resolvers/threat/collections/keys.ts';
import { Ingest } from '#resolvers/threat/objects/ingest.ts';
import { isUnfit, type Judged, judgeObjects } from '#resolvers/threat/objects/judge.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';
import type { TaxiiStatus } from '#resolvers/threat/statuses/taxii-status.ts';

const addition = z.object({ collection: collectionKey, objects: z.array(z.unknown()) });
export type StixObjectsAdd = z.input<typeof addition>;

/**
 * Adds objects to a collection. One that is not valid fails alone; the others are kept.
 * @throws PayloadTooLargeError for more bytes than `threat.maxContentLength`.
 */
export async function addObjects(ctx: Context, input: StixObjectsAdd): Promise<{ readonly status: TaxiiStatus }> {
  const { collection: key } = parse(addition.pick({ collection: true }), input);
  const collection = expectWritable(ctx, await collectionByKey(ctx, key));
  const { objects } = parse(addition, input);
  const judged = await judgeObjects(ctx, objects);
  refuseTooLarge(judged, ctx.use(threatSettings).maxContentLength);
  return { status: await addJudged(ctx, collection, judged) };
}

/**
 * The same for a collection to which the viewer may add, and a request whose size was limited as it was read.
 * @returns the status at its end.
 */
export const addObjectsTo = async (
  ctx: Context,
  collection: TaxiiCollection,
  objects: readonly unknown[],
): Promise<TaxiiStatus> => addJudged(ctx, collection, await judgeObjects(ctx, objects));

async function addJudged(ctx: Context, collection: TaxiiCollection, judged: readonly Judged[]): Promise<TaxiiStatus> {
  const { ingestBatch } = ctx.use(threatSettings);
  const ingest = new Ingest(collection);
  const totalCount = judged.length;
  try {
    // A request without objects is complete as well.
    for (let done = 0; done < totalCount || !ingest.status; done += ingestBatch) {
      const next = done + ingestBatch;
      const isLast = next >= totalCount;
      await ingest.add(ctx, judged.slice(done, next), { totalCount, isLast, pendings: judged.slice(next) });
    }
  } catch (error) {
    await ingest.giveUp(ctx).catch((failed) => ctx.log.warn({ err: failed }, 'A status was left for the sweep.'));
    throw error;
  }
  return ingest.status as TaxiiStatus;
}

function refuseTooLarge(judged: readonly Judged[], most: number): void {
  let bytes = 0;
  for (const one of judged) {
    bytes += isUnfit(one) ? 0 : Buffer.byteLength(JSON.stringify(one.object.body));
    if (bytes > most)
      throw new PayloadTooLargeError(`The objects have more than threat.maxContentLength (${most}) bytes.`, [
        'objects',
      ]);
  }
}
