import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { nameTaken } from '#resolvers/threat/data-collections/create.ts';
import {
  type DataCollection,
  dataCollectionFacts,
  dataCollectionStore,
} from '#resolvers/threat/data-collections/data-collection.ts';
import {
  appendDataCollectionEvent,
  dataCollectionUpdated,
  toDataCollectionSnapshot,
} from '#resolvers/threat/data-collections/events.ts';
import { dataCollectionDefaults, dataCollectionFields } from '#resolvers/threat/data-collections/input.ts';
import { lockDataCollection } from '#resolvers/threat/data-collections/lock.ts';
import { attachedServices } from '#resolvers/threat/data-collections/services.ts';
import { given } from '#resolvers/threat/input.ts';
import { type DataCollectionKey, dataCollectionKey } from '#resolvers/threat/keys.ts';
import { changedFields } from '#resolvers/threat/snapshot.ts';

const { name, ...fields } = dataCollectionFields;
const dataCollectionReplace = z.object({ ...fields, name, by: dataCollectionKey });
const dataCollectionUpdate = z.object({ ...fields, name: name.optional(), by: dataCollectionKey });
export type DataCollectionReplace = z.input<typeof dataCollectionReplace>;
export type DataCollectionUpdate = z.input<typeof dataCollectionUpdate>;

/** Changes what is given and leaves the rest. */
export async function updateDataCollection(ctx: Context, input: DataCollectionUpdate): Promise<DataCollection> {
  allowSomewhere(ctx, 'threat:admin');
  const { by, ...change } = parse(dataCollectionUpdate, input);
  return changeDataCollection(ctx, by, change, {});
}

/** Sets everything that can change but the services; what is not given gets its default. */
export async function replaceDataCollection(ctx: Context, input: DataCollectionReplace): Promise<DataCollection> {
  allowSomewhere(ctx, 'threat:admin');
  const { by, ...change } = parse(dataCollectionReplace, input);
  return changeDataCollection(ctx, by, change, dataCollectionDefaults);
}

function changeDataCollection(
  ctx: Context,
  by: DataCollectionKey,
  change: object,
  defaults: Partial<DataCollection>,
): Promise<DataCollection> {
  return ctx.atomically(async (ctx) => {
    const before = await lockDataCollection(ctx, by);
    allow(ctx, 'threat:admin', dataCollectionFacts(before));
    const after: DataCollection = { ...before, ...defaults, ...given(change) };
    return (await writeDataCollections(ctx, [{ before, after }]))[0] ?? before;
  });
}

/**
 * Writes data collections that the unit of work has locked, with an event for each that changed.
 * @returns them as they are now.
 * @throws ConflictError for a name that another one has.
 */
export async function writeDataCollections(
  ctx: Context,
  changes: readonly { readonly before: DataCollection; readonly after: DataCollection }[],
): Promise<DataCollection[]> {
  const updatedAt = microseconds(ctx.clock.now());
  const pairs = changes.map(({ before, after }) =>
    isChanged(before, after) ? { before, after: { ...after, updatedAt } } : { before, after: before },
  );
  const real = pairs.filter(({ before, after }) => before !== after);
  if (real.length > 0) {
    const [conflict] = await ctx.use(dataCollectionStore).updateMany(real.map(({ after }) => after));
    if (conflict) throw nameTaken(conflict.name);
    const attached = await attachedServices(
      ctx,
      real.map(({ after }) => after),
    );
    for (const [index, { before, after }] of real.entries()) {
      const services = attached[index] ?? [];
      const [former, present] = [
        { collection: before, services },
        { collection: after, services },
      ];
      appendDataCollectionEvent(ctx, dataCollectionUpdated, former, present);
    }
  }
  return pairs.map(({ after }) => after);
}

function isChanged(before: DataCollection, after: DataCollection): boolean {
  const [former, present] = [before, after].map((collection) => toDataCollectionSnapshot({ collection, services: [] }));
  return changedFields(former ?? null, present ?? {}).length > 0;
}
