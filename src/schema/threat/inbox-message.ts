import { DestinationCollectionError, UnavailableError } from '#kernel/errors.ts';
import type { ContentBlock } from '#resolvers/threat/content-blocks/content-block.ts';
import { contentBlockCreated } from '#resolvers/threat/content-blocks/events.ts';
import { inboxMessageReceived } from '#resolvers/threat/inbox/events.ts';
import {
  findInboxMessage,
  findInboxMessages,
  type InboxMessageList,
  listBlocksOfMessage,
  listInboxMessages,
  rawMessages,
  servicesOfMessages,
  watchInboxMessages,
} from '#resolvers/threat/inbox/find.ts';
import type { InboxMessage, InboxSource } from '#resolvers/threat/inbox/inbox-message.ts';
import {
  type InboxSubmission,
  type SkippedBlock,
  type Submitted,
  submitInboxMessage,
} from '#resolvers/threat/inbox/submit.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { describeField } from '#schema/description.ts';
import { feed } from '#schema/feed.ts';
import { mutation } from '#schema/mutation.ts';
import { node } from '#schema/node.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    InboxMessage: InboxMessage;
    InboxSource: InboxSource;
    SkippedContentBlock: SkippedBlock;
  }
}

export function inboxMessages(builder: Builder): void {
  source(builder);
  node(builder, 'InboxMessage', {
    description: 'One push of content blocks to an inbox, as it came.',
    find: findInboxMessages,
    fields: (t) => ({
      serviceId: t.exposeString('service', { description: 'The service id of the inbox, which may be gone.' }),
      service: t.field({
        type: 'TaxiiService',
        nullable: true,
        description: 'The inbox; null where it is gone.',
        resolve: ({ service }, _, ctx) => ctx.load(servicesOfMessages, service),
      }),
      messageId: t.exposeString('messageId', { description: 'What its sender calls it.' }),
      contentBlockCount: t.exposeInt('contentBlockCount', { description: 'How many blocks it had.' }),
      storedBlockCount: t.exposeInt('storedBlockCount', { description: 'How many of them were kept.' }),
      destinationCollections: t.stringList({
        description: 'The names of data collections that it named.',
        resolve: ({ destinationCollections }) => [...destinationCollections],
      }),
      resultId: t.exposeString('resultId', {
        nullable: true,
        description: 'The result set that its content comes from.',
      }),
      recordCount: t.field({
        type: 'BigInt',
        nullable: true,
        description: 'How many records its sender has.',
        resolve: ({ recordCount }) => (recordCount === null ? null : String(recordCount)),
      }),
      partialCount: t.exposeBoolean('partialCount', { description: 'Whether its sender has more than that.' }),
      source: t.expose('source', {
        type: 'InboxSource',
        nullable: true,
        description: 'What it says of the subscription that its content comes from.',
      }),
      rawBase64: t.string({
        nullable: true,
        description: 'The bytes it came in, in base64; null where they were not kept.',
        async resolve({ id, hasRaw }, _, ctx) {
          const raw = hasRaw ? await ctx.load(rawMessages, id) : null;
          return raw && Buffer.from(raw).toString('base64');
        },
      }),
      contentBlocks: connection(builder, t, 'ContentBlock', {
        description: 'Its blocks that are kept and that the viewer may read, in their order.',
        resolve: ({ id }, _, page, ctx) => listBlocksOfMessage(ctx, id, page),
      }),
      createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it came.' }),
      updatedAt: t.field({ type: 'DateTime', description: 'When it came.', resolve: ({ createdAt }) => createdAt }),
    }),
  });
  lists(builder);
  submission(builder);
  feed(builder, 'inboxMessageReceived', {
    description: 'Every message that an inbox takes in.',
    needs: 'threat:admin on one of its data collections',
    args: (arg) => ({ service: arg({ type: 'TaxiiServiceKey', description: 'Only of this inbox.' }) }),
    events: [inboxMessageReceived],
    select: (ctx, args) => watchInboxMessages(ctx, args as InboxMessageList),
  });
}

