import type { ArgBuilder } from '@pothos/core';
import type { ContentBlock } from '#resolvers/threat/content-blocks/content-block.ts';
import {
  type BlocksDeleted,
  type ContentBlocksDelete,
  deleteContentBlocks,
} from '#resolvers/threat/content-blocks/delete.ts';
import { contentBlockCreated, contentBlockRemoved } from '#resolvers/threat/content-blocks/events.ts';
import {
  type BlockList,
  type BlockSelection,
  findContentBlock,
  findContentBlocks,
  heldReadably,
  listContentBlocks,
  listContentBlocksOf,
} from '#resolvers/threat/content-blocks/find.ts';
import { type BlockWatch, watchContentBlocks } from '#resolvers/threat/content-blocks/watch.ts';
import { findInboxMessages } from '#resolvers/threat/inbox/find.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { feed } from '#schema/feed.ts';
import { mutation } from '#schema/mutation.ts';
import { node } from '#schema/node.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    ContentBlock: ContentBlock;
  }
}

export function contentBlocks(builder: Builder): void {
  node(builder, 'ContentBlock', {
    description: 'A piece of content in data collections, as TAXII 1 has it. It never changes.',
    find: findContentBlocks,
    fields: (t) => ({
      timestampLabel: t.expose('timestampLabel', { type: 'DateTime', description: 'The time by which it is polled.' }),
      contentBinding: t.expose('contentBinding', {
        type: 'ContentBinding',
        nullable: true,
        description: 'What the content is; null where its producer did not say.',
      }),
      content: t.exposeString('content', { description: 'The content itself.' }),
      contentIsXml: t.exposeBoolean('contentIsXml', {
        description: 'Whether the content is an XML fragment that stands alone, and not text.',
      }),
      message: t.exposeString('message', { nullable: true, description: 'What its producer said of it.' }),
      inboxMessage: t.field({
        type: 'InboxMessage',
        nullable: true,
        description: 'The message it came with; null where that is gone or may not be seen.',
        resolve: ({ inboxMessageId }, _, ctx) => (inboxMessageId ? ctx.load(findInboxMessages, inboxMessageId) : null),
      }),
      collections: t.field({
        type: ['DataCollection'],
        description: 'The data collections that hold it and that the viewer may read, by name.',
        resolve: ({ id }, _, ctx) => ctx.load(heldReadably, id),
      }),
      createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it came.' }),
      updatedAt: t.field({ type: 'DateTime', description: 'When it came.', resolve: ({ createdAt }) => createdAt }),
    }),
  });
  lists(builder);
  deletion(builder);
  feed(builder, 'contentBlockCreated', {
    description: 'Every content block that comes into data collections that the viewer may read.',
    needs: 'threat:read on one of the data collections',
    args: (arg) => ({
      dataCollections: arg({ type: ['DataCollectionKey'], description: 'Only into these.' }),
      contentBindings: arg({ type: ['ContentBindingInput'], description: 'Only what one of these fits.' }),
    }),
    events: [contentBlockCreated],
    select: (ctx, args) => watchContentBlocks(ctx, args as BlockWatch),
  });
}

const selection = (arg: ArgBuilder<SchemaTypes>) => ({
  beginExclusive: arg({ type: 'DateTime', description: 'Only labels after this one.' }),
  endInclusive: arg({ type: 'DateTime', description: 'Only labels up to this one.' }),
  contentBindings: arg({ type: ['ContentBindingInput'], description: 'Only what one of these fits.' }),
});

function lists(builder: Builder): void {
  builder.queryFields((t) => ({
    contentBlock: t.field({
      type: 'ContentBlock',
      nullable: true,
      description: 'The content block with this id; null when the viewer may see none.',
      args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
      resolve: (_, { id }, ctx) => findContentBlock(ctx, id),
    }),
    contentBlocks: connection(builder, t, 'ContentBlock', {
      description:
        'The blocks of a data collection, by label. A page ends before its contents exceed `threat.maxPageBytes`.',
      args: {
        dataCollection: t.arg({ type: 'DataCollectionKey', required: true, description: 'The data collection.' }),
        ...selection(t.arg),
      },
      resolve: (_, args, page, ctx) => listContentBlocks(ctx, args as BlockList, page),
    }),
  }));
  builder.objectField('DataCollection', 'contentBlocks', (t) =>
    connection(builder, t as never, 'ContentBlock', {
      description: 'Its blocks, by label. A page ends before its contents exceed `threat.maxPageBytes`.',
      args: selection(t.arg),
      resolve: ({ id }: { id: string }, args, page, ctx) => listContentBlocksOf(ctx, id, args as BlockSelection, page),
    }),
  );
}

function deletion(builder: Builder): void {
  mutation(builder, 'contentBlocksDelete', {
    description:
      'Takes blocks out of a data collection and deletes those that no other one holds. Done in batches, each complete in itself.',
    needs: 'threat:read and threat:write on the data collection',
    emits: [contentBlockRemoved],
    input: (t) => ({
      dataCollection: t.field({ type: 'DataCollectionKey', required: true, description: 'The data collection.' }),
      beginExclusive: t.field({ type: 'DateTime', required: true, description: 'Only labels after this one.' }),
      endInclusive: t.field({ type: 'DateTime', description: 'Only labels up to this one; all unless said.' }),
      withInboxMessages: t.boolean({
        description: 'Whether inbox messages none of whose blocks remain are deleted too; false unless said.',
      }),
    }),
    success: (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, BlocksDeleted>) => ({
      detached: t.exposeInt('detached', { description: 'Blocks that were taken out of the data collection.' }),
      deleted: t.exposeInt('deleted', { description: 'Of those, the ones that no other data collection held.' }),
      messagesDeleted: t.exposeInt('messagesDeleted', { description: 'Inbox messages that were deleted.' }),
    }),
    resolve: (ctx, input) => deleteContentBlocks(ctx, input as ContentBlocksDelete),
  });
}
