import { readBlockBinding } from '#plugins/taxii/taxii1/bindings.ts';
import type { Exchange, Received } from '#plugins/taxii/taxii1/exchange.ts';
import { writeStatus } from '#plugins/taxii/taxii1/status.ts';
import {
  attribute,
  child,
  childrenOf,
  childText,
  type MessageElement,
  needed,
} from '#plugins/taxii/taxii1/xml/element.ts';
import type { Xml } from '#plugins/taxii/taxii1/xml/write.ts';
import type { InboxSource } from '#resolvers/threat/inbox/inbox-message.ts';
import { submitInboxMessage } from '#resolvers/threat/inbox/submit.ts';
import type { InboxService } from '#resolvers/threat/services/service.ts';

/** The data collections that a message names. */
export const destinationsOf = ({ message }: Received): string[] =>
  childrenOf(message, 'Destination_Collection_Name').map(({ text }) => text);

/** Takes blocks in. */
export async function takeIn(exchange: Exchange<InboxService>): Promise<Xml> {
  const { ctx, service, version, message, raw } = exchange;
  const count = child(message, 'Record_Count');
  await submitInboxMessage(
    ctx,
    {
      service: { serviceId: service.serviceId },
      messageId: needed(message, 'message_id') || null,
      destinationCollections: destinationsOf(exchange),
      contentBlocks: childrenOf(message, 'Content_Block').map((block) => readBlock(exchange, block)),
    },
    {
      ...(raw && { raw }),
      resultId: attribute(message, 'result_id'),
      recordCount: count && Math.min(Number(count.text), Number.MAX_SAFE_INTEGER),
      partialCount: count !== null && attribute(count, 'partial_count') === 'true',
      source: readSource(exchange),
      toAllWritable: version.number === '1.0',
    },
  );
  return writeStatus(version, { type: 'SUCCESS', message: null }, needed(message, 'message_id'));
}

function readBlock(exchange: Exchange, block: MessageElement) {
  const content = child(block, 'Content')?.content ?? null;
  return {
    content: content?.text ?? '',
    contentIsXml: content?.isXml ?? false,
    contentBinding: readBlockBinding(exchange, block),
    timestampLabel: childText(block, 'Timestamp_Label'),
    message: childText(block, 'Message'),
  };
}

/** Where the content comes from, as its sender says. */
function readSource({ version, message }: Exchange): InboxSource | null {
  const source = child(message, 'Source_Subscription');
  if (!source) return null;
  const end = childText(source, 'Inclusive_End_Timestamp');
  const collectionName = needed(source, version.collectionName);
  return version.number === '1.0'
    ? {
        collectionName,
        subscriptionId: attribute(source, 'subscription_id'),
        begin: childText(source, 'Inclusive_Begin_Timestamp'),
        beginInclusive: true,
        end,
      }
    : {
        collectionName,
        subscriptionId: childText(source, 'Subscription_ID'),
        begin: childText(source, 'Exclusive_Begin_Timestamp'),
        beginInclusive: false,
        end,
      };
}
