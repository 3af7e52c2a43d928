import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import { collectionStore } from '#resolvers/threat/collections/collection.ts';
import { type DataCollection, dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { appendDataCollectionEvent, dataCollectionCreated } from '#resolvers/threat/data-collections/events.ts';
import { dataCollectionDefaults, dataCollectionFields } from '#resolvers/threat/data-collections/input.ts';
import { holdServices, serviceKeys } from '#resolvers/threat/data-collections/services.ts';
import { given, givenTaxiiId } from '#resolvers/threat/input.ts';
import type { TaxiiService } from '#resolvers/threat/services/service.ts';

const dataCollectionCreate = z.object({
  ...dataCollectionFields,
  taxiiId: givenTaxiiId.nullish(),
  services: serviceKeys.nullish(),
});
export type DataCollectionCreate = z.input<typeof dataCollectionCreate>;

/** A data collection to be made, with the services that serve it. */
export interface FreshDataCollection {
  readonly said: Partial<DataCollection> & Pick<DataCollection, 'name'>;
  readonly services: readonly TaxiiService[];
}

export async function createDataCollection(ctx: Context, input: DataCollectionCreate): Promise<DataCollection> {
  allow(ctx, 'threat:admin');
  const { services: keys, taxiiId, ...said } = parse(dataCollectionCreate, input);
  return ctx.atomically(async (ctx) => {
    const services = await holdServices(ctx, keys ?? [], ['services']);
    const [made] = await insertDataCollections(ctx, [{ said: { ...said, ...(taxiiId && { taxiiId }) }, services }]);
    if (!made) throw new Error('One data collection was to be made.');
    return made;
  });
}

/**
 * Inserts data collections with their attachments and events. The caller has checked rights and content, holds the
 * services, and opened the transaction.
 * @throws ConflictError for a name or a TAXII id that is taken.
 */
export async function insertDataCollections(
  ctx: Context,
  fresh: readonly FreshDataCollection[],
): Promise<DataCollection[]> {
  const now = microseconds(ctx.clock.now());
  const collections = fresh.map(({ said }): DataCollection => {
    const ground = { id: newId(), taxiiId: newId(), name: said.name, ...dataCollectionDefaults };
    return { ...ground, volume: 0, createdAt: now, updatedAt: now, ...given(said) };
  });
  await refuseTaken(ctx, collections);
  const made = await ctx.use(dataCollectionStore).insertMany(collections);
  const lost = made.indexOf(null);
  if (lost >= 0) throw nameTaken(collections[lost]?.name ?? '');
  await ctx.use(dataCollectionStore).replaceServices(
    collections.map(({ id }, index) => ({
      id,
      serviceIds: (fresh[index]?.services ?? []).map((service) => service.id),
    })),
  );
  for (const [index, collection] of collections.entries()) {
    const services = (fresh[index]?.services ?? []).map(({ serviceId }) => serviceId);
    appendDataCollectionEvent(ctx, dataCollectionCreated, null, { collection, services });
  }
  return collections;
}

export const nameTaken = (name: string): ConflictError =>
  new ConflictError(`A data collection ${name} exists already.`, ['name']);

/** A UUID is that of one thing: rights are granted by it, to collections of both versions of TAXII. */
async function refuseTaken(ctx: Context, collections: readonly DataCollection[]): Promise<void> {
  const ids = collections.map(({ taxiiId }) => taxiiId);
  const [mine, others] = [
    await ctx.use(dataCollectionStore).getByTaxiiId(ids),
    await ctx.use(collectionStore).getMany(ids),
  ];
  const taken = ids.find((_, index) => mine[index] || others[index]);
  if (taken) throw new ConflictError(`A collection ${taken} exists already.`, ['taxiiId']);
}
