import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import type { EventDefinition } from '#kernel/event.ts';
import { serviceGlobalId, type TaxiiService } from '#resolvers/threat/services/service.ts';
import { changedFields, snapshotEvent } from '#resolvers/threat/snapshot.ts';

/** A service as events keep it: what its kind has stands beside what all have. */
const serviceSnapshot = z.looseObject({ id: z.string(), kind: z.string(), serviceId: z.string() });

export function toServiceSnapshot(service: TaxiiService): z.output<typeof serviceSnapshot> {
  const { createdAt, updatedAt, ...fields } = service;
  return { ...fields, id: serviceGlobalId(service) };
}

const options = { subject: 'TaxiiService', seenWith: 'threat:admin' } as const;
const event = (verb: string, description: string) =>
  snapshotEvent('taxiiService', verb, serviceSnapshot, description, options);

export const serviceCreated = event('created', 'A service of TAXII 1 was made.');
export const serviceUpdated = event('updated', 'Fields of a service changed; `changed` names them.');
export const serviceDeleted = event('deleted', 'A service was deleted, with its subscriptions.');

/** Appends what became of a service; null where it was not, or is no more. */
export function appendServiceEvent(ctx: Context, before: TaxiiService | null, after: TaxiiService | null): void {
  const service = after ?? before;
  if (!service) return;
  const [former, present] = [before && toServiceSnapshot(before), after && toServiceSnapshot(after)];
  const changed = before && present ? changedFields(former, present) : [];
  ctx.events.append(
    definitionOf(before, after),
    { taxiiService: present ?? former ?? toServiceSnapshot(service), changed },
    {
      subject: serviceGlobalId(service),
      scope: {},
      ...(former && { before: former }),
      ...(present && { after: present }),
    },
  );
}

function definitionOf(before: unknown, after: unknown): EventDefinition<z.output<typeof serviceCreated.data>> {
  if (!before) return serviceCreated;
  return after ? serviceUpdated : serviceDeleted;
}
