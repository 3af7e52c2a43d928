import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { defineEvent } from '#kernel/event.ts';
import { type InboxMessage, inboxMessageFacts, inboxMessageGlobalId } from '#resolvers/threat/inbox/inbox-message.ts';

export const inboxMessageReceived = defineEvent(
  'threat.inboxMessage.received',
  z.object({
    inboxMessage: z.object({
      id: z.string(),
      messageId: z.string(),
      contentBlockCount: z.int(),
      storedBlockCount: z.int(),
    }),
    /** The service id of the inbox. */
    service: z.string(),
  }),
  {
    description: 'An inbox took a message in, whether or not anything of it was kept.',
    subject: 'InboxMessage',
    seenWith: 'threat:admin',
  },
);

export function appendReceived(ctx: Context, message: InboxMessage): void {
  const { id, service, messageId, contentBlockCount, storedBlockCount } = message;
  ctx.events.append(
    inboxMessageReceived,
    { inboxMessage: { id: inboxMessageGlobalId(id), messageId, contentBlockCount, storedBlockCount }, service },
    { subject: inboxMessageGlobalId(id), scope: inboxMessageFacts(message) },
  );
}
