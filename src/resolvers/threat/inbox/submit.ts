import { z } from 'zod';
import { type Context, microseconds } from '#kernel/context.ts';
import { OutdatedError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { line, parse } from '#kernel/input.ts';
import { blockBinding, supports } from '#resolvers/threat/content-blocks/binding.ts';
import { type ContentBlock, contentBlockStore } from '#resolvers/threat/content-blocks/content-block.ts';
import { appendCreated } from '#resolvers/threat/content-blocks/events.ts';
import { assignLabels, timestampLabel } from '#resolvers/threat/content-blocks/label.ts';
import { type DataCollection, dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { allWritable, destinationsOf } from '#resolvers/threat/inbox/destinations.ts';
import { appendReceived } from '#resolvers/threat/inbox/events.ts';
import { type InboxMessage, type InboxSource, inboxMessageStore } from '#resolvers/threat/inbox/inbox-message.ts';
import { serviceKey } from '#resolvers/threat/keys.ts';
import type { InboxService } from '#resolvers/threat/services/service.ts';
import { useService } from '#resolvers/threat/services/use.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';

const notXml = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** Text that an XML document of version 1.0 can hold, as it is given. */
const xmlText = (name: string) =>
  z
    .string(`${name} must be a text.`)
    .refine((text) => !notXml.test(text), `${name} may hold only characters that XML 1.0 has.`);

const blockInput = z.object({
  content: xmlText('content'),
  contentIsXml: z.boolean().default(false),
  contentBinding: blockBinding.nullish(),
  timestampLabel: timestampLabel().nullish(),
  message: xmlText('message').nullish(),
});

const submission = z.object({
  service: serviceKey,
  messageId: line('messageId', { min: 1, max: 1000 }).nullish(),
  destinationCollections: z.array(z.string()).max(1000, 'Name 1,000 data collections at most.').nullish(),
  contentBlocks: z.array(blockInput),
});
export type InboxSubmission = z.input<typeof submission>;
type BlockInput = z.output<typeof blockInput>;

/** What a door knows of a message beside its content. */
export interface InboxWire {
  /** The bytes it came in. */
  readonly raw?: Uint8Array;
  readonly resultId?: string | null;
  readonly recordCount?: number | null;
  readonly partialCount?: boolean;
  readonly source?: InboxSource | null;
  /** TAXII 1.0: the message is for whatever the viewer can fill, and nothing of that is refused. */
  readonly toAllWritable?: boolean;
}

/** A block of a message that nobody took. */
export interface SkippedBlock {
  readonly position: number;
  readonly reason: string;
}

export interface Submitted {
  readonly inboxMessage: InboxMessage;
  /** In the order of the message. */
  readonly contentBlocks: readonly ContentBlock[];
  readonly skipped: readonly SkippedBlock[];
}

/** Milliseconds that a message may take: it is kept as a whole, and may be as large as a door allows. */
const timeout = 120_000;

/**
 * Takes a message in: its blocks go into the data collections that it is for, as far as the inbox and each of them
 * support what they are. The message is kept, whatever became of its blocks.
 * @throws NotFoundError, DestinationCollectionError, ForbiddenError, AuthenticationError, UnavailableError: nothing is kept.
 */
export async function submitInboxMessage(
  ctx: Context,
  input: InboxSubmission,
  wire: InboxWire = {},
): Promise<Submitted> {
  const { service: key, ...given } = parse(submission, input);
  const inbox = await useService(ctx, key, 'INBOX');
  const names = given.destinationCollections ?? [];
  const work = async (ctx: Context): Promise<Submitted> => {
    const destinations = wire.toAllWritable ? await allWritable(ctx, inbox) : await destinationsOf(ctx, inbox, names);
    const accepted = given.contentBlocks.map((block) => receiversOf(inbox, destinations, block));
    const taken = given.contentBlocks.flatMap((block, position) => {
      const collections = accepted[position] ?? [];
      return collections.length === 0 ? [] : [{ block, collections }];
    });
    const message: InboxMessage = {
      id: newId(),
      service: inbox.serviceId,
      messageId: given.messageId ?? newMessageId(),
      contentBlockCount: given.contentBlocks.length,
      storedBlockCount: taken.length,
      destinationCollections: names,
      collectionTaxiiIds: destinations.map(({ taxiiId }) => taxiiId),
      resultId: wire.resultId ?? null,
      recordCount: wire.recordCount ?? null,
      partialCount: wire.partialCount ?? false,
      source: wire.source ?? null,
      hasRaw: wire.raw !== undefined && ctx.use(threatSettings).saveRawInboxMessages,
      createdAt: microseconds(ctx.clock.now()),
    };
    await ctx.use(inboxMessageStore).insert(message, message.hasRaw ? (wire.raw ?? null) : null);
    const contentBlocks = await keep(ctx, message, taken);
    appendReceived(ctx, message);
    contentBlocks.forEach((block, index) => {
      appendCreated(ctx, block, taken[index]?.collections ?? [], inbox.serviceId);
    });
    const skipped = accepted.flatMap((collections, position) =>
      collections.length > 0 ? [] : [{ position, reason: whyNot(inbox, given.contentBlocks[position]) }],
    );
    return { inboxMessage: message, contentBlocks, skipped };
  };
  return ctx.atomically(work, { timeout });
}

/** The data collections that take a block, where the inbox itself does. */
function receiversOf(
  inbox: InboxService,
  destinations: readonly DataCollection[],
  { contentBinding = null }: BlockInput,
): DataCollection[] {
  if (!supports(inbox, contentBinding)) return [];
  return destinations.filter((collection) => supports(collection, contentBinding));
}

const whyNot = (inbox: InboxService, block: BlockInput | undefined): string =>
  supports(inbox, block?.contentBinding ?? null)
    ? 'No data collection of the message takes this content binding.'
    : 'The inbox does not take this content binding.';

type Taken = readonly { readonly block: BlockInput; readonly collections: readonly DataCollection[] }[];

async function keep(ctx: Context, message: InboxMessage, taken: Taken): Promise<ContentBlock[]> {
  if (taken.length === 0) return [];
  const ids = [...new Set(taken.flatMap(({ collections }) => collections.map(({ id }) => id)))];
  // Labels are given under the locks, which are held to the commit: so they rise in the order of commits.
  const locked = await ctx.use(dataCollectionStore).lock(ids);
  if (locked.some((collection) => !collection?.available))
    throw new OutdatedError('A data collection of the message was changed by somebody else just now. Try again.');
  const newest = (await ctx.use(contentBlockStore).newestLabels(ids)).filter((label) => label !== null);
  const labels = assignLabels(
    taken.map(({ block }) => block.timestampLabel ?? null),
    ctx.clock.now(),
    newest.sort().at(-1) ?? null,
  );
  const blocks = taken.map(
    ({ block }, index): ContentBlock => ({
      id: newId(),
      timestampLabel: labels[index] ?? message.createdAt,
      contentBinding: block.contentBinding ?? null,
      content: block.content,
      contentIsXml: block.contentIsXml,
      message: block.message || null,
      inboxMessageId: message.id,
      createdAt: message.createdAt,
    }),
  );
  await ctx.use(contentBlockStore).add(
    blocks.map((block, index) => ({
      block,
      dataCollectionIds: (taken[index]?.collections ?? []).map(({ id }) => id),
    })),
  );
  await ctx.use(dataCollectionStore).addToVolumes(
    ids.map((id) => ({
      id,
      by: taken.filter(({ collections }) => collections.some((collection) => collection.id === id)).length,
    })),
  );
  return blocks;
}

/** An id of digits only, which every version of TAXII takes. */
const newMessageId = (): string => String(BigInt(`0x${newId().replaceAll('-', '')}`));
