import { z } from 'zod';
import { allow, visible } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ForbiddenError } from '#kernel/errors.ts';
import { eventLog, type StoredEvent } from '#kernel/event.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { findEvents } from '#kernel/history.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import type { PermissionName } from '#kernel/permission.ts';
import {
  channelName,
  defaultChannel,
  type MessageData,
  messageSent,
  messageText,
  reservedChannels,
} from '#resolvers/platform/messages/message.ts';

/** A message is the event that it was sent. */
export interface Message extends z.output<typeof MessageData> {
  /** Row id of the event. */
  readonly id: string;
  readonly sentAt: string;
}

const toMessage = ({ id, data, occurredAt }: StoredEvent): Message => ({
  ...(data as z.output<typeof MessageData>),
  id,
  sentAt: occurredAt,
});

/** @throws ForbiddenError for a channel that is reserved, or in which the viewer may not. */
function allowIn(ctx: Context, need: PermissionName, channel: string): void {
  allow(ctx, need, { channel });
  if (reservedChannels.has(channel)) throw new ForbiddenError(`The channel ${channel} is the gateway’s own.`);
}

const MessageSend = z.object({ channel: channelName, text: messageText });

/** Says something in a channel. */
export async function sendMessage(ctx: Context, input: z.input<typeof MessageSend>): Promise<Message> {
  const { channel, text } = parse(MessageSend, input);
  allowIn(ctx, 'message:send', channel);
  return ctx.atomically(async (ctx) => {
    const message = { channel, text, author: ctx.viewer.name };
    const id = newId();
    ctx.events.append(messageSent, message, { id, scope: { channel } });
    return { ...message, id, sentAt: microseconds(ctx.clock.now()) };
  });
}

const MessageList = z.object({
  channel: channelName.nullish().transform((channel) => channel ?? defaultChannel),
});

/** What was said in a channel, newest first, as long as the event log keeps it. */
export async function listMessages(
  ctx: Context,
  input: z.input<typeof MessageList>,
  request: PageRequest,
): Promise<Page<Message>> {
  const { channel } = parse(MessageList, input);
  allowIn(ctx, 'message:read', channel);
  const names = [messageSent.name];
  const page = await ctx
    .use(eventLog)
    .page(
      { names, scope: [{ kind: 'channel', value: channel }] },
      [{ names, visibility: visible(ctx, 'message:read'), owner: null }],
      request,
    );
  return { ...page, items: page.items.map(({ node, position }) => ({ node: toMessage(node), position })) };
}

/** The messages with these ids that the viewer may see, null for the others. */
export async function findMessages(ctx: Context, ids: readonly string[]): Promise<(Message | null)[]> {
  const events = await findEvents(ctx, ids);
  return events.map((event) => (event?.name === messageSent.name ? toMessage(event) : null));
}

const MessageWatch = z.object({
  channels: z.array(channelName).min(1, 'Name at least one channel.').max(100, 'channels may not hold more than 100.'),
});

/** What is said in these channels, all of which the viewer may read. */
export async function watchMessages(ctx: Context, input: z.input<typeof MessageWatch>): Promise<FeedSelection> {
  const channels = new Set(parse(MessageWatch, input).channels);
  for (const channel of channels) allowIn(ctx, 'message:read', channel);
  return {
    names: [messageSent.name],
    matches: ({ data }) => channels.has((data as z.output<typeof MessageData>).channel),
  };
}
