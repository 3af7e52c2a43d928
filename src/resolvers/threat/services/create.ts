import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import { given } from '#resolvers/threat/input.ts';
import { prefixesOf } from '#resolvers/threat/services/address.ts';
import { appendServiceEvent } from '#resolvers/threat/services/events.ts';
import { kindInput, ownDefaults, serviceDefaults, serviceFields, splitKind } from '#resolvers/threat/services/input.ts';
import { isRouted, type ServiceKind, serviceStore, type TaxiiService } from '#resolvers/threat/services/service.ts';

const serviceCreate = (ctx: Context) => z.object({ ...serviceFields(prefixesOf(ctx)), kind: kindInput });
export type ServiceCreate = z.input<ReturnType<typeof serviceCreate>>;

export async function createService(ctx: Context, input: ServiceCreate): Promise<TaxiiService> {
  allow(ctx, 'threat:admin');
  const { kind: named, ...common } = parse(serviceCreate(ctx), input);
  const { kind, own } = splitKind(named);
  return ctx.atomically(async (ctx) => {
    const service = freshService(ctx, kind, given({ ...common, ...own }));
    return (await insertServices(ctx, [service]))[0] ?? service;
  });
}

/** A new service with its defaults where nothing is said. */
export function freshService(ctx: Context, kind: ServiceKind, said: object): TaxiiService {
  const now = microseconds(ctx.clock.now());
  const ground = { id: newId(), kind, ...serviceDefaults, ...ownDefaults[kind] };
  return { ...ground, ...said, createdAt: now, updatedAt: now } as unknown as TaxiiService;
}

/**
 * Inserts services with their events, however many. The caller has checked rights and content, and opened the transaction.
 * @throws ConflictError for a service id or a path that is taken.
 */
export async function insertServices(ctx: Context, services: readonly TaxiiService[]): Promise<TaxiiService[]> {
  const made = await ctx.use(serviceStore).insertMany(services);
  const lost = services[made.indexOf(null)];
  if (lost) throw await taken(ctx, lost);
  for (const service of services) appendServiceEvent(ctx, null, service);
  return [...services];
}

/** Which of the keys of a service another one has. */
async function taken(ctx: Context, { id, ...service }: TaxiiService): Promise<ConflictError> {
  const store = ctx.use(serviceStore);
  const [named] = await store.getByServiceId([service.serviceId]);
  const [there] = isRouted(service) ? await store.getByPath([service.address]) : [];
  return there && there.id !== id && (!named || named.id === id)
    ? new ConflictError(`${service.address} is the address of service ${there.serviceId} already.`, ['address'])
    : new ConflictError(`A service ${service.serviceId} exists already.`, ['serviceId']);
}
