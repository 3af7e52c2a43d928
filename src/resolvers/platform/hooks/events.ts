import { z } from 'zod';
import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { defineEvent, type EventDefinition } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import { accountFacts } from '#resolvers/platform/accounts/events.ts';
import { hookPayloads } from '#resolvers/platform/hooks/body.ts';
import { attemptErrors, deadReasons, deliveryStates, type HookDelivery } from '#resolvers/platform/hooks/delivery.ts';
import { disabledReasons, type Hook, hookOrderings, hookStates } from '#resolvers/platform/hooks/hook.ts';
import { hookSignings } from '#resolvers/platform/hooks/signature.ts';

/** A hook as events keep it: no secret is part of it. Ids are global ids. */
export const HookSnapshot = z.object({
  id: z.string(),
  number: z.number().int(),
  ownerId: z.string(),
  event: z.string(),
  target: z.string(),
  globalHook: z.boolean(),
  payload: z.enum(hookPayloads),
  includeChange: z.boolean(),
  scope: z.array(z.object({ kind: z.string(), value: z.string() })),
  subject: z.string().nullable(),
  ordering: z.enum(hookOrderings),
  signing: z.enum(hookSignings),
  state: z.enum(hookStates),
  disabledReason: z.enum(disabledReasons).nullable(),
});
export type HookSnapshot = z.output<typeof HookSnapshot>;

export const hookGlobalId = (id: string): string => toGlobalId('Hook', id);

export const hookSnapshot = (hook: Hook): HookSnapshot => ({
  id: hookGlobalId(hook.id),
  number: hook.number,
  ownerId: toGlobalId('Account', hook.ownerId),
  event: hook.event,
  target: hook.target,
  globalHook: hook.globalHook,
  payload: hook.payload,
  includeChange: hook.includeChange,
  scope: [...hook.scope],
  subject: hook.subject,
  ordering: hook.ordering,
  signing: hook.signing,
  state: hook.state,
  disabledReason: hook.disabledReason,
});

const options = {
  subject: 'Hook',
  seenWith: 'hook:admin',
  seenByOwner: true,
  retain: 'AUDIT',
  hookData: (event: { data: unknown }) => (event.data as { hook: HookSnapshot }).hook,
} as const;

const HookData = z.object({ hook: HookSnapshot });
const ChangedHookData = z.object({ hook: HookSnapshot, changed: z.array(z.string()) });
const TestedHookData = z.object({
  hook: HookSnapshot,
  status: z.number().int().nullable(),
  error: z.enum(attemptErrors).nullable(),
});

export const hookCreated = defineEvent('platform.hook.created', HookData, {
  ...options,
  description: 'A hook was made.',
});
export const hookUpdated = defineEvent('platform.hook.updated', ChangedHookData, {
  ...options,
  description: 'Fields of a hook changed; `changed` names them.',
});
export const hookDeleted = defineEvent('platform.hook.deleted', HookData, {
  ...options,
  description: 'A hook is gone; what it had not delivered is cancelled.',
});
export const hookEnabled = defineEvent('platform.hook.enabled', HookData, {
  ...options,
  description: 'A hook is told of events from here on.',
});
export const hookDisabled = defineEvent('platform.hook.disabled', HookData, {
  ...options,
  description:
    'A hook is told of nothing any more, and what it had not delivered is given up: `state` says whether somebody or the gateway disabled it, or its owner may not act.',
});
export const hookTested = defineEvent('platform.hook.tested', TestedHookData, {
  ...options,
  description: 'A hook was tried with sample data, and this came of it.',
});
export const hookSecretRotated = defineEvent('platform.hook.secretRotated', HookData, {
  ...options,
  description: 'A hook signs with a new secret.',
});

/** A delivery as events keep it, without its body. Ids are global ids. */
const HookDeliverySnapshot = z.object({
  id: z.string(),
  hookId: z.string(),
  eventId: z.string(),
  event: z.string(),
  webhookId: z.string(),
  state: z.enum(deliveryStates),
  attemptCount: z.number().int(),
  series: z.number().int(),
  deadReason: z.enum(deadReasons).nullable(),
  createdAt: z.string(),
});
const HookDeliveryData = z.object({ hookDelivery: HookDeliverySnapshot });

export const hookDeadLettered = defineEvent('platform.hookDelivery.deadLettered', HookDeliveryData, {
  ...options,
  subject: 'HookDelivery',
  retain: 'LIVE',
  description:
    'A delivery was given up: its last attempt failed, or the owner of the hook may not see the event any more.',
  hookData: (event) => (event.data as z.output<typeof HookDeliveryData>).hookDelivery,
});

export const hookEvents = [
  hookCreated,
  hookUpdated,
  hookDeleted,
  hookEnabled,
  hookDisabled,
  hookTested,
  hookSecretRotated,
  hookDeadLettered,
] as const;

const factsOf = (ownerId: string, hookId: string) => ({ ...accountFacts(ownerId), hook: hookId });

/**
 * Appends an event about a hook. `more` is what its data says beside the hook, `change.id` the row id of the event where
 * that was told before.
 */
export function tellHook<Data extends { hook: HookSnapshot }>(
  ctx: Context,
  event: EventDefinition<Data>,
  hook: Hook,
  more: Omit<Data, 'hook'>,
  change: { readonly before?: Hook | undefined; readonly after?: Hook; readonly id?: string } = {},
): void {
  ctx.events.append(event, { ...more, hook: hookSnapshot(hook) } as Data, {
    subject: hookGlobalId(hook.id),
    scope: factsOf(hook.ownerId, hook.id),
    ...(change.id !== undefined && { id: change.id }),
    ...(change.before && { before: hookSnapshot(change.before) }),
    ...(change.after && { after: hookSnapshot(change.after) }),
  });
}

/** Appends an event about a delivery. */
export function tellDelivery(
  ctx: Context,
  event: EventDefinition<z.output<typeof HookDeliveryData>>,
  delivery: HookDelivery,
): void {
  const { id, hookId, eventId, eventName, webhookId, state, attemptCount, series, deadReason, createdAt } = delivery;
  const eventType = ctx.use(catalogue).events.get(eventName)?.type ?? 'OtherEvent';
  ctx.events.append(
    event,
    {
      hookDelivery: {
        id: toGlobalId('HookDelivery', id),
        hookId: hookGlobalId(hookId),
        eventId: toGlobalId(eventType, eventId),
        event: eventName,
        webhookId,
        state,
        attemptCount,
        series,
        deadReason,
        createdAt,
      },
    },
    { subject: toGlobalId('HookDelivery', id), scope: factsOf(delivery.ownerId, hookId) },
  );
}
