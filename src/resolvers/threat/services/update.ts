import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError, InputError, NotFoundError } from '#kernel/errors.ts';
import { describeKey, parse } from '#kernel/input.ts';
import { given } from '#resolvers/threat/input.ts';
import { type ServiceKey, serviceByKey, serviceKey } from '#resolvers/threat/keys.ts';
import { prefixesOf } from '#resolvers/threat/services/address.ts';
import { appendServiceEvent, toServiceSnapshot } from '#resolvers/threat/services/events.ts';
import { kindInput, ownDefaults, serviceDefaults, serviceFields, splitKind } from '#resolvers/threat/services/input.ts';
import { serviceStore, type TaxiiService } from '#resolvers/threat/services/service.ts';
import { changedFields } from '#resolvers/threat/snapshot.ts';

const kind = kindInput.nullish();

const serviceReplace = (ctx: Context) => z.object({ ...serviceFields(prefixesOf(ctx)), by: serviceKey, kind });
export type ServiceReplace = z.input<ReturnType<typeof serviceReplace>>;

function serviceUpdate(ctx: Context) {
  const { serviceId, address, ...fields } = serviceFields(prefixesOf(ctx));
  return z.object({ ...fields, serviceId: serviceId.optional(), address: address.optional(), by: serviceKey, kind });
}
export type ServiceUpdate = z.input<ReturnType<typeof serviceUpdate>>;

type Change = Omit<z.output<ReturnType<typeof serviceUpdate>>, 'by'>;

/** Changes what is given and leaves the rest. */
export async function updateService(ctx: Context, input: ServiceUpdate): Promise<TaxiiService> {
  allow(ctx, 'threat:admin');
  const { by, ...change } = parse(serviceUpdate(ctx), input);
  return changeService(ctx, by, change, (before) => before);
}

/** Sets everything that can change; what is not given gets its default. */
export async function replaceService(ctx: Context, input: ServiceReplace): Promise<TaxiiService> {
  allow(ctx, 'threat:admin');
  const { by, ...change } = parse(serviceReplace(ctx), input);
  return changeService(ctx, by, change, (before) => ({
    ...before,
    ...serviceDefaults,
    ...ownDefaults[before.kind],
  }));
}

/** @param ground what stands under the change. */
function changeService(
  ctx: Context,
  by: ServiceKey,
  change: Change,
  ground: (before: TaxiiService) => TaxiiService,
): Promise<TaxiiService> {
  return ctx.atomically(async (ctx) => {
    const before = await lockService(ctx, by);
    const after = changed(ground(before), change);
    return (await writeServices(ctx, [{ before, after }]))[0] ?? before;
  });
}

/**
 * The service with a change on top.
 * @throws InputError for a change of its kind.
 */
function changed(ground: TaxiiService, { kind: named, ...common }: Change): TaxiiService {
  if (!named) return { ...ground, ...given(common) };
  const { kind, own } = splitKind(named);
  if (kind !== ground.kind)
    throw InputError.at(['kind'], `${ground.serviceId} is a service of another kind, which never changes.`);
  return { ...ground, ...given(common), ...given(own) };
}

/**
 * Writes services that the unit of work has locked, with an event for each that changed.
 * @returns them as they are now.
 * @throws ConflictError for a service id or a path that another one has.
 */
export async function writeServices(
  ctx: Context,
  changes: readonly { readonly before: TaxiiService; readonly after: TaxiiService }[],
): Promise<TaxiiService[]> {
  const updatedAt = microseconds(ctx.clock.now());
  const pairs = changes.map(({ before, after }) =>
    changedFields(toServiceSnapshot(before), toServiceSnapshot(after)).length > 0
      ? { before, after: { ...after, updatedAt } }
      : { before, after: before },
  );
  const real = pairs.filter(({ before, after }) => before !== after);
  const [conflict] = await ctx.use(serviceStore).updateMany(real.map(({ after }) => after));
  if (conflict) throw keyTaken(conflict, real.find(({ after }) => after === conflict)?.before ?? conflict);
  for (const { before, after } of real) appendServiceEvent(ctx, before, after);
  return pairs.map(({ after }) => after);
}

/** Said from what was to change alone: the unit of work may be beyond asking who has the key. */
function keyTaken({ serviceId, address }: TaxiiService, before: TaxiiService): ConflictError {
  if (serviceId === before.serviceId)
    return new ConflictError(`${address} is the address of another service already.`, ['address']);
  if (address === before.address) return new ConflictError(`A service ${serviceId} exists already.`, ['serviceId']);
  return new ConflictError(`Another service is ${serviceId} or has the address ${address} already.`, ['serviceId']);
}

/** @throws NotFoundError */
export async function lockService(ctx: Context, by: ServiceKey): Promise<TaxiiService> {
  const named = await serviceByKey(ctx, by);
  const [service] = named ? await ctx.use(serviceStore).lock([named.id]) : [];
  if (!service) throw new NotFoundError(`Service not found: ${describeKey(by)}.`, ['by']);
  return service;
}
