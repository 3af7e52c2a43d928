import { seesEvent } from '#kernel/access.ts';
import type { Timer } from '#kernel/clock.ts';
import type { Context } from '#kernel/context.ts';
import { encodeCursor, eventLog, type StoredEvent } from '#kernel/event.ts';
import { newId } from '#kernel/id.ts';
import { type Repeated, repeat } from '#kernel/repeat.ts';
import type { Viewer } from '#kernel/viewer.ts';
import { openSecrets, post, type Reply } from '#resolvers/platform/hooks/attempt.ts';
import { breakerWhileTrying } from '#resolvers/platform/hooks/breaker.ts';
import { concludeAttempt, concludeForbidden, type LeasedDelivery } from '#resolvers/platform/hooks/conclude.ts';
import { type HookDelivery, hookDeliveryStore } from '#resolvers/platform/hooks/delivery.ts';
import { type Hook, type HookSecret, hookStore } from '#resolvers/platform/hooks/hook.ts';
import { definitionOf } from '#resolvers/platform/hooks/make.ts';
import { ownerViewers } from '#resolvers/platform/hooks/owners.ts';
import { hookRules } from '#resolvers/platform/hooks/rules.ts';

/** Milliseconds between two looks for deliveries that no wake-up told of. */
const sweep = 5000;
/** How much longer than a request its lease holds: for what is read before it and kept after it. */
const leaseMargin = 10_000;
/** Milliseconds after which a delivery comes again that could not be tried, through no fault of its target. */
const retryPause = 60_000;

/** Takes deliveries that are due and sends them. What becomes of one never keeps another. */
export class HookSender {
  readonly #context: () => Context;
  readonly #count: (reply: Reply) => void;
  /** What is under way, and how much of it to each origin. */
  readonly #running = new Set<Promise<void>>();
  readonly #busy = new Map<string, number>();
  readonly #look: Repeated;
  /** When it is to look again, by that time. */
  readonly #timers = new Map<number, Timer>();
  #isLeaving = false;

  /**
   * @param context a fresh context of the gateway's own.
   * @param count told of each attempt.
   */
  constructor(context: () => Context, count: (reply: Reply) => void) {
    this.#context = context;
    this.#count = count;
    const { clock, log } = context();
    this.#look = repeat(
      clock,
      sweep,
      () => this.#takeDue(),
      (error) => log.error({ err: error }, 'Deliveries of hooks could not be looked for.'),
    );
  }

  /** Looks for what is due, now. */
  wake(): void {
    if (!this.#isLeaving) void this.#look.now();
  }

  /** Takes no more, and resolves when what is under way has ended. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    for (const timer of this.#timers.values()) timer.cancel();
    await this.#look.stop();
    await Promise.all(this.#running);
  }

  async #takeDue(): Promise<void> {
    const ctx = this.#context();
    const { concurrency, endpointConcurrency, timeout } = ctx.use(hookRules);
    const deliveries = ctx.use(hookDeliveryStore);
    while (!this.#isLeaving && this.#running.size < concurrency) {
      const fence = newId();
      const claimed = await deliveries.claimDue({
        now: new Date(ctx.clock.now()).toISOString(),
        limit: concurrency - this.#running.size,
        perTarget: endpointConcurrency,
        busy: Object.fromEntries(this.#busy),
        lease: timeout + leaseMargin,
        fence,
      });
      if (claimed.length === 0) break;
      await this.#begin(claimed, fence);
    }
    const next = await deliveries.nextDue(new Date(ctx.clock.now()).toISOString());
    if (next !== null) this.#wakeAt(Date.parse(next));
  }

  /** Reads together what the attempts need, and lets each go its way. */
  async #begin(claimed: readonly HookDelivery[], fence: string): Promise<void> {
    const ctx = this.#context();
    const facts = await readFacts(ctx, claimed);
    for (const [index, delivery] of claimed.entries()) {
      const hook = facts.hooks.get(delivery.hookId);
      // Its hook was deleted a moment ago, and the delivery is closed.
      if (!hook) continue;
      const leased = { held: { id: delivery.id, fence }, delivery, hook };
      const { origin } = new URL(hook.target);
      this.#busy.set(origin, (this.#busy.get(origin) ?? 0) + 1);
      const running = this.#attempt(leased, facts, facts.events[index] ?? null)
        .catch((error: unknown) => this.#putOff(leased, error))
        .finally(() => {
          this.#running.delete(running);
          const left = (this.#busy.get(origin) ?? 1) - 1;
          if (left > 0) this.#busy.set(origin, left);
          else this.#busy.delete(origin);
          this.wake();
        });
      this.#running.add(running);
    }
  }

  async #attempt(leased: LeasedDelivery, facts: Facts, event: StoredEvent | null): Promise<void> {
    const ctx = this.#context();
    const { delivery, hook } = leased;
    if (!isSeen(ctx, facts.owners.get(hook.ownerId), delivery, event)) return concludeForbidden(ctx, leased);
    const secrets = openSecrets(ctx, facts.secrets.get(hook.id) ?? []);
    if (hook.breaker.state === 'OPEN') await showProbe(ctx, hook.id);
    const { target } = hook;
    const { webhookId, body, eventName, sequence } = delivery;
    const cursor = encodeCursor({ epoch: event?.epoch ?? facts.epoch, sequence });
    const reply = await post(ctx, { target, webhookId, body, eventName, cursor, secrets });
    this.#count(reply);
    const until = await concludeAttempt(this.#context(), leased, reply);
    if (until !== null) this.#wakeAt(until);
  }

  /** A fault of this gateway, such as a key that it lacks, is no failure of the target. */
  async #putOff({ held, hook }: LeasedDelivery, error: unknown): Promise<void> {
    const { log, clock } = this.#context();
    log.error({ err: error, hook: hook.number, delivery: held.id }, 'A delivery of a hook could not be tried.');
    const at = new Date(clock.now() + retryPause).toISOString();
    await this.#context()
      .use(hookDeliveryStore)
      .release(held, at)
      // Then its lease ends by itself.
      .catch((failure: unknown) => log.error({ err: failure, delivery: held.id }, 'It stays leased for a while.'));
  }

  #wakeAt(at: number): void {
    const { clock } = this.#context();
    if (this.#isLeaving || this.#timers.has(at)) return;
    const timer = clock.after(at - clock.now(), () => {
      this.#timers.delete(at);
      this.wake();
    });
    this.#timers.set(at, timer);
  }
}

