import { seesEvent, showEvents } from '#kernel/access.ts';
import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import type { EventDefinition, StoredEvent } from '#kernel/event.ts';
import { newId } from '#kernel/id.ts';
import type { Viewer } from '#kernel/viewer.ts';
import { renderBody } from '#resolvers/platform/hooks/body.ts';
import { hookDeliveryStore, type NewHookDelivery } from '#resolvers/platform/hooks/delivery.ts';
import type { Hook } from '#resolvers/platform/hooks/hook.ts';
import { ownerViewers } from '#resolvers/platform/hooks/owners.ts';
import { newWebhookId } from '#resolvers/platform/hooks/signature.ts';

/** A hook and events that it is for. */
export interface HookEvents {
  readonly hook: Hook;
  readonly events: readonly StoredEvent[];
}

/** Rows that are written at once, so that bodies of many hooks do not lie in memory together. */
const batch = 500;

/**
 * Makes a delivery of each event to each of its hooks, due at once, and answers how many. None is made of what the owner
 * of the hook may not see, and none twice. Bodies hold what the owner is shown.
 */
export async function makeDeliveries(ctx: Context, wanted: readonly HookEvents[]): Promise<number> {
  const owners = await ownerViewers(
    ctx,
    wanted.map(({ hook }) => hook.ownerId),
  );
  let count = 0;
  let rows: NewHookDelivery[] = [];
  const write = async () => {
    if (rows.length > 0) count += (await ctx.use(hookDeliveryStore).insert(rows)).length;
    rows = [];
  };
  for (const [ownerId, group] of Map.groupBy(wanted, ({ hook }) => hook.ownerId)) {
    const owner = owners.get(ownerId);
    if (!owner) continue;
    const shown = await shownTo(ctx, owner, [...new Set(group.flatMap(({ events }) => events))]);
    for (const { hook, events } of group)
      for (const event of events) {
        const row = shown.has(event) ? toDelivery(ctx, hook, shown.get(event) ?? event) : null;
        if (row) rows.push(row);
        if (rows.length >= batch) await write();
      }
  }
  await write();
  return count;
}

/** The events that the owner sees, as he sees them. */
async function shownTo(
  ctx: Context,
  owner: Viewer,
  events: readonly StoredEvent[],
): Promise<ReadonlyMap<StoredEvent, StoredEvent>> {
  const seen = events.filter((event) => {
    const definition = definitionOf(ctx, event.name);
    return definition !== null && seesEvent(owner, definition, event);
  });
  return new Map(await pairs(ctx.as(owner), seen));
}

type Shown = readonly [StoredEvent, StoredEvent];

/** One event that cannot be shown must not hold up all others: then they are shown one by one, without that one. */
async function pairs(ctx: Context, events: readonly StoredEvent[]): Promise<Shown[]> {
  try {
    const shown = await showEvents(ctx, events);
    return events.map((event, index) => [event, shown[index] ?? event]);
  } catch (error) {
    const [only, ...others] = events;
    if (!only || others.length > 0) return (await Promise.all(events.map((event) => pairs(ctx, [event])))).flat();
    tellUnsent(ctx, only, error);
    return [];
  }
}

const tellUnsent = (ctx: Context, { name, sequence }: StoredEvent, error: unknown): void =>
  ctx.log.error({ err: error, event: name, sequence }, 'An event cannot be sent to hooks.');

export const definitionOf = (ctx: Context, eventName: string): EventDefinition | null =>
  ctx.use(catalogue).events.get(eventName) ?? null;

/** Null for an event that its own definition cannot render: it must not hold up all others. */
function toDelivery(ctx: Context, hook: Hook, event: StoredEvent): NewHookDelivery | null {
  const definition = definitionOf(ctx, event.name);
  if (!definition) return null;
  const now = new Date(ctx.clock.now()).toISOString();
  try {
    return {
      id: newId(),
      hookId: hook.id,
      ownerId: hook.ownerId,
      eventId: event.id,
      eventName: event.name,
      sequence: event.sequence,
      subject: event.subject,
      webhookId: newWebhookId(),
      body: renderBody(hook, event, definition),
      nextAttemptAt: now,
      createdAt: now,
    };
  } catch (error) {
    tellUnsent(ctx, event, error);
    return null;
  }
}
