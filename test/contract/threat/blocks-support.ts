import { newId } from '#kernel/id.ts';
import type { ContentBlock } from '#resolvers/threat/content-blocks/content-block.ts';
import type { InboxMessage } from '#resolvers/threat/inbox/inbox-message.ts';

/** A label so many seconds after another. */
export const label = (place: number): string =>
  new Date(Date.UTC(2026, 2, 1) + place * 1000).toISOString().replace('Z', '000Z');

/** @param place of its label, and its content unless said. */
export const aBlock = (place: number, parts: Partial<ContentBlock> = {}): ContentBlock => ({
  id: newId(),
  timestampLabel: label(place),
  contentBinding: { binding: 'urn:x', subtypes: [] },
  content: String(place),
  contentIsXml: false,
  message: 'A word.',
  inboxMessageId: null,
  createdAt: '2026-03-01T09:30:00.123456Z',
  ...parts,
});

export const aMessage = (parts: Partial<InboxMessage> = {}): InboxMessage => ({
  id: newId(),
  service: 'inbox',
  messageId: '123',
  contentBlockCount: 3,
  storedBlockCount: 2,
  destinationCollections: ['one', 'other "name"'],
  collectionTaxiiIds: [],
  resultId: null,
  recordCount: null,
  partialCount: false,
  source: null,
  hasRaw: false,
  createdAt: '2026-03-01T09:30:00.123456Z',
  ...parts,
});
