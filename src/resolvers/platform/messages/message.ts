import { z } from 'zod';
import type { PermissionArea } from '#kernel/catalogue.ts';
import { defineEvent } from '#kernel/event.ts';
import { foldText } from '#kernel/filter.ts';

const longestChannel = 64;
const mostBytes = 8 * 1024;
const malformed = 'malformed message';

/** How a channel is written: without white space around it, and without regard to case. */
const foldChannel = (text: string): string => foldText(text.trim());

const isChannel = (folded: string): boolean =>
  folded !== '' &&
  [...folded].length <= longestChannel &&
  folded.isWellFormed() &&
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  !/[\u0000-\u001f\u007f]/.test(folded);

export const channelName = z.string(malformed).transform(foldChannel).refine(isChannel, malformed);

/** What is said: any lines of text. */
export const messageText = z
  .string(malformed)
  .normalize('NFC')
  .refine((text) => text.trim() !== '', malformed)
  .refine((text) => text.isWellFormed() && !text.includes('\u0000'), malformed)
  .refine((text) => Buffer.byteLength(text) <= mostBytes, `text may not be larger than ${mostBytes} bytes.`);

/** Lanes that carry what the gateway itself says, in events of their own. */
export const reservedChannels: ReadonlySet<string> = new Set(['queue', 'system']);

export const defaultChannel = 'message';

export const messageArea: PermissionArea = {
  name: 'message',
  description: 'Messages between people, by channel.',
  scope: 'kinds',
  kinds: {
    channel: {
      resolve: async (_, text) => {
        const channel = foldChannel(text);
        return isChannel(channel) ? channel : null;
      },
      display: async (_, channel) => channel,
    },
  },
  verbs: {
    read: { description: 'See messages.', standard: `channel/${defaultChannel}` },
    send: { description: 'Send messages.', standard: `channel/${defaultChannel}` },
  },
};

export const MessageData = z.object({ channel: z.string(), text: z.string(), author: z.string() });

export const messageSent = defineEvent('platform.message.sent', MessageData, {
  description: 'Somebody said something in a channel.',
  subject: null,
  seenWith: 'message:read',
});
