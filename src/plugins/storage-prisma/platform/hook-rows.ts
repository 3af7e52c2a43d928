import { foldText } from '#kernel/filter.ts';
import {
  type HookDelivery as DeliveryRow,
  Prisma,
  type Hook as Row,
  type HookSecret as SecretRow,
} from '#plugins/storage-prisma/generated/client.ts';
import type { HookDelivery } from '#resolvers/platform/hooks/delivery.ts';
import type { Hook, HookChange, HookSecret, NewHook } from '#resolvers/platform/hooks/hook.ts';

const { sql } = Prisma;

/** The columns of a hook, as Prisma names them. */
export const hookColumns = sql`
  h.id, h.number, h.owner_id AS "ownerId", h.event, h.target, h.global_hook AS "globalHook", h.payload,
  h.include_change AS "includeChange", h.scope, h.subject, h.ordering, h.signing, h.state,
  h.disabled_reason AS "disabledReason", h.breaker_state AS "breakerState", h.breaker_until AS "breakerUntil",
  h.breaker_failures AS "breakerFailures", h.held_until AS "heldUntil", h.failing_since AS "failingSince",
  h.listens_after AS "listensAfter", h.etag, h.created_at AS "createdAt", h.updated_at AS "updatedAt"`;

export type HookRow = Omit<Row, 'targetFolded' | 'targetOrigin'>;

export const toHook = ({ breakerState, breakerUntil, breakerFailures, ...row }: HookRow): Hook => ({
  id: row.id,
  number: row.number,
  ownerId: row.ownerId,
  event: row.event,
  target: row.target,
  globalHook: row.globalHook,
  payload: row.payload as Hook['payload'],
  includeChange: row.includeChange,
  scope: row.scope as never,
  subject: row.subject,
  ordering: row.ordering as Hook['ordering'],
  signing: row.signing as Hook['signing'],
  state: row.state as Hook['state'],
  disabledReason: row.disabledReason as Hook['disabledReason'],
  breaker: { state: breakerState as never, until: instantOf(breakerUntil), failures: breakerFailures },
  heldUntil: instantOf(row.heldUntil),
  failingSince: instantOf(row.failingSince),
  listensAfter: row.listensAfter === null ? null : Number(row.listensAfter),
  etag: row.etag,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});

const instantOf = (at: Date | null): string | null => at?.toISOString() ?? null;

/** What of a hook is said, as the model names it. */
export function hookData({ breaker, scope, target, ...rest }: HookChange) {
  return {
    ...rest,
    ...(target !== undefined && {
      target,
      targetFolded: foldText(target),
      targetOrigin: new URL(target).origin,
    }),
    ...(scope && { scope: scope as never }),
    ...(breaker && {
      breakerState: breaker.state,
      breakerUntil: breaker.until,
      breakerFailures: breaker.failures,
    }),
  };
}

export const newHookData = ({ target, scope, breaker, ...hook }: NewHook, number: number) => ({
  ...hook,
  number,
  target,
  targetFolded: foldText(target),
  targetOrigin: new URL(target).origin,
  scope: scope as never,
  breakerState: breaker.state,
  breakerUntil: breaker.until,
  breakerFailures: breaker.failures,
});

export const toSecret = (row: SecretRow): HookSecret => ({
  ...row,
  expiresAt: instantOf(row.expiresAt),
  createdAt: row.createdAt.toISOString(),
});

/** The columns of a delivery, as Prisma names them. */
export const deliveryColumns = sql`
  d.id, d.hook_id AS "hookId", d.owner_id AS "ownerId", d.event_id AS "eventId", d.event_name AS "eventName",
  d.sequence, d.subject, d.webhook_id AS "webhookId", d.state, d.attempt_count AS "attemptCount", d.series,
  d.next_attempt_at AS "nextAttemptAt", d.dead_reason AS "deadReason", d.body, d.created_at AS "createdAt",
  d.updated_at AS "updatedAt"`;

export type HookDeliveryRow = Omit<DeliveryRow, 'fence' | 'leaseExpiresAt'>;

export const toDelivery = (row: HookDeliveryRow): HookDelivery => ({
  id: row.id,
  hookId: row.hookId,
  ownerId: row.ownerId,
  eventId: row.eventId,
  eventName: row.eventName,
  sequence: Number(row.sequence),
  subject: row.subject,
  webhookId: row.webhookId,
  state: row.state as HookDelivery['state'],
  attemptCount: row.attemptCount,
  series: row.series,
  nextAttemptAt: instantOf(row.nextAttemptAt),
  deadReason: row.deadReason as HookDelivery['deadReason'],
  body: row.body,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});