function source(builder: Builder): void {
  builder.objectType('InboxSource', {
    description: 'The subscription or poll that the content of an inbox message comes from.',
    fields: (t) => ({
      collectionName: t.exposeString('collectionName', { nullable: true, description: 'Its data collection.' }),
      subscriptionId: t.exposeString('subscriptionId', { nullable: true, description: 'Its subscription.' }),
      begin: t.expose('begin', { type: 'DateTime', nullable: true, description: 'Where its window begins.' }),
      beginInclusive: t.exposeBoolean('beginInclusive', {
        description: 'Whether the begin itself is in the window, as TAXII 1.0 has it.',
      }),
      end: t.expose('end', { type: 'DateTime', nullable: true, description: 'The last label of its window.' }),
    }),
  });
}

function lists(builder: Builder): void {
  const needs = 'threat:admin on one of its data collections';
  builder.queryFields((t) => ({
    inboxMessage: t.field({
      type: 'InboxMessage',
      nullable: true,
      description: describeField({
        description: 'The inbox message with this id; null when the viewer may see none.',
        needs,
      }),
      args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
      resolve: (_, { id }, ctx) => findInboxMessage(ctx, id),
    }),
    inboxMessages: connection(builder, t, 'InboxMessage', {
      description: describeField({ description: 'Messages to inboxes, in the order in which they came.', needs }),
      args: { service: t.arg({ type: 'TaxiiServiceKey', description: 'Only to this inbox, which may be gone.' }) },
      resolve: (_, args, page, ctx) => listInboxMessages(ctx, args as InboxMessageList, page),
    }),
  }));
}

function submission(builder: Builder): void {
  const block = builder.inputType('ContentBlockInput', {
    description: 'A content block on its way into data collections.',
    fields: (t) => ({
      content: t.string({ required: true, description: 'Text that XML 1.0 can hold.' }),
      contentBinding: t.field({ type: 'ContentBindingInput', description: 'What it is, with one subtype at most.' }),
      timestampLabel: t.field({
        type: 'DateTime',
        description: 'The time by which it is polled; the present unless said, and where it lies in the future.',
      }),
      message: t.string({ description: 'What to tell with it.' }),
    }),
  });
  builder.objectType('SkippedContentBlock', {
    description: 'A block of a message that was not kept.',
    fields: (t) => ({
      position: t.exposeInt('position', { description: 'Its place in the message, from 0.' }),
      reason: t.exposeString('reason', { description: 'Why.' }),
    }),
  });
  mutation(builder, 'inboxMessageSubmit', {
    description:
      'Pushes content blocks to an inbox, which puts them into the data collections that take them. The message is kept whatever becomes of its blocks.',
    needs: 'threat:read and threat:write on every data collection it is for',
    errors: [DestinationCollectionError, UnavailableError],
    emits: [inboxMessageReceived, contentBlockCreated],
    input: (t) => ({
      service: t.field({ type: 'TaxiiServiceKey', required: true, description: 'The inbox.' }),
      messageId: t.string({ description: 'What to call the message; a new number unless said.' }),
      destinationCollections: t.stringList({ description: 'Names of data collections, where the inbox wants some.' }),
      contentBlocks: t.field({ type: [block], required: true, description: 'The blocks, in their order.' }),
    }),
    success: (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Submitted>) => ({
      inboxMessage: t.field({
        type: 'InboxMessage',
        nullable: true,
        description: 'The message as it is kept; null for who may not read messages.',
        resolve: ({ inboxMessage }, _, ctx) => ctx.load(findInboxMessages, inboxMessage.id),
      }),
      contentBlocks: t.field({
        type: ['ContentBlock'],
        description: 'The blocks that were kept, in their order.',
        resolve: ({ contentBlocks }): readonly ContentBlock[] => contentBlocks,
      }),
      skipped: t.field({
        type: ['SkippedContentBlock'],
        description: 'Those that nobody took.',
        resolve: ({ skipped }) => skipped,
      }),
    }),
    resolve: (ctx, input) => submitInboxMessage(ctx, input as InboxSubmission),
  });
}
