import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { defineEvent } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import { audience } from '#kernel/open-rights.ts';
import { apiRootStore } from '#resolvers/threat/api-roots/api-root.ts';
import type { TaxiiStatus } from '#resolvers/threat/statuses/taxii-status.ts';

export const taxiiStatusCompleted = defineEvent(
  'threat.taxiiStatus.completed',
  z.object({
    taxiiId: z.string(),
    totalCount: z.int(),
    successCount: z.int(),
    failureCount: z.int(),
    pendingCount: z.int(),
  }),
  {
    description: 'A request to add STIX objects is done, or was given up.',
    subject: 'TaxiiStatus',
    seenWith: 'threat:write',
    seenByOwner: true,
    seenByAudience: true,
  },
);

export const statusGlobalId = (id: string): string => toGlobalId('TaxiiStatus', id);

/** Appends the event of each of these statuses: without an owner it is for all who see the API root. */
export async function tellCompleted(ctx: Context, statuses: readonly TaxiiStatus[]): Promise<void> {
  const unowned = statuses.filter(({ owner }) => owner === null).map(({ apiRootId }) => apiRootId);
  const roots = unowned.length === 0 ? [] : await ctx.use(apiRootStore).getMany([...new Set(unowned)]);
  for (const { id, apiRootId, collectionId, owner, ...status } of statuses) {
    const { totalCount, successCount, failureCount, pendingCount } = status;
    const isPublic = roots.some((root) => root?.id === apiRootId && root.isPublic);
    ctx.events.append(
      taxiiStatusCompleted,
      { taxiiId: id, totalCount, successCount, failureCount, pendingCount },
      {
        subject: statusGlobalId(id),
        scope: {
          ...(collectionId !== null && { collection: collectionId }),
          apiRoot: apiRootId,
          ...(owner !== null ? { account: owner } : isPublic ? audience.everyone : audience.accounts),
        },
      },
    );
  }
}
