import type { Context } from '#kernel/context.ts';
import { AuthenticationError, InputError, NotFoundError, UnavailableError } from '#kernel/errors.ts';
import { describeKey } from '#kernel/input.ts';
import { refuseUnchanged } from '#resolvers/threat/access.ts';
import { type ServiceKey, serviceByKey } from '#resolvers/threat/keys.ts';
import type { ServiceKind, TaxiiService } from '#resolvers/threat/services/service.ts';

type ServiceOf<Kind extends ServiceKind> = Extract<TaxiiService, { readonly kind: Kind }>;

const words: Readonly<Record<ServiceKind, string>> = {
  DISCOVERY: 'discovery',
  INBOX: 'inbox',
  POLL: 'poll',
  COLLECTION_MANAGEMENT: 'collection management',
};

/**
 * The service that a call goes to. It raises nobody's rights: without a credential the viewer stays anonymous.
 * @throws NotFoundError, InputError for one of another kind, AuthenticationError where it wants a credential and there is
 * none, UnavailableError.
 */
export async function useService<Kind extends ServiceKind>(
  ctx: Context,
  key: ServiceKey,
  kind: Kind,
): Promise<ServiceOf<Kind>> {
  refuseUnchanged(ctx);
  const service = await serviceByKey(ctx, key);
  if (!service) throw new NotFoundError(`Service not found: ${describeKey(key)}.`, ['service']);
  if (!isOfKind(service, kind))
    throw InputError.at(
      ['service'],
      `${service.serviceId} is no ${words[kind]} service, but a ${words[service.kind]} one.`,
    );
  if (service.authenticationRequired && ctx.viewer.kind === 'ANONYMOUS')
    throw new AuthenticationError(`Sign in: ${service.serviceId} answers to accounts only.`);
  if (!service.available) throw new UnavailableError('The service is not available');
  return service;
}

const isOfKind = <Kind extends ServiceKind>(service: TaxiiService, kind: Kind): service is ServiceOf<Kind> =>
  service.kind === kind;
