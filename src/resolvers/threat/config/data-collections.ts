import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { type Entry, keyText, noSuchKeys, settleEntries } from '#resolvers/threat/config/document.ts';
import { type ConfigItem, type ConfigOutcome, noOutcome } from '#resolvers/threat/config/outcome.ts';
import { insertDataCollections } from '#resolvers/threat/data-collections/create.ts';
import {
  type DataCollection,
  dataCollectionGlobalId,
  dataCollectionStore,
} from '#resolvers/threat/data-collections/data-collection.ts';
import { removeDataCollections } from '#resolvers/threat/data-collections/delete.ts';
import { dataCollectionFields } from '#resolvers/threat/data-collections/input.ts';
import { attachServices } from '#resolvers/threat/data-collections/services.ts';
import { writeDataCollections } from '#resolvers/threat/data-collections/update.ts';
import { given, givenTaxiiId } from '#resolvers/threat/input.ts';
import { byServiceId } from '#resolvers/threat/services/find.ts';
import { serviceStore, type TaxiiService } from '#resolvers/threat/services/service.ts';

const entryInput = z.strictObject(
  {
    ...dataCollectionFields,
    taxiiId: givenTaxiiId.optional(),
    services: z.array(z.string('A service is named by its service id.'), 'Give services: [] for none.'),
  },
  { error: noSuchKeys('A data collection') },
);

/**
 * Brings the data collections to what a document says. Those that it does not name are no longer available, or deleted
 * by force.
 */
export async function applyDataCollections(
  ctx: Context,
  entries: readonly Entry[],
  forceDelete: boolean,
): Promise<ConfigOutcome> {
  const store = ctx.use(dataCollectionStore);
  const services = await heldServices(ctx);
  const locked = await store.lock(await store.allIds());
  const present = locked.filter((collection) => collection !== null).sort(byName);
  const known = new Map(present.map((collection) => [collection.name, collection]));
  const wanted = settleEntries(
    entries,
    (entry) => keyText(entry, 'name'),
    ({ values }, name) => {
      const { services: serviceIds, taxiiId, ...said } = parse(entryInput, values);
      const before = known.get(name);
      if (before && taxiiId !== undefined && taxiiId !== before.taxiiId)
        throw InputError.at(['taxiiId'], `${name} has the id ${before.taxiiId}, which never changes.`);
      return { said: given({ ...said, taxiiId }), name, services: named(services, serviceIds) };
    },
  );
  const gone = present.filter(({ name }) => !wanted.has(name));
  if (forceDelete && gone.length > 0) await removeDataCollections(ctx, gone);
  const lost = forceDelete ? [] : gone.filter(({ available }) => available);
  const disabled = await writeDataCollections(
    ctx,
    lost.map((before) => ({ before, after: { ...before, available: false } })),
  );
  const { updated, unchanged } = await change(
    ctx,
    present.flatMap((before) => {
      const want = wanted.get(before.name);
      return want ? [{ before, after: { ...before, ...want.said }, services: want.services }] : [];
    }),
  );
  const fresh = [...wanted.values()].filter(({ name }) => !known.has(name));
  const toMake = fresh.map(({ said, name, services }) => ({ said: { ...said, name }, services }));
  const made = toMake.length > 0 ? await insertDataCollections(ctx, toMake) : [];
  return {
    ...noOutcome,
    created: made.map(toItem),
    updated: updated.map(toItem),
    disabled: disabled.map(toItem),
    deleted: forceDelete ? gone.map(toItem) : [],
    unchanged: unchanged + gone.length - lost.length - (forceDelete ? gone.length : 0),
  };
}

interface Change {
  readonly before: DataCollection;
  readonly after: DataCollection;
  readonly services: readonly TaxiiService[];
}

async function change(
  ctx: Context,
  changes: readonly Change[],
): Promise<{ updated: DataCollection[]; unchanged: number }> {
  const written = await writeDataCollections(ctx, changes);
  const attached = await attachServices(
    ctx,
    written.map((collection, index) => ({ collection, services: changes[index]?.services ?? [] })),
  );
  const updated = attached.filter((collection, index) => collection !== changes[index]?.before);
  return { updated, unchanged: changes.length - updated.length };
}

/** All services by service id, held until the unit of work ends. */
async function heldServices(ctx: Context): Promise<Map<string, TaxiiService>> {
  const store = ctx.use(serviceStore);
  const held = await store.hold(await store.allIds());
  return new Map(held.flatMap((service) => (service ? [[service.serviceId, service]] : [])));
}

/** The services with these ids, each once and in the order of ids. @throws InputError that names every unknown one. */
function named(services: ReadonlyMap<string, TaxiiService>, serviceIds: readonly string[]): TaxiiService[] {
  const faults = serviceIds.flatMap((id, index) =>
    services.has(id) ? [] : [{ path: ['services', String(index)], message: `There is no service ${id}.` }],
  );
  if (faults.length > 0) throw new InputError(faults);
  return [...new Set(serviceIds)].flatMap((id) => services.get(id) ?? []).sort(byServiceId);
}

const byName = (one: DataCollection, other: DataCollection): number => (one.name < other.name ? -1 : 1);

const toItem = ({ id, name }: DataCollection): ConfigItem => ({
  type: 'DataCollection',
  key: name,
  id: dataCollectionGlobalId(id),
});
