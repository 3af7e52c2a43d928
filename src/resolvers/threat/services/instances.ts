import type { Context } from '#kernel/context.ts';
import { advertisedAddress } from '#resolvers/threat/services/address.ts';
import {
  type DiscoveryService,
  type ProtocolBinding,
  serviceStore,
  type TaxiiService,
} from '#resolvers/threat/services/service.ts';

/** A service as it is told of: by one of the ways in which it is spoken to. */
export interface ServiceInstance {
  readonly service: TaxiiService;
  readonly protocolBinding: ProtocolBinding;
  /** A URL; the bare path where it is not known how this gateway is reached. */
  readonly address: string;
}

/**
 * What a service tells of others, one for each of their bindings: whoever is told of the discovery is told of these,
 * also of those that want a credential.
 * @param publicUrl how clients reach this gateway; null: not known.
 */
export async function instancesOf(
  ctx: Context,
  { advertisedServices }: Pick<DiscoveryService, 'advertisedServices'>,
  publicUrl: string | null = null,
): Promise<ServiceInstance[]> {
  const services = await Promise.all(advertisedServices.map((id) => ctx.load(byServiceIds, id)));
  return services.flatMap((service) => (service ? instancesOfService(service, publicUrl) : []));
}

const byServiceIds = (ctx: Context, serviceIds: readonly string[]): Promise<(TaxiiService | null)[]> =>
  ctx.use(serviceStore).getByServiceId(serviceIds);

/** A service by each of the ways in which it is spoken to. */
export const instancesOfService = (service: TaxiiService, publicUrl: string | null): ServiceInstance[] =>
  service.protocolBindings.map((protocolBinding) => ({
    service,
    protocolBinding,
    address: advertisedAddress(service, protocolBinding, publicUrl),
  }));
