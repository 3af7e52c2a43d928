import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { defineEvent, type EventDefinition } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import { collectionFacts, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import type { StixVersion } from '#resolvers/threat/objects/stix-object.ts';

/** What an event says of a version: all but the body, which is read when the event is delivered. */
const facts = z.object({
  collection: z.string().describe('The taxiiId of its collection.'),
  stixId: z.string(),
  type: z.string(),
  specVersion: z.string(),
  version: z.string(),
  dateAdded: z.string(),
});

type StixEvent = EventDefinition<z.output<typeof facts>>;

export const stixObjectAdded: StixEvent = defineEvent('threat.stixObject.added', facts, {
  description: 'A version of a STIX object came into a collection.',
  subject: 'StixObject',
  seenWith: 'threat:read',
});

export const stixObjectDeleted: StixEvent = defineEvent('threat.stixObject.deleted', facts, {
  description: 'A version of a STIX object was deleted from a collection, for good.',
  subject: 'StixObject',
  seenWith: 'threat:read',
});

/** Appends one event for each version, in their order. */
export function tellVersions(
  ctx: Context,
  event: StixEvent,
  collection: TaxiiCollection,
  versions: readonly StixVersion[],
): void {
  const scope = collectionFacts(collection);
  for (const { id, stixId, type, specVersion, version, dateAdded } of versions)
    ctx.events.append(
      event,
      { collection: collection.id, stixId, type, specVersion, version, dateAdded },
      { subject: toGlobalId('StixObject', id), scope },
    );
}
