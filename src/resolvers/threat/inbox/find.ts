import { z } from 'zod';
import { allowSomewhere, visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { rowIdOf } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { canAdmin, canReadData } from '#resolvers/threat/access.ts';
import type { ContentBlock } from '#resolvers/threat/content-blocks/content-block.ts';
import { pages } from '#resolvers/threat/content-blocks/find.ts';
import { dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { inboxMessageReceived } from '#resolvers/threat/inbox/events.ts';
import { type InboxMessage, inboxMessageFacts, inboxMessageStore } from '#resolvers/threat/inbox/inbox-message.ts';
import { type ServiceKey, serviceByKey, serviceKey } from '#resolvers/threat/keys.ts';
import { findServices } from '#resolvers/threat/services/find.ts';
import { serviceStore, type TaxiiService } from '#resolvers/threat/services/service.ts';

/** The messages with these row ids that the viewer administers. */
export async function findInboxMessages(ctx: Context, ids: readonly string[]): Promise<(InboxMessage | null)[]> {
  const messages = await ctx.use(inboxMessageStore).getMany(ids);
  return messages.map((message) => (message && canAdmin(ctx, inboxMessageFacts(message)) ? message : null));
}

/** The message with this id; null when the viewer administers none. */
export async function findInboxMessage(ctx: Context, id: string): Promise<InboxMessage | null> {
  const row = rowIdOf('InboxMessage', id);
  return row === null ? null : ctx.load(findInboxMessages, row);
}

const listInput = z.object({ service: serviceKey.nullish() });
export type InboxMessageList = z.input<typeof listInput>;

/** Messages in the order in which they came. @throws ForbiddenError, AuthenticationError for who administers nothing. */
export async function listInboxMessages(
  ctx: Context,
  input: InboxMessageList,
  page: PageRequest,
): Promise<Page<InboxMessage>> {
  allowSomewhere(ctx, 'threat:admin');
  const { service: key } = parse(listInput, input);
  const service = key ? await serviceIdOf(ctx, key) : null;
  return ctx.use(inboxMessageStore).page({ service, visibility: visible(ctx, 'threat:admin'), page });
}

/**
 * The service id that is named: that of a service that is gone still names its messages. An id that names nothing gives
 * one that no message has.
 */
async function serviceIdOf(ctx: Context, key: ServiceKey): Promise<string> {
  if ('serviceId' in key) return key.serviceId;
  return (await serviceByKey(ctx, key))?.serviceId ?? '';
}

/** The services with these service ids that the viewer sees; null for those that are gone. */
export async function servicesOfMessages(
  ctx: Context,
  serviceIds: readonly string[],
): Promise<(TaxiiService | null)[]> {
  const found = await ctx.use(serviceStore).getByServiceId(serviceIds);
  return Promise.all(found.map((service) => (service ? ctx.load(findServices, service.id) : null)));
}

/** The bytes that messages came in; null where they were not kept. */
export const rawMessages = (ctx: Context, ids: readonly string[]): Promise<(Uint8Array | null)[]> =>
  ctx.use(inboxMessageStore).raws(ids);

/** The blocks of a message that the viewer reads: asked for many messages at once, they take one read. */
export const listBlocksOfMessage = (ctx: Context, messageId: string, page: PageRequest): Promise<Page<ContentBlock>> =>
  ctx.load(blocksOfMessages, messageId, JSON.stringify(page));

async function blocksOfMessages(ctx: Context, ids: readonly string[], variant: string): Promise<Page<ContentBlock>[]> {
  const messages = await ctx.use(inboxMessageStore).getMany(ids);
  const taxiiIds = [...new Set(messages.flatMap((message) => message?.collectionTaxiiIds ?? []))];
  const collections = (await ctx.use(dataCollectionStore).getByTaxiiId(taxiiIds)).filter((one) => one !== null);
  const readable = collections.filter((collection) => canReadData(ctx, collection)).map(({ id }) => id);
  return pages(
    ctx,
    ids.map((id) => ({ kind: 'inboxMessage', id, heldBy: readable })),
    JSON.parse(variant) as PageRequest,
  );
}

/** Messages that inboxes take in. @throws ForbiddenError, AuthenticationError for who administers nothing. */
export async function watchInboxMessages(ctx: Context, input: InboxMessageList): Promise<FeedSelection> {
  allowSomewhere(ctx, 'threat:admin');
  const { service: key } = parse(listInput, input);
  const service = key ? await serviceIdOf(ctx, key) : null;
  return {
    names: [inboxMessageReceived.name],
    matches: ({ data }) =>
      service === null || (data as z.output<(typeof inboxMessageReceived)['data']>).service === service,
  };
}
