import { z } from 'zod';
import { type Context, microseconds } from '#kernel/context.ts';
import { DeniedError, NotFoundError } from '#kernel/errors.ts';
import { isUuid } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import {
  type BlockPlace,
  type BlockSlice,
  contentBlockStore,
  type Portion,
} from '#resolvers/threat/content-blocks/content-block.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';
import { refuseUnavailable, servedCollection } from '#resolvers/threat/data-collections/served.ts';
import { dataCollectionKey, serviceKey } from '#resolvers/threat/keys.ts';
import { countUpTo, type PollPart, type PollPending, pending } from '#resolvers/threat/polls/poll-part.ts';
import { type ResultSet, resultSetStore } from '#resolvers/threat/polls/result-set.ts';
import { useService } from '#resolvers/threat/services/use.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';

const fulfillment = z.object({
  /** The poll service that a message came to; without it any way to the data collection will do. */
  service: serviceKey.nullish(),
  dataCollection: dataCollectionKey,
  resultId: z.string('resultId must be a text.'),
  part: z
    .int('part must be a whole number.')
    .min(1, 'Parts are numbered from 1.')
    .max(2 ** 31 - 1),
});
export type PollFulfillment = z.input<typeof fulfillment>;

/**
 * A part of a result set. Blocks that come or go meanwhile make no part overlap another, and lose none of those left.
 * @throws NotFoundError for a result id that is unknown, expired, or of another data collection; UnavailableError;
 * DeniedError where the storage has no result sets.
 */
export async function fulfillPoll(ctx: Context, input: PollFulfillment): Promise<PollPart | PollPending> {
  const { service: key, dataCollection, resultId, part } = parse(fulfillment, input);
  const service = key ? await useService(ctx, key, 'POLL') : null;
  const collection = await servedCollection(ctx, dataCollection, service);
  refuseUnavailable(collection);
  if (!ctx.find(resultSetStore)) throw new DeniedError('Poll fulfilment is not supported');
  return ctx.atomically(async (ctx) => {
    // Under its lock, so that two callers do not part the same blocks in two ways.
    const set = isUuid(resultId) ? await ctx.use(resultSetStore).lock(resultId) : null;
    const known = set && set.dataCollectionId === collection.id && set.expiresAt > microseconds(ctx.clock.now());
    if (!known) throw new NotFoundError('Requested result set was not found', ['resultId']);
    return partOf(ctx, set, collection, part);
  });
}

async function partOf(
  ctx: Context,
  set: ResultSet,
  collection: DataCollection,
  part: number,
): Promise<PollPart | PollPending> {
  const slice = await read(ctx, set, part);
  if (slice === 'NOT_READY') return pending(set.id);
  return {
    dataCollection: collection,
    resultId: set.id,
    part,
    more: slice.more,
    recordCount: ctx.use(threatSettings).countBlocks ? await countUpTo(ctx, set, set.maxResultCount) : null,
    begin: set.begin,
    end: set.endStated ? set.end : null,
    subscriptionId: set.subscriptionId,
    contentBlocks: slice.blocks,
    message: null,
  };
}

const nothing: BlockSlice = { blocks: [], more: false };

async function read(ctx: Context, set: ResultSet, part: number): Promise<BlockSlice | 'NOT_READY'> {
  const store = ctx.use(contentBlockStore);
  const sets = ctx.use(resultSetStore);
  const portion = { count: set.partSize, bytes: ctx.use(threatSettings).maxPageBytes };
  const before = part === 1 ? null : await endOf(ctx, set, part - 1, portion);
  if (before === 'NOT_READY') return before;
  if (before === 'BEYOND') return nothing;
  const own = await sets.nearestEnd(set.id, part);
  if (own?.part === part) return store.readUpTo(set, before, own.last);
  const slice = await store.read(set, before, portion);
  const last = slice === 'NOT_READY' ? undefined : slice.blocks.at(-1);
  if (last) await sets.keepEnds(set.id, [{ part, last: { timestampLabel: last.timestampLabel, id: last.id } }]);
  return slice;
}

/** How many ends of parts are looked for at once. */
const stride = 1000;

/** Where a part ends: known, or found by walking from the nearest known end before it. BEYOND when there is no such part. */
async function endOf(
  ctx: Context,
  set: ResultSet,
  part: number,
  portion: Portion,
): Promise<BlockPlace | 'BEYOND' | 'NOT_READY'> {
  const sets = ctx.use(resultSetStore);
  const nearest = await sets.nearestEnd(set.id, part);
  let reached = nearest?.part ?? 0;
  let place = nearest?.last ?? null;
  while (reached < part) {
    const walked = await ctx.use(contentBlockStore).walk(set, place, portion, Math.min(stride, part - reached));
    if (walked === 'NOT_READY') return walked;
    const from = reached;
    if (walked.ends.length === 0) return 'BEYOND';
    await sets.keepEnds(
      set.id,
      walked.ends.map((last, index) => ({ part: from + index + 1, last })),
    );
    reached += walked.ends.length;
    place = walked.ends.at(-1) ?? null;
  }
  return place ?? 'BEYOND';
}
