import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import { prefixesOf } from '#resolvers/threat/services/address.ts';
import { appendServiceEvent } from '#resolvers/threat/services/events.ts';
import { kindInput, ownDefaults, serviceDefaults, serviceFields, splitKind } from '#resolvers/threat/services/input.ts';
import { isRouted, serviceStore, type TaxiiService } from '#resolvers/threat/services/service.ts';

const serviceCreate = (ctx: Context) => z.object({ ...serviceFields(prefixesOf(ctx)), kind: kindInput });
export type ServiceCreate = z.input<ReturnType<typeof serviceCreate>>;

export async function createService(ctx: Context, input: ServiceCreate): Promise<TaxiiService> {
  allow(ctx, 'threat:admin');
  const { kind: given, ...common } = parse(serviceCreate(ctx), input);
  const { kind, own } = splitKind(given);
  return ctx.atomically(async (ctx) => {
    const now = microseconds(ctx.clock.now());
    const service = {
      ...{ id: newId(), kind, ...serviceDefaults, ...ownDefaults[kind] },
      ...{ ...common, ...own, createdAt: now, updatedAt: now },
    } as unknown as TaxiiService;
    const [made] = await ctx.use(serviceStore).insertMany([service]);
    if (!made) throw await taken(ctx, service);
    appendServiceEvent(ctx, null, made);
    return made;
  });
}

/** Which of the keys of a service another one has. */
export async function taken(ctx: Context, { id, ...service }: TaxiiService): Promise<ConflictError> {
  const store = ctx.use(serviceStore);
  const [named] = await store.getByServiceId([service.serviceId]);
  const [there] = isRouted(service) ? await store.getByPath([service.address]) : [];
  return there && there.id !== id && (!named || named.id === id)
    ? new ConflictError(`${service.address} is the address of service ${there.serviceId} already.`, ['address'])
    : new ConflictError(`A service ${service.serviceId} exists already.`, ['serviceId']);
}
