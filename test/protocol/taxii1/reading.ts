import { table10 } from '#plugins/taxii/taxii1/messages/table-10.ts';
import { table11 } from '#plugins/taxii/taxii1/messages/table-11.ts';
import type { MessageElement } from '#plugins/taxii/taxii1/xml/element.ts';
import { type ReadLimits, readMessage } from '#plugins/taxii/taxii1/xml/reader.ts';

export const limits: ReadLimits = {
  maxDepth: 128,
  maxBlockBytes: 1_000_000,
  maxContentBytes: 2_000_000,
  maxElements: 200_000,
};

export async function* chunksOf(document: string | Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  const bytes = typeof document === 'string' ? Buffer.from(document) : document;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export const read11 = (document: string | Uint8Array, over: Partial<ReadLimits> = {}, size?: number) =>
  readMessage(chunksOf(document, size), table11, { ...limits, ...over });

export const read10 = (document: string | Uint8Array) => readMessage(chunksOf(document), table10, limits);

/** Why a document is refused: the name of the error, and its message. */
export const faultOf = (reading: Promise<MessageElement>): Promise<string> =>
  reading.then(
    () => 'read',
    (error: Error) => `${error.constructor.name}: ${error.message}`,
  );

export const ns11 = table11.namespace;
export const ns10 = table10.namespace;

/** An inbox message of 1.1 with one block of this content. */
export const inbox11 = (content: string, scope = '') =>
  `<t:Inbox_Message xmlns:t="${ns11}"${scope} message_id="1"><t:Content_Block>` +
  `<t:Content_Binding binding_id="urn:x"/><t:Content>${content}</t:Content></t:Content_Block></t:Inbox_Message>`;

export const contentOf = (message: MessageElement) =>
  message.children[0]?.children.find(({ name }) => name === 'Content')?.content ?? null;
