import { writeContact, writeSupported } from '#plugins/taxii/taxii1/bindings.ts';
import { answer, type Exchange } from '#plugins/taxii/taxii1/exchange.ts';
import { textNode, type Xml } from '#plugins/taxii/taxii1/xml/write.ts';
import { instancesOf, type ServiceInstance } from '#resolvers/threat/services/instances.ts';
import type { DiscoveryService, ServiceKind } from '#resolvers/threat/services/service.ts';

/** Tells what services there are. */
export async function discover(exchange: Exchange<DiscoveryService>): Promise<Xml> {
  const instances = await instancesOf(exchange.ctx, exchange.service, exchange.publicUrl);
  return answer(exchange, 'Discovery_Response', {}, ...instances.map((instance) => writeInstance(exchange, instance)));
}

function writeInstance(exchange: Exchange, instance: ServiceInstance): Xml {
  const { version, write } = exchange;
  const { service } = instance;
  return write(
    'Service_Instance',
    {
      service_type: version.number === '1.0' ? kinds10[service.kind] : service.kind,
      service_version: version.services,
      available: service.available,
    },
    ...writeContact(exchange, instance),
    ...(service.kind === 'INBOX' ? writeSupported(exchange, service) : []),
    service.description === null ? null : write('Message', {}, textNode(service.description)),
  );
}

const kinds10: Readonly<Record<ServiceKind, string>> = {
  DISCOVERY: 'DISCOVERY',
  INBOX: 'INBOX',
  POLL: 'POLL',
  COLLECTION_MANAGEMENT: 'FEED_MANAGEMENT',
};
