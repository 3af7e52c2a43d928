import { eventLog } from '#kernel/event.ts';
import { definePlugin } from '#plugins/define.ts';
import { messageArea, messageSent } from '#resolvers/platform/messages/message.ts';
import { messages as messageTypes } from '#schema/platform/message.ts';

export const messages = definePlugin({
  name: 'messages',
  version: '1.0.0',
  description: 'Messages between people, in channels.',
  permissions: [messageArea],
  events: [messageSent],
  uses: { eventLog },
  schema: messageTypes,
});
