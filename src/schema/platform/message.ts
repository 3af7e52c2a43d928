import { messageSent } from '#resolvers/platform/messages/message.ts';
import {
  findMessages,
  listMessages,
  type Message,
  sendMessage,
  watchMessages,
} from '#resolvers/platform/messages/messages.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { describeField } from '#schema/description.ts';
import { feed } from '#schema/feed.ts';
import { mutation } from '#schema/mutation.ts';
import { node } from '#schema/node.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Message: Message;
  }
}

export function messages(builder: Builder): void {
  node(builder, 'Message', {
    description: 'Something that somebody said in a channel.',
    find: findMessages,
    fields: (t) => ({
      channel: t.exposeString('channel', { description: 'The lane it was sent in, in lower case.' }),
      text: t.exposeString('text', { description: 'What was said.' }),
      author: t.exposeString('author', { description: 'The name of who said it.' }),
      sentAt: t.expose('sentAt', { type: 'DateTime', description: 'When.' }),
    }),
  });
  builder.queryField('messages', (t) =>
    connection(builder, t, 'Message', {
      description: describeField({
        description: 'What was said in a channel, newest first, as long as `events.retention.live` keeps it.',
        needs: 'message:read@channel/c',
      }),
      args: { channel: t.arg.string({ defaultValue: 'message', description: 'Which one, without regard to case.' }) },
      resolve: (_, { channel }, page, ctx) => listMessages(ctx, { channel: channel ?? null }, page),
    }),
  );
  mutation(builder, 'messageSend', {
    description: 'Says something to all who listen to a channel. `queue` and `system` are the gateway’s own.',
    needs: 'message:send@channel/c',
    emits: [messageSent],
    input: (t) => ({
      channel: t.string({ required: true, description: '1 to 64 characters, without regard to case.' }),
      text: t.string({ required: true, description: 'Not empty, 8 KiB at most.' }),
    }),
    resolve: async (ctx, input) => ({ sent: await sendMessage(ctx, input as { channel: string; text: string }) }),
    success: (t) => ({ sent: t.expose('sent', { type: 'Message', description: 'The message.' }) }),
  });
  feed(builder, 'messages', {
    description: 'What is said in these channels.',
    needs: 'message:read@channel/c',
    args: (arg) => ({ channels: arg.stringList({ required: true, description: 'Without regard to case.' }) }),
    events: [messageSent],
    select: (ctx, { channels }) => watchMessages(ctx, { channels: [...channels] }),
  });
}
