import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import type { AppendedEvent } from '#kernel/event.ts';
import { audience } from '#kernel/open-rights.ts';
import { collectionFacts, collectionGlobalId, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { changedFields, snapshotEvent } from '#resolvers/threat/snapshot.ts';

const collectionSnapshot = z.object({
  id: z.string(),
  taxiiId: z.string(),
  apiRoot: z.string().describe('The taxiiId of its API root.'),
  title: z.string(),
  description: z.string().nullable(),
  alias: z.string().nullable(),
  isPublic: z.boolean(),
  isPublicWrite: z.boolean(),
});

/** A collection as events keep it. What it holds is not a part of it. */
export function toCollectionSnapshot(collection: TaxiiCollection): z.output<typeof collectionSnapshot> {
  const { id, apiRootId, createdAt, updatedAt, objectCount, ...fields } = collection;
  return { id: collectionGlobalId(id), taxiiId: id, apiRoot: apiRootId, ...fields };
}

const event = (verb: string, description: string) =>
  snapshotEvent('taxiiCollection', verb, collectionSnapshot, description, {
    subject: 'TaxiiCollection',
    seenWith: 'threat:read',
    seenByAudience: true,
  });

export const collectionCreated = event('created', 'A collection was made.');
export const collectionUpdated = event('updated', 'Fields of a collection changed; `changed` names them.');
export const collectionDeleted = event('deleted', 'A collection was deleted, with everything in it.');

/** Appends what became of a collection; null where it was not, or is no more. Every account sees it. */
export function appendCollectionEvent(
  ctx: Context,
  before: TaxiiCollection | null,
  after: TaxiiCollection | null,
): void {
  const collection = after ?? before;
  if (!collection) return;
  const [former, present] = [before && toCollectionSnapshot(before), after && toCollectionSnapshot(after)];
  const definition = !before ? collectionCreated : after ? collectionUpdated : collectionDeleted;
  ctx.events.append(
    definition,
    {
      taxiiCollection: toCollectionSnapshot(collection),
      changed: former && present ? changedFields(former, present) : [],
    },
    {
      subject: collectionGlobalId(collection.id),
      scope: { ...collectionFacts(collection), ...audience.accounts },
      ...(former && { before: former }),
      ...(present && { after: present }),
    },
  );
}

/** Whether an event may have changed what everybody reads or adds to. */
export function opensCollection({ name, data }: Pick<AppendedEvent, 'name' | 'data'>): boolean {
  if (name === collectionUpdated.name) {
    const { changed } = data as { readonly changed: readonly string[] };
    return changed.includes('isPublic') || changed.includes('isPublicWrite');
  }
  if (name !== collectionCreated.name && name !== collectionDeleted.name) return false;
  const { taxiiCollection } = data as { readonly taxiiCollection: z.output<typeof collectionSnapshot> };
  return taxiiCollection.isPublic || taxiiCollection.isPublicWrite;
}
