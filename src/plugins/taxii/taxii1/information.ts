import { MAX_PAGE, type Position } from '#kernel/page.ts';
import { writeContacts, writeSupported } from '#plugins/taxii/taxii1/bindings.ts';
import { answer, type Exchange } from '#plugins/taxii/taxii1/exchange.ts';
import { textNode, type Xml } from '#plugins/taxii/taxii1/xml/write.ts';
import { canWriteData } from '#resolvers/threat/access.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';
import { listDataCollectionsOf } from '#resolvers/threat/data-collections/find.ts';
import { findServicesOf } from '#resolvers/threat/services/find.ts';
import type { CollectionManagementService, InboxService, TaxiiService } from '#resolvers/threat/services/service.ts';

/** Tells of the data collections of a service that the viewer reads, also of those that are not available. */
export async function tellCollections(exchange: Exchange<CollectionManagementService>): Promise<Xml> {
  const collections = await readableOf(exchange);
  const services = await Promise.all(collections.map((collection) => findServicesOf(exchange.ctx, collection)));
  const records = collections.map((collection, index) => writeRecord(exchange, collection, services[index] ?? []));
  const name = exchange.version.number === '1.0' ? 'Feed_Information_Response' : 'Collection_Information_Response';
  return answer(exchange, name, {}, ...records);
}

/** The answer of the protocol has no pages. */
async function readableOf({ ctx, service }: Exchange): Promise<DataCollection[]> {
  const found: DataCollection[] = [];
  for (let after: Position | null = null, more = true; more; ) {
    const page = { limit: MAX_PAGE, direction: 'forward', after, before: null, offset: 0 } as const;
    const slice = await listDataCollectionsOf(ctx, service.id, page);
    found.push(...slice.items.map(({ node }) => node));
    after = slice.items.at(-1)?.position ?? null;
    more = slice.hasNextPage;
  }
  return found;
}

function writeRecord(exchange: Exchange, collection: DataCollection, services: readonly TaxiiService[]): Xml {
  const { ctx, version, write } = exchange;
  const is11 = version.number === '1.1';
  const subscribable = services.filter((one) => one.kind === 'COLLECTION_MANAGEMENT' && one.subscriptionSupported);
  const inboxes = services.filter((one): one is InboxService => one.kind === 'INBOX');
  return write(
    is11 ? 'Collection' : 'Feed',
    {
      [version.collectionName]: collection.name,
      collection_type: is11 ? collection.type : null,
      available: collection.available,
    },
    write('Description', {}, textNode(collection.description ?? '')),
    is11 ? write('Collection_Volume', {}, String(collection.volume)) : null,
    ...writeSupported(exchange, collection),
    ...writeContacts(
      exchange,
      'Polling_Service',
      services.filter(({ kind }) => kind === 'POLL'),
    ),
    ...writeContacts(exchange, 'Subscription_Service', subscribable),
    ...(is11 && canWriteData(ctx, collection)
      ? inboxes.flatMap((inbox) =>
          writeContacts(exchange, 'Receiving_Inbox_Service', [inbox], () => writeSupported(exchange, inbox)),
        )
      : []),
  );
}
