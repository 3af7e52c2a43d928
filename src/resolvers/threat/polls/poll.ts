import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { DeniedError, NotFoundError, UnavailableError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { ownSubscription, subscriptionNotFound } from '#resolvers/threat/collection-subscriptions/access.ts';
import {
  type CollectionSubscription,
  responseTypes,
} from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import { contentBindings } from '#resolvers/threat/content-blocks/binding.ts';
import { type BlockSlice, contentBlockStore } from '#resolvers/threat/content-blocks/content-block.ts';
import { timestampLabel } from '#resolvers/threat/content-blocks/label.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';
import { refuseUnavailable, servedCollection } from '#resolvers/threat/data-collections/served.ts';
import { dataCollectionKey, serviceKey } from '#resolvers/threat/keys.ts';
import { capped, countUpTo, type PollPart, type PollPending, pending } from '#resolvers/threat/polls/poll-part.ts';
import { resultSetStore } from '#resolvers/threat/polls/result-set.ts';
import { keepResultSet, type Saved } from '#resolvers/threat/polls/save.ts';
import { wholeLabels } from '#resolvers/threat/polls/whole-labels.ts';
import { windowOf } from '#resolvers/threat/polls/window.ts';
import { useService } from '#resolvers/threat/services/use.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';

const pollInput = z.object({
  service: serviceKey,
  dataCollection: dataCollectionKey,
  subscriptionId: z.string('subscriptionId must be a text.').nullish(),
  beginExclusive: timestampLabel().nullish(),
  endInclusive: timestampLabel().nullish(),
  responseType: z.enum(responseTypes).nullish(),
  contentBindings: contentBindings.nullish(),
  allowAsynch: z.boolean().nullish(),
});
export type PollInput = z.input<typeof pollInput>;

/** What a door knows of a poll beside its arguments. */
export interface PollWire {
  /** Whether the message carries a query expression. */
  readonly hasQuery?: boolean;
  /** TAXII 1.0: only feeds are polled, and an answer has no parts. */
  readonly feedsOnly?: boolean;
}

/**
 * Pulls blocks of a data collection: those whose labels lie after the begin, up to the end. An answer with more than one
 * part makes a result set, by which the others are fulfilled.
 * @throws in this order: DeniedError without a subscription where one is required, NotFoundError, UnavailableError,
 * DeniedError for a subscription that is not active, InputError (at `beginExclusive`, `query`), UnsupportedContentError.
 */
export async function pollDataCollection(
  ctx: Context,
  input: PollInput,
  wire: PollWire = {},
): Promise<PollPart | PollPending> {
  const given = parse(pollInput, input);
  const service = await useService(ctx, given.service, 'POLL');
  if (service.subscriptionRequired && !given.subscriptionId) throw new DeniedError('Subscription id is required');
  const collection = await servedCollection(ctx, given.dataCollection, service);
  if (wire.feedsOnly) refuseSet(collection);
  refuseUnavailable(collection);
  const subscription = given.subscriptionId ? await pollable(ctx, given.subscriptionId, collection) : null;
  const window = await windowOf(ctx, collection, {
    begin: given.beginExclusive ?? null,
    end: given.endInclusive ?? null,
    contentBindings: subscription?.contentBindings ?? given.contentBindings ?? [],
    query: wire.hasQuery ?? false,
  });
  const poll: Poll = {
    service,
    collection,
    window,
    endStated: collection.type === 'DATA_FEED' || given.endInclusive != null,
    subscriptionId: subscription?.id ?? null,
    waits: given.allowAsynch ?? false,
  };
  const countOnly = (subscription?.responseType ?? given.responseType) === 'COUNT_ONLY';
  if (countOnly) return counted(ctx, poll);
  const partsAllowed = !wire.feedsOnly && ctx.find(resultSetStore) !== null;
  return partsAllowed ? inParts(ctx, poll) : inOnePart(ctx, poll);
}

interface Poll extends Saved {
  /** Whether the caller takes an answer later. */
  readonly waits: boolean;
}

function refuseSet({ type }: DataCollection): void {
  if (type === 'DATA_SET')
    throw new NotFoundError(
      'The Named Data Collection is not a Data Feed, it is a Data Set. Only Data Feeds can be polled in TAXII 1.0',
      ['dataCollection'],
    );
}

/** @throws NotFoundError for one that is not the viewer's or of another data collection, DeniedError. */
async function pollable(ctx: Context, id: string, collection: DataCollection): Promise<CollectionSubscription> {
  const subscription = await ownSubscription(ctx, id);
  if (subscription?.dataCollectionId !== collection.id) throw subscriptionNotFound();
  if (subscription.status !== 'ACTIVE')
    throw new DeniedError(`The subscription is ${subscription.status === 'PAUSED' ? 'paused' : 'ended'}`);
  return subscription;
}

const portionOf = (ctx: Context, { service }: Poll) => ({
  count: service.maxResultSize,
  bytes: ctx.use(threatSettings).maxPageBytes,
});

/** Without blocks: how many there are, and by which result set they can be had where they fill more than one part. */
async function counted(ctx: Context, poll: Poll): Promise<PollPart | PollPending> {
  const first = await ctx.use(contentBlockStore).walk(poll.window, null, portionOf(ctx, poll), 1);
  if (first === 'NOT_READY') return later(ctx, poll);
  const recordCount = await countUpTo(ctx, poll.window, poll.service.maxResultCount);
  const saved = first.more && ctx.find(resultSetStore) ? await keepResultSet(ctx, poll, null) : null;
  return { ...partOf(poll), resultId: saved, more: first.more, recordCount };
}

async function inParts(ctx: Context, poll: Poll): Promise<PollPart | PollPending> {
  const slice = await ctx.use(contentBlockStore).read(poll.window, null, portionOf(ctx, poll));
  if (slice === 'NOT_READY') return later(ctx, poll);
  const recordCount = await countFull(ctx, poll, slice);
  const last = slice.blocks.at(-1);
  const resultId = slice.more && last ? await keepResultSet(ctx, poll, last) : null;
  return { ...partOf(poll), resultId, more: slice.more, recordCount, contentBlocks: slice.blocks };
}

/**
 * Where there are no parts an answer holds all blocks of the labels it holds, and its end is the last of them: polling
 * from there goes on without loss.
 */
async function inOnePart(ctx: Context, poll: Poll): Promise<PollPart | PollPending> {
  const slice = await wholeLabels(ctx, poll.window, portionOf(ctx, poll));
  if (slice === 'NOT_READY') return later(ctx, poll);
  const recordCount = await countFull(ctx, poll, slice);
  const part = { ...partOf(poll), recordCount, contentBlocks: slice.blocks };
  if (!slice.more) return part;
  return {
    ...part,
    more: true,
    end: slice.blocks.at(-1)?.timestampLabel ?? part.end,
    message: 'There are more content blocks: poll again with the end of this answer as the exclusive begin.',
  };
}

async function countFull(ctx: Context, { window, service }: Poll, slice: BlockSlice) {
  if (!ctx.use(threatSettings).countBlocks) return null;
  return slice.more
    ? countUpTo(ctx, window, service.maxResultCount)
    : capped(slice.blocks.length, service.maxResultCount);
}

/** @throws UnavailableError for a caller who does not wait, DeniedError where there are no result sets. */
async function later(ctx: Context, poll: Poll): Promise<PollPending> {
  if (!poll.waits)
    throw new UnavailableError('The content is not ready. Poll again later, or allow an asynchronous answer.');
  if (!ctx.find(resultSetStore)) throw new DeniedError('Poll fulfilment is not supported');
  return pending(await keepResultSet(ctx, poll, null));
}

function partOf(poll: Poll): PollPart {
  return {
    dataCollection: poll.collection,
    resultId: null,
    part: 1,
    more: false,
    recordCount: null,
    begin: poll.window.begin,
    end: poll.endStated ? poll.window.end : null,
    subscriptionId: poll.subscriptionId,
    contentBlocks: [],
    message: null,
  };
}
