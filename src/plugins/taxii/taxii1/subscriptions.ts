import { InputError } from '#kernel/errors.ts';
import { readBindings, writeBinding, writeContacts } from '#plugins/taxii/taxii1/bindings.ts';
import { answer, collectionOf, type Exchange, type Received } from '#plugins/taxii/taxii1/exchange.ts';
import { StatusRefusal } from '#plugins/taxii/taxii1/status.ts';
import { attribute, child, childText, needed } from '#plugins/taxii/taxii1/xml/element.ts';
import { textNode, type Xml } from '#plugins/taxii/taxii1/xml/write.ts';
import type { ResponseType } from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import {
  type ManagedSubscription,
  managementActions,
  manageSubscription,
} from '#resolvers/threat/collection-subscriptions/manage.ts';
import { findDataCollection } from '#resolvers/threat/data-collections/find.ts';
import { findServicesOf } from '#resolvers/threat/services/find.ts';
import type { CollectionManagementService, TaxiiService } from '#resolvers/threat/services/service.ts';

type Action = (typeof managementActions)[number];

/** The id of the subscription that a message is about. */
export const subscriptionIdOf = ({ version, message }: Received): string | null =>
  (version.number === '1.0' ? attribute(message, 'subscription_id') : childText(message, 'Subscription_ID')) || null;

/** Makes, changes or tells subscriptions. */
export async function manageSubscriptions(exchange: Exchange<CollectionManagementService>): Promise<Xml> {
  const { ctx, service, version, message, write } = exchange;
  const action = actionOf(exchange);
  const parameters = child(message, 'Subscription_Parameters');
  const name = collectionOf(exchange);
  if (action === 'SUBSCRIBE' && parameters && child(parameters, 'Query'))
    throw InputError.at(['query'], 'Query expressions are not supported');
  const managed = await manageSubscription(ctx, {
    service: { serviceId: service.serviceId },
    dataCollection: { name },
    action,
    subscriptionId: subscriptionIdOf(exchange),
    ...(action === 'SUBSCRIBE' && {
      responseType: (parameters && (childText(parameters, 'Response_Type') as ResponseType | null)) ?? 'FULL',
      contentBindings: parameters ? readBindings(exchange, parameters) : [],
    }),
  });
  const collection = await findDataCollection(ctx, { name });
  const services = collection ? await findServicesOf(ctx, collection) : [];
  const polls = services.filter(({ kind }) => kind === 'POLL');
  return answer(
    exchange,
    'Subscription_Management_Response',
    { [version.collectionName]: name },
    service.subscriptionMessage === null ? null : write('Message', {}, textNode(service.subscriptionMessage)),
    ...managed.map((one) => writeSubscription(exchange, one, polls)),
  );
}

/** 1.0 knows neither PAUSE nor RESUME. @throws StatusRefusal */
function actionOf({ version, message }: Exchange): Action {
  const given = needed(message, 'action');
  const action = managementActions.find((one) => one === given);
  const isKnown = action && (version.number === '1.1' || (action !== 'PAUSE' && action !== 'RESUME'));
  if (!isKnown) throw new StatusRefusal('BAD_MESSAGE', 'The specified action was invalid');
  return action;
}

function writeSubscription(exchange: Exchange, one: ManagedSubscription, polls: readonly TaxiiService[]): Xml {
  const { version, write } = exchange;
  const contacts = writeContacts(exchange, 'Poll_Instance', polls);
  if (version.number === '1.0') return write('Subscription', { subscription_id: one.id }, ...contacts);
  const parameters =
    'responseType' in one
      ? write(
          'Subscription_Parameters',
          {},
          write('Response_Type', {}, one.responseType),
          ...one.contentBindings.map((binding) => writeBinding(exchange, binding)),
        )
      : null;
  return write(
    'Subscription',
    { status: one.status },
    write('Subscription_ID', {}, textNode(one.id)),
    parameters,
    ...contacts,
  );
}
