import { z } from 'zod';
import { type Context, microseconds } from '#kernel/context.ts';
import { encodeCursor, eventLog } from '#kernel/event.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import { attemptOf, openSecrets, post } from '#resolvers/platform/hooks/attempt.ts';
import { type BodyEvent, renderBody } from '#resolvers/platform/hooks/body.ts';
import type { HookAttempt } from '#resolvers/platform/hooks/delivery.ts';
import { hookGlobalId, hookSnapshot, hookTested, tellHook } from '#resolvers/platform/hooks/events.ts';
import { permittedHook } from '#resolvers/platform/hooks/find.ts';
import { type Hook, hookStore } from '#resolvers/platform/hooks/hook.ts';
import { hookId } from '#resolvers/platform/hooks/input.ts';
import { newWebhookId } from '#resolvers/platform/hooks/signature.ts';

const HookTest = z.object({ id: hookId });
export type HookTestInput = z.input<typeof HookTest>;

export interface TestedHook {
  readonly hook: Hook;
  readonly attempt: HookAttempt;
}

/**
 * Sends one signed request at once, with the hook itself for a sample, and answers what came of it. Whatever its state
 * is: neither that nor its breaker nor its deliveries learn of it.
 */
export async function testHook(ctx: Context, input: HookTestInput): Promise<TestedHook> {
  const { id } = parse(HookTest, input);
  const hook = await permittedHook(ctx, id);
  const now = new Date(ctx.clock.now()).toISOString();
  const [secrets = []] = await ctx.use(hookStore).secrets([id], now);
  const { epoch, head } = await ctx.use(eventLog).state();
  const event = sampleOf(ctx, hook);
  const reply = await post(ctx, {
    target: hook.target,
    webhookId: newWebhookId(),
    body: renderBody(hook, event, hookTested),
    eventName: event.name,
    cursor: encodeCursor({ epoch, sequence: head }),
    secrets: openSecrets(ctx, secrets),
  });
  const { status, error } = reply;
  await ctx.atomically(async (ctx) => tellHook(ctx, hookTested, hook, { status, error }, { id: event.id }));
  return { hook, attempt: attemptOf({ id: event.id, attemptCount: 0, series: 1 }, reply) };
}

/** The event as it will be in the log, but for what comes of the test. */
const sampleOf = (ctx: Context, hook: Hook): BodyEvent => ({
  id: newId(),
  name: hookTested.name,
  subject: hookGlobalId(hook.id),
  scope: {},
  actor: { account: ctx.viewer.id, name: ctx.viewer.name, credential: null, address: null },
  occurredAt: microseconds(ctx.clock.now()),
  data: { hook: hookSnapshot(hook) },
  before: null,
  after: null,
  traceparent: null,
  tx: '',
  retain: hookTested.retain,
  truncated: false,
});