interface Facts {
  readonly hooks: ReadonlyMap<string, Hook>;
  /** By hook. */
  readonly secrets: ReadonlyMap<string, readonly HookSecret[]>;
  readonly owners: ReadonlyMap<string, Viewer>;
  /** In the order of the deliveries; null for what is no longer in the log. */
  readonly events: readonly (StoredEvent | null)[];
  /** Of the log as it is. */
  readonly epoch: string;
}

async function readFacts(ctx: Context, claimed: readonly HookDelivery[]): Promise<Facts> {
  const hookIds = [...new Set(claimed.map(({ hookId }) => hookId))];
  const now = new Date(ctx.clock.now()).toISOString();
  const hooks = (await ctx.use(hookStore).getMany(hookIds)).filter((hook) => hook !== null);
  const secrets = await ctx.use(hookStore).secrets(hookIds, now);
  const events = await ctx.use(eventLog).getMany(claimed.map(({ eventId }) => eventId));
  return {
    hooks: new Map(hooks.map((hook) => [hook.id, hook])),
    secrets: new Map(hookIds.map((id, index) => [id, secrets[index] ?? []])),
    owners: await ownerViewers(
      ctx,
      hooks.map(({ ownerId }) => ownerId),
    ),
    events,
    epoch: events.includes(null) ? (await ctx.use(eventLog).state()).epoch : '',
  };
}

/** Whether the owner may see the event now. Of one that the log forgot only the widest right can be sure. */
function isSeen(
  ctx: Context,
  owner: Viewer | undefined,
  { eventName }: HookDelivery,
  event: StoredEvent | null,
): boolean {
  const definition = definitionOf(ctx, eventName);
  return owner !== undefined && definition !== null && seesEvent(owner, definition, event ?? { scope: {} });
}

/** Shows that the breaker lets one attempt try. */
async function showProbe(ctx: Context, hookId: string): Promise<void> {
  await ctx.atomically(async (ctx) => {
    const [hook] = await ctx.use(hookStore).lock([hookId]);
    if (hook?.breaker.state === 'OPEN')
      await ctx.use(hookStore).update(hookId, { breaker: breakerWhileTrying(hook.breaker) });
  });
}
