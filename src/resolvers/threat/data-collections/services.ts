import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { describeKey, parse } from '#kernel/input.ts';
import {
  type DataCollection,
  dataCollectionFacts,
  dataCollectionStore,
} from '#resolvers/threat/data-collections/data-collection.ts';
import {
  appendDataCollectionEvent,
  dataCollectionServicesReplaced,
} from '#resolvers/threat/data-collections/events.ts';
import { lockDataCollection } from '#resolvers/threat/data-collections/lock.ts';
import { dataCollectionKey, type ServiceKey, serviceKey, servicesByKeys } from '#resolvers/threat/keys.ts';
import { byServiceId } from '#resolvers/threat/services/find.ts';
import { serviceStore, type TaxiiService } from '#resolvers/threat/services/service.ts';

export const serviceKeys = z.array(serviceKey, 'services must be a list.').max(1000, 'Attach 1,000 services at most.');

const servicesReplace = z.object({ by: dataCollectionKey, services: serviceKeys });
export type ServicesReplace = z.input<typeof servicesReplace>;

/** Sets the services that serve a data collection: all of them. */
export async function replaceDataCollectionServices(ctx: Context, input: ServicesReplace): Promise<DataCollection> {
  allowSomewhere(ctx, 'threat:admin');
  const { by, services: wanted } = parse(servicesReplace, input);
  return ctx.atomically(async (ctx) => {
    // Services are locked before data collections, by everybody.
    const services = await holdServices(ctx, wanted, ['services']);
    const collection = await lockDataCollection(ctx, by);
    allow(ctx, 'threat:admin', dataCollectionFacts(collection));
    return (await attachServices(ctx, [{ collection, services }]))[0] ?? collection;
  });
}

/**
 * Attaches data collections that the unit of work has locked to exactly these services, which it holds; with an event for
 * each that had others.
 * @returns them as they are now.
 */
export async function attachServices(
  ctx: Context,
  wanted: readonly { readonly collection: DataCollection; readonly services: readonly TaxiiService[] }[],
): Promise<DataCollection[]> {
  const updatedAt = microseconds(ctx.clock.now());
  const formers = await attachedServices(
    ctx,
    wanted.map(({ collection }) => collection),
  );
  const pairs = wanted.map(({ collection, services }, index) => {
    const [former, present] = [formers[index] ?? [], services.map(({ serviceId }) => serviceId)];
    return isDeepStrictEqual(former, present)
      ? { before: collection, after: collection, former, present, services }
      : { before: collection, after: { ...collection, updatedAt }, former, present, services };
  });
  const real = pairs.filter(({ before, after }) => before !== after);
  if (real.length > 0) {
    const store = ctx.use(dataCollectionStore);
    await store.replaceServices(
      real.map(({ after, services }) => ({ id: after.id, serviceIds: services.map(({ id }) => id) })),
    );
    await store.updateMany(real.map(({ after }) => after));
  }
  for (const { before, after, former, present } of real) {
    const [then, now] = [
      { collection: before, services: former },
      { collection: after, services: present },
    ];
    appendDataCollectionEvent(ctx, dataCollectionServicesReplaced, then, now);
  }
  return pairs.map(({ after }) => after);
}

/**
 * The services that are named, each once and in the order of their ids, held until the unit of work ends.
 * @throws InputError that names every unknown one.
 */
export async function holdServices(
  ctx: Context,
  keys: readonly ServiceKey[],
  path: readonly string[],
): Promise<TaxiiService[]> {
  const named = await servicesByKeys(ctx, keys);
  const ids = [...new Set(named.flatMap((service) => service?.id ?? []))];
  const held = new Map((await ctx.use(serviceStore).hold(ids)).flatMap((found) => (found ? [[found.id, found]] : [])));
  const faults = keys.flatMap((key, index) =>
    held.has(named[index]?.id ?? '')
      ? []
      : [{ path: [...path, String(index)], message: `Service not found: ${describeKey(key)}.` }],
  );
  if (faults.length > 0) throw new InputError(faults);
  return [...held.values()].sort(byServiceId);
}

/** The service ids of each data collection, sorted. */
export async function attachedServices(
  ctx: Context,
  collections: readonly Pick<DataCollection, 'id'>[],
): Promise<string[][]> {
  const attached = await ctx.use(dataCollectionStore).servicesOf(collections.map(({ id }) => id));
  const found = await ctx.use(serviceStore).getMany([...new Set(attached.flat())]);
  const byId = new Map(found.flatMap((service) => (service ? [[service.id, service] as const] : [])));
  return attached.map((ids) =>
    ids
      .flatMap((id) => byId.get(id) ?? [])
      .sort(byServiceId)
      .map(({ serviceId }) => serviceId),
  );
}
