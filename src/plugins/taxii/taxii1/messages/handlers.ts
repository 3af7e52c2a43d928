import { discover } from '#plugins/taxii/taxii1/discovery.ts';
import type { Exchange } from '#plugins/taxii/taxii1/exchange.ts';
import { takeIn } from '#plugins/taxii/taxii1/inbox.ts';
import { tellCollections } from '#plugins/taxii/taxii1/information.ts';
import { fulfill, poll } from '#plugins/taxii/taxii1/poll.ts';
import { StatusRefusal } from '#plugins/taxii/taxii1/status.ts';
import { manageSubscriptions } from '#plugins/taxii/taxii1/subscriptions.ts';
import type { Xml } from '#plugins/taxii/taxii1/xml/write.ts';
import type { ServiceKind, TaxiiService } from '#resolvers/threat/services/service.ts';

type Handler<Kind extends ServiceKind> = (
  exchange: Exchange<Extract<TaxiiService, { readonly kind: Kind }>>,
) => Promise<Xml>;

/** The messages that services of each kind take, by their roots. */
const handlers: { readonly [Kind in ServiceKind]: Readonly<Record<string, Handler<Kind>>> } = {
  DISCOVERY: { Discovery_Request: discover },
  COLLECTION_MANAGEMENT: {
    Collection_Information_Request: tellCollections,
    Feed_Information_Request: tellCollections,
    Subscription_Management_Request: manageSubscriptions,
  },
  INBOX: { Inbox_Message: takeIn },
  POLL: { Poll_Request: poll, Poll_Fulfillment: fulfill },
};

/** Has a service answer a message. @throws StatusRefusal for one that it does not take. */
export function handleMessage(exchange: Exchange): Promise<Xml> {
  const { service, message } = exchange;
  const taken = handlers[service.kind] as Readonly<Record<string, Handler<ServiceKind>>>;
  const handle = Object.hasOwn(taken, message.name) ? taken[message.name] : undefined;
  const isSubscription = message.name === 'Subscription_Management_Request';
  const isRefused = isSubscription && service.kind === 'COLLECTION_MANAGEMENT' && !service.subscriptionSupported;
  if (!handle || isRefused) throw new StatusRefusal('FAILURE', 'Message not supported by this service');
  return handle(exchange);
}
