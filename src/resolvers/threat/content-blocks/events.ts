import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { defineEvent, type StoredEvent, shownUnder } from '#kernel/event.ts';
import { canReadData } from '#resolvers/threat/access.ts';
import { formatBinding } from '#resolvers/threat/content-blocks/binding.ts';
import {
  type ContentBlock,
  contentBlockGlobalId,
  type DetachedBlock,
} from '#resolvers/threat/content-blocks/content-block.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';
import { inboxMessageGlobalId } from '#resolvers/threat/inbox/inbox-message.ts';

const blockFacts = z.object({
  id: z.string(),
  timestampLabel: z.string(),
  /** `urn:x`, or `urn:x>subtype`. */
  contentBinding: z.string().nullable(),
});

const about = {
  contentBlock: blockFacts,
  /** TAXII ids of data collections. */
  collections: z.array(z.string()),
  /** The service id of the inbox that it came to, where its message is still known. */
  service: shownUnder(z.string().nullable(), 'serviceId'),
  inboxMessage: shownUnder(z.string().nullable(), 'inboxMessageId'),
};

/** Of the data collections only those that the viewer reads. */
const readableOnly = async (ctx: Context, events: readonly StoredEvent[]): Promise<StoredEvent[]> =>
  events.map((event) => {
    const data = event.data as { readonly collections: readonly string[] };
    return {
      ...event,
      data: { ...data, collections: data.collections.filter((taxiiId) => canReadData(ctx, { taxiiId })) },
    };
  });

export const contentBlockCreated = defineEvent('threat.contentBlock.created', z.object(about), {
  description: 'A content block came into data collections.',
  subject: 'ContentBlock',
  seenWith: 'threat:read',
  show: readableOnly,
});

export const contentBlockRemoved = defineEvent(
  'threat.contentBlock.removed',
  z.object({
    ...about,
    /** Whether the block is gone, since no data collection holds it any more. */
    deleted: z.boolean(),
  }),
  {
    description: 'A content block was taken out of data collections.',
    subject: 'ContentBlock',
    seenWith: 'threat:read',
    show: readableOnly,
  },
);

const factsOf = ({
  id,
  timestampLabel,
  contentBinding,
}: Pick<ContentBlock, 'id' | 'timestampLabel' | 'contentBinding'>) => ({
  id: contentBlockGlobalId(id),
  timestampLabel,
  contentBinding: contentBinding && formatBinding(contentBinding),
});

export function appendCreated(
  ctx: Context,
  block: ContentBlock,
  collections: readonly DataCollection[],
  service: string,
): void {
  const taxiiIds = collections.map(({ taxiiId }) => taxiiId);
  ctx.events.append(
    contentBlockCreated,
    {
      contentBlock: factsOf(block),
      collections: taxiiIds,
      service,
      inboxMessage: block.inboxMessageId && inboxMessageGlobalId(block.inboxMessageId),
    },
    { subject: contentBlockGlobalId(block.id), scope: { collection: taxiiIds } },
  );
}

/**
 * @param collections by row id, all that the blocks were taken out of.
 * @param services the service ids of their messages, by row id of the message, as far as they are known.
 */
export function appendRemoved(
  ctx: Context,
  blocks: readonly DetachedBlock[],
  collections: ReadonlyMap<string, DataCollection>,
  services: ReadonlyMap<string, string>,
): void {
  for (const block of blocks) {
    const taxiiIds = block.dataCollectionIds.flatMap((id) => collections.get(id)?.taxiiId ?? []);
    ctx.events.append(
      contentBlockRemoved,
      {
        contentBlock: factsOf(block),
        collections: taxiiIds,
        service: services.get(block.inboxMessageId ?? '') ?? null,
        inboxMessage: block.inboxMessageId && inboxMessageGlobalId(block.inboxMessageId),
        deleted: block.deleted,
      },
      { subject: contentBlockGlobalId(block.id), scope: { collection: taxiiIds } },
    );
  }
}
