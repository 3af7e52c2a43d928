import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { defineEvent } from '#kernel/event.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';
import type { PollService } from '#resolvers/threat/services/service.ts';

export const resultSetCreated = defineEvent(
  'threat.resultSet.created',
  z.object({
    resultId: z.string(),
    /** TAXII id of the data collection. */
    collection: z.string(),
    /** The service id of the poll service. */
    service: z.string(),
  }),
  {
    description: 'A poll found more than one part holds: the others are fulfilled by the result set.',
    subject: null,
    seenWith: 'threat:admin',
    seenByOwner: true,
  },
);

export function appendResultSetCreated(
  ctx: Context,
  resultId: string,
  { collection, service }: { readonly collection: DataCollection; readonly service: PollService },
): void {
  ctx.events.append(
    resultSetCreated,
    { resultId, collection: collection.taxiiId, service: service.serviceId },
    { scope: { collection: collection.taxiiId, ...(ctx.viewer.id !== null && { account: ctx.viewer.id }) } },
  );
}
