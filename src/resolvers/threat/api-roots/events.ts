import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { audience } from '#kernel/open-rights.ts';
import { apiRootFacts, apiRootGlobalId, type TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import { changedFields, snapshotEvent } from '#resolvers/threat/snapshot.ts';

const apiRootSnapshot = z.object({
  id: z.string(),
  taxiiId: z.string(),
  slug: z.string().nullable(),
  title: z.string(),
  description: z.string().nullable(),
  isDefault: z.boolean(),
  isPublic: z.boolean(),
});

/** An API root as events keep it. */
export function toApiRootSnapshot(root: TaxiiApiRoot): z.output<typeof apiRootSnapshot> {
  const { id, createdAt, updatedAt, ...fields } = root;
  return { id: apiRootGlobalId(id), taxiiId: id, ...fields };
}

const event = (verb: string, description: string) =>
  snapshotEvent('taxiiApiRoot', verb, apiRootSnapshot, description, {
    subject: 'TaxiiApiRoot',
    seenWith: 'threat:read',
    seenByAudience: true,
  });

export const apiRootCreated = event('created', 'An API root was made.');
export const apiRootUpdated = event('updated', 'Fields of an API root changed; `changed` names them.');
export const apiRootDeleted = event('deleted', 'An API root was deleted.');

/** Appends what became of an API root; null where it was not, or is no more. Every account sees it. */
export function appendApiRootEvent(ctx: Context, before: TaxiiApiRoot | null, after: TaxiiApiRoot | null): void {
  const root = after ?? before;
  if (!root) return;
  const [former, present] = [before && toApiRootSnapshot(before), after && toApiRootSnapshot(after)];
  const definition = !before ? apiRootCreated : after ? apiRootUpdated : apiRootDeleted;
  ctx.events.append(
    definition,
    { taxiiApiRoot: toApiRootSnapshot(root), changed: former && present ? changedFields(former, present) : [] },
    {
      subject: apiRootGlobalId(root.id),
      scope: { ...apiRootFacts(root), ...audience.accounts },
      ...(former && { before: former }),
      ...(present && { after: present }),
    },
  );
}
