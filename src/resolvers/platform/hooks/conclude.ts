import type { Context } from '#kernel/context.ts';
import { attemptOf, type Reply } from '#resolvers/platform/hooks/attempt.ts';
import { type Breaker, breakerAfter, closedBreaker } from '#resolvers/platform/hooks/breaker.ts';
import {
  type DeliveryOutcome,
  type HeldDelivery,
  type HookDelivery,
  hookDeliveryStore,
} from '#resolvers/platform/hooks/delivery.ts';
import { hookDeadLettered, tellDelivery } from '#resolvers/platform/hooks/events.ts';
import { type DisabledReason, type Hook, type HookUpkeep, hookStore } from '#resolvers/platform/hooks/hook.ts';
import { hookRules } from '#resolvers/platform/hooks/rules.ts';
import { holdAfter, waitAfter } from '#resolvers/platform/hooks/schedule.ts';
import { disableByGateway } from '#resolvers/platform/hooks/state.ts';

/** A delivery that this process has leased. */
export interface LeasedDelivery {
  readonly held: HeldDelivery;
  readonly delivery: HookDelivery;
  /** As it was when the attempt began. */
  readonly hook: Hook;
}

/**
 * Keeps what came of an attempt: on the delivery, which is tried again later or is done with, and on its hook.
 * @returns until when the deliveries of the hook wait, in milliseconds since the epoch; null when they do not.
 */
export async function concludeAttempt(ctx: Context, leased: LeasedDelivery, reply: Reply): Promise<number | null> {
  const { held, delivery } = leased;
  return ctx.atomically(async (ctx) => {
    // The hook is locked before its deliveries, as by those who change it; left alone where there is nothing to note.
    const [hook = null] = isNews(leased.hook, reply) ? await ctx.use(hookStore).lock([delivery.hookId]) : [];
    const outcome = outcomeOf(ctx, delivery, reply);
    const done = await ctx.use(hookDeliveryStore).finish(held, outcome, attemptOf(delivery, reply), nowOf(ctx));
    if (!done || !hook) return null;
    if (done.state === 'DEAD') tellDelivery(ctx, hookDeadLettered, done);
    const upkeep = upkeepAfter(ctx, hook, reply);
    await ctx.use(hookStore).update(hook.id, upkeep);
    const reason = reasonToDisable(ctx, upkeep, reply);
    if (reason && hook.state === 'ACTIVE') await disableByGateway(ctx, hook, reason);
    return waitOf(upkeep);
  });
}

const nowOf = (ctx: Context): string => new Date(ctx.clock.now()).toISOString();

/** Gives up, unsent, what the owner of its hook may not see any more. */
export async function concludeForbidden(ctx: Context, { held }: LeasedDelivery): Promise<void> {
  await ctx.atomically(async (ctx) => {
    const outcome: DeliveryOutcome = { state: 'DEAD', nextAttemptAt: null, deadReason: 'FORBIDDEN' };
    const done = await ctx.use(hookDeliveryStore).finish(held, outcome, null, nowOf(ctx));
    if (done) tellDelivery(ctx, hookDeadLettered, done);
  });
}

/** Successes of a hook that has had nothing else say nothing about it. */
const isNews = ({ breaker, failingSince }: Hook, { error }: Reply): boolean =>
  error !== null || breaker.failures > 0 || failingSince !== null;

function outcomeOf(ctx: Context, { attemptCount }: HookDelivery, { error, retryAfter }: Reply): DeliveryOutcome {
  if (error === null) return { state: 'SUCCEEDED', nextAttemptAt: null, deadReason: null };
  const wait = waitAfter(attemptCount + 1, ctx.use(hookRules), retryAfter, Math.random());
  if (wait === null) return { state: 'DEAD', nextAttemptAt: null, deadReason: 'EXHAUSTED' };
  return { state: 'RETRYING', nextAttemptAt: new Date(ctx.clock.now() + wait).toISOString(), deadReason: null };
}

function upkeepAfter(ctx: Context, hook: Hook, { error, status, retryAfter }: Reply): HookUpkeep {
  const now = ctx.clock.now();
  if (error === null) return { breaker: closedBreaker, heldUntil: hook.heldUntil, failingSince: null };
  const hold = status === null ? null : holdAfter(status, retryAfter);
  return {
    breaker: breakerAfter(hook.breaker, false, now),
    heldUntil: later(hook.heldUntil, hold === null ? null : new Date(now + hold).toISOString()),
    failingSince: hook.failingSince ?? new Date(now).toISOString(),
  };
}

const later = (one: string | null, other: string | null): string | null =>
  one === null || (other !== null && other > one) ? other : one;

function reasonToDisable(ctx: Context, { failingSince }: HookUpkeep, { status }: Reply): DisabledReason | null {
  if (status === 410) return 'GONE';
  const { disableAfter } = ctx.use(hookRules);
  return failingSince !== null && ctx.clock.now() - Date.parse(failingSince) >= disableAfter ? 'FAILING' : null;
}

function waitOf({ breaker, heldUntil }: { readonly breaker: Breaker; readonly heldUntil: string | null }) {
  const until = later(heldUntil, breaker.until);
  return until === null ? null : Date.parse(until);
}
