import type { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { rowIdOf } from '#kernel/id.ts';
import { idText, oneKey, sought } from '#kernel/input.ts';
import { type DataCollection, dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { serviceStore, serviceTypes, type TaxiiService } from '#resolvers/threat/services/service.ts';

/** Names a TAXII 1 service. */
export const serviceKey = oneKey({ id: idText, serviceId: sought('serviceId') });
export type ServiceKey = z.output<typeof serviceKey>;

/** Names a data collection. */
export const dataCollectionKey = oneKey({ id: idText, taxiiId: sought('taxiiId'), name: sought('name') });
export type DataCollectionKey = z.output<typeof dataCollectionKey>;

/** The service with this key, whoever asks; null when there is none. */
export async function serviceByKey(ctx: Context, key: ServiceKey): Promise<TaxiiService | null> {
  return (await servicesByKeys(ctx, [key]))[0] ?? null;
}

/** The services with these keys, in their order, in two reads at most. */
export async function servicesByKeys(ctx: Context, keys: readonly ServiceKey[]): Promise<(TaxiiService | null)[]> {
  const store = ctx.use(serviceStore);
  const ids = keys.flatMap((key) => ('id' in key ? (rowIdOfService(key.id) ?? []) : []));
  const serviceIds = keys.flatMap((key) => ('serviceId' in key ? key.serviceId : []));
  const byId = ids.length === 0 ? [] : await store.getMany(ids);
  const byServiceId = serviceIds.length === 0 ? [] : await store.getByServiceId(serviceIds);
  return keys.map((key) => {
    const found =
      'id' in key
        ? byId.find((service) => service?.id === rowIdOfService(key.id))
        : byServiceId.find((service) => service?.serviceId === key.serviceId);
    return found ?? null;
  });
}

const rowIdOfService = (text: string): string | null =>
  Object.values(serviceTypes)
    .map((type) => rowIdOf(type, text))
    .find((id) => id !== null) ?? null;

/** The data collection with this key, whoever asks; null when there is none. Who answers from it asks for rights. */
export async function dataCollectionByKey(ctx: Context, key: DataCollectionKey): Promise<DataCollection | null> {
  return (await dataCollectionsByKeys(ctx, [key]))[0] ?? null;
}

/** The data collections with these keys, in their order, in three reads at most. */
export async function dataCollectionsByKeys(
  ctx: Context,
  keys: readonly DataCollectionKey[],
): Promise<(DataCollection | null)[]> {
  const store = ctx.use(dataCollectionStore);
  const read = async (
    wanted: readonly string[],
    get: (wanted: readonly string[]) => Promise<(DataCollection | null)[]>,
  ): Promise<Map<string, DataCollection | null>> => {
    const found = wanted.length === 0 ? [] : await get(wanted);
    return new Map(wanted.map((text, index) => [text, found[index] ?? null]));
  };
  const rowOf = (key: DataCollectionKey) => ('id' in key ? (rowIdOf('DataCollection', key.id) ?? []) : []);
  const byName = await read(
    keys.flatMap((key) => ('name' in key ? key.name : [])),
    (names) => store.getByName(names),
  );
  const byTaxiiId = await read(
    keys.flatMap((key) => ('taxiiId' in key ? key.taxiiId : [])),
    (ids) => store.getByTaxiiId(ids),
  );
  const byRow = await read(keys.flatMap(rowOf), (ids) => store.getMany(ids));
  return keys.map((key) => {
    if ('name' in key) return byName.get(key.name) ?? null;
    if ('taxiiId' in key) return byTaxiiId.get(key.taxiiId) ?? null;
    return byRow.get(String(rowOf(key))) ?? null;
  });
}
