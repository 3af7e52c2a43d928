import { readBindings, writeBinding } from '#plugins/taxii/taxii1/bindings.ts';
import { answer, collectionOf, type Exchange } from '#plugins/taxii/taxii1/exchange.ts';
import { writeStatus } from '#plugins/taxii/taxii1/status.ts';
import { subscriptionIdOf } from '#plugins/taxii/taxii1/subscriptions.ts';
import { attribute, child, childText, needed } from '#plugins/taxii/taxii1/xml/element.ts';
import { textNode, type Xml } from '#plugins/taxii/taxii1/xml/write.ts';
import type { ResponseType } from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import type { ContentBlock } from '#resolvers/threat/content-blocks/content-block.ts';
import { laterBy } from '#resolvers/threat/instant.ts';
import { fulfillPoll } from '#resolvers/threat/polls/fulfill.ts';
import { pollDataCollection } from '#resolvers/threat/polls/poll.ts';
import { isPending, type PollPart, type PollPending } from '#resolvers/threat/polls/poll-part.ts';
import type { PollService } from '#resolvers/threat/services/service.ts';

/** Gives blocks out. */
export async function poll(exchange: Exchange<PollService>): Promise<Xml> {
  const { ctx, service, version, message } = exchange;
  const parameters = child(message, 'Poll_Parameters');
  // 1.0 has the bindings in the message itself, and nothing else of this.
  const wanted = version.number === '1.0' ? message : parameters;
  const found = await pollDataCollection(
    ctx,
    {
      service: { serviceId: service.serviceId },
      dataCollection: { name: collectionOf(exchange) },
      subscriptionId: subscriptionIdOf(exchange),
      beginExclusive: childText(message, 'Exclusive_Begin_Timestamp'),
      endInclusive: childText(message, 'Inclusive_End_Timestamp'),
      responseType: parameters && (childText(parameters, 'Response_Type') as ResponseType | null),
      contentBindings: wanted && readBindings(exchange, wanted),
      allowAsynch: parameters !== null && attribute(parameters, 'allow_asynch') === 'true',
    },
    {
      hasQuery: parameters !== null && child(parameters, 'Query') !== null,
      feedsOnly: version.number === '1.0',
    },
  );
  return writeFound(exchange, found);
}

/** The most that a part is numbered with. */
const lastPart = 2 ** 31 - 1;

/** Gives a part of a result set. */
export async function fulfill(exchange: Exchange<PollService>): Promise<Xml> {
  const { ctx, service, message } = exchange;
  const part = Number(attribute(message, 'result_part_number') ?? 1);
  const found = await fulfillPoll(ctx, {
    service: { serviceId: service.serviceId },
    dataCollection: { name: collectionOf(exchange) },
    resultId: needed(message, 'result_id'),
    part: Math.min(part, lastPart),
  });
  return writeFound(exchange, found);
}

function writeFound(exchange: Exchange, found: PollPart | PollPending): Xml {
  const { version, message } = exchange;
  if (isPending(found)) {
    const details = [
      ['ESTIMATED_WAIT', String(found.estimatedWait)],
      ['RESULT_ID', found.resultId],
      ['WILL_PUSH', String(found.willPush)],
    ] as const;
    return writeStatus(version, { type: 'PENDING', message: null, details }, needed(message, 'message_id'));
  }
  return version.number === '1.0' ? writePart10(exchange, found) : writePart11(exchange, found);
}

function writePart11(exchange: Exchange, part: PollPart): Xml {
  const { write } = exchange;
  const { recordCount } = part;
  return answer(
    exchange,
    'Poll_Response',
    {
      collection_name: part.dataCollection.name,
      more: part.more,
      result_id: part.resultId,
      result_part_number: part.part,
    },
    part.subscriptionId === null ? null : write('Subscription_ID', {}, textNode(part.subscriptionId)),
    part.begin === null ? null : write('Exclusive_Begin_Timestamp', {}, part.begin),
    part.end === null ? null : write('Inclusive_End_Timestamp', {}, part.end),
    recordCount &&
      write('Record_Count', { partial_count: recordCount.partial ? 'true' : null }, String(recordCount.count)),
    part.message === null ? null : write('Message', {}, textNode(part.message)),
    ...part.contentBlocks.map((block) => writeBlock(exchange, block)),
  );
}

/** Its begin is inclusive: the first instant after the one that was asked for. */
function writePart10(exchange: Exchange, part: PollPart): Xml {
  const { write } = exchange;
  const count =
    part.recordCount && `${part.recordCount.count} content blocks${part.recordCount.partial ? ' or more' : ''}.`;
  const message = [part.message, part.contentBlocks.length === 0 ? count : null].filter(Boolean).join(' ');
  return answer(
    exchange,
    'Poll_Response',
    { feed_name: part.dataCollection.name, subscription_id: part.subscriptionId },
    message === '' ? null : write('Message', {}, textNode(message)),
    part.begin === null ? null : write('Inclusive_Begin_Timestamp', {}, firstAfter(part.begin)),
    part.end === null ? null : write('Inclusive_End_Timestamp', {}, part.end),
    ...part.contentBlocks.map((block) => writeBlock(exchange, block)),
  );
}

/** Labels have four digits for the year: nothing comes after the last of them. */
const firstAfter = (label: string): string => (label < '9999-12-31T23:59:59.999999Z' ? laterBy(label, 1) : label);

function writeBlock(exchange: Exchange, block: ContentBlock): Xml {
  const { version, write } = exchange;
  return write(
    'Content_Block',
    {},
    writeBinding(exchange, block.contentBinding),
    write('Content', {}, block.contentIsXml ? block.content : textNode(block.content)),
    write('Timestamp_Label', {}, block.timestampLabel),
    version.number === '1.1' && block.message !== null ? write('Message', {}, textNode(block.message)) : null,
  );
}
