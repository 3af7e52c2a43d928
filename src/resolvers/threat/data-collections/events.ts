import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import type { EventDefinition } from '#kernel/event.ts';
import { formatBinding } from '#resolvers/threat/content-blocks/binding.ts';
import {
  type DataCollection,
  dataCollectionFacts,
  dataCollectionGlobalId,
} from '#resolvers/threat/data-collections/data-collection.ts';
import { changedFields, snapshotEvent } from '#resolvers/threat/snapshot.ts';

const dataCollectionSnapshot = z.object({
  id: z.string(),
  taxiiId: z.string(),
  name: z.string(),
  type: z.enum(['DATA_FEED', 'DATA_SET']),
  description: z.string().nullable(),
  acceptAllContent: z.boolean(),
  /** `urn:x`, or `urn:x>sub1,sub2`. */
  supportedContent: z.array(z.string()),
  available: z.boolean(),
  volume: z.int(),
  /** Service ids, in their order. */
  services: z.array(z.string()),
});
export type DataCollectionSnapshot = z.output<typeof dataCollectionSnapshot>;

/** A data collection with the ids of its services, as events tell of it. */
export interface Attached {
  readonly collection: DataCollection;
  /** Service ids, sorted. */
  readonly services: readonly string[];
}

export const toDataCollectionSnapshot = ({ collection, services }: Attached): DataCollectionSnapshot => ({
  id: dataCollectionGlobalId(collection.id),
  taxiiId: collection.taxiiId,
  name: collection.name,
  type: collection.type,
  description: collection.description,
  acceptAllContent: collection.acceptAllContent,
  supportedContent: collection.supportedContent.map(formatBinding),
  available: collection.available,
  volume: collection.volume,
  services: [...services],
});

const options = { subject: 'DataCollection', seenWith: 'threat:read' } as const;
const event = (verb: string, description: string) =>
  snapshotEvent('dataCollection', verb, dataCollectionSnapshot, description, options);

export const dataCollectionCreated = event('created', 'A data collection was made.');
export const dataCollectionUpdated = event('updated', 'Fields of a data collection changed; `changed` names them.');
export const dataCollectionDeleted = event(
  'deleted',
  'A data collection was deleted, with blocks that no other holds.',
);
export const dataCollectionServicesReplaced = event('servicesReplaced', 'A data collection got other services.');

/** Appends what became of a data collection; null where it was not, or is no more. */
export function appendDataCollectionEvent(
  ctx: Context,
  definition: EventDefinition<{ readonly dataCollection: DataCollectionSnapshot; readonly changed: readonly string[] }>,
  before: Attached | null,
  after: Attached | null,
): void {
  const thing = after ?? before;
  if (!thing) return;
  const [former, present] = [before && toDataCollectionSnapshot(before), after && toDataCollectionSnapshot(after)];
  ctx.events.append(
    definition,
    {
      dataCollection: toDataCollectionSnapshot(thing),
      changed: former && present ? changedFields(former, present) : [],
    },
    {
      subject: dataCollectionGlobalId(thing.collection.id),
      scope: dataCollectionFacts(thing.collection),
      ...(former && { before: former }),
      ...(present && { after: present }),
    },
  );
}
