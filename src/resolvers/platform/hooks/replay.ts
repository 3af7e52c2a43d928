import { z } from 'zod';
import { seesEvent } from '#kernel/access.ts';
import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { decodeCursor, type EventFilter, eventLog, type LogState, type StoredEvent } from '#kernel/event.ts';
import { instant, oneKey, parse } from '#kernel/input.ts';
import { MAX_PAGE, type PageRequest } from '#kernel/page.ts';
import { hookDeliveryStore } from '#resolvers/platform/hooks/delivery.ts';
import { lockedHook, permittedHook } from '#resolvers/platform/hooks/find.ts';
import type { Hook } from '#resolvers/platform/hooks/hook.ts';
import { hookId } from '#resolvers/platform/hooks/input.ts';
import { makeDeliveries } from '#resolvers/platform/hooks/make.ts';
import { isMeant } from '#resolvers/platform/hooks/matching.ts';
import { ownerViewers } from '#resolvers/platform/hooks/owners.ts';
import { patternsFor } from '#resolvers/platform/hooks/pattern.ts';
import { hookRules } from '#resolvers/platform/hooks/rules.ts';
import { requireActive } from '#resolvers/platform/hooks/state.ts';
import { hookWake } from '#resolvers/platform/hooks/wake.ts';

export const replayOnly = ['ALL', 'DEAD'] as const;

const replayPoint = oneKey({
  cursor: z.string('A cursor is a text.'),
  time: instant(),
  start: z.literal(true, 'start can only be true.'),
});
type ReplayPoint = z.output<typeof replayPoint>;

const HookReplay = z.object({
  id: hookId,
  from: replayPoint,
  to: replayPoint.nullish(),
  only: z
    .enum(replayOnly)
    .nullish()
    .transform((only) => only ?? 'ALL'),
});
export type HookReplayInput = z.input<typeof HookReplay>;

export interface Replayed {
  /** How many deliveries go out again, or for the first time. */
  readonly count: number;
  /** Numbers of the first and the last event that were looked at. */
  readonly fromSequence: number;
  readonly toSequence: number;
}

/** Milliseconds that the whole of it may take. */
const timeout = 300_000;

/**
 * Sends what happened again: every event of the range that the hook is for and its owner may see gets another series of
 * attempts, or a first one. Both ends belong to the range; what the log no longer holds without a hole is left out.
 * @throws InputError for a range that ends before it begins, or holds more than `hooks.replayMax` events for the hook.
 */
export async function replayHook(ctx: Context, input: HookReplayInput): Promise<Replayed> {
  const { id } = await permittedHook(ctx, parse(z.object({ id: hookId }), input).id);
  const { from, to, only } = parse(HookReplay, input);
  return ctx.atomically(
    async (ctx) => {
      const hook = await lockedHook(ctx, id);
      requireActive(hook);
      const range = rangeOf(await ctx.use(eventLog).state(), from, to ?? null);
      const filter = filterOf(ctx, hook, from, to ?? null);
      await requireFew(ctx, filter, range);
      const owner = (await ownerViewers(ctx, [hook.ownerId])).get(hook.ownerId);
      let count = 0;
      for await (const events of pages(ctx, filter, range)) {
        const visible = events.filter((event) => {
          const definition = ctx.use(catalogue).events.get(event.name);
          return owner && definition && isMeant(hook, event) && seesEvent(owner, definition, event);
        });
        count += await again(ctx, hook, visible, only);
      }
      if (count > 0) ctx.use(hookWake).due();
      return { count, fromSequence: range.from, toSequence: range.to };
    },
    { timeout },
  );
}

/** Both ends belong to it. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** Times are no part of it: they are conditions on the events themselves. */
function rangeOf({ epoch, head, floor }: LogState, from: ReplayPoint, to: ReplayPoint | null): Range {
  const placeOf = (point: ReplayPoint | null, path: string): number | null => {
    if (point === null || 'time' in point) return null;
    if ('start' in point) return floor;
    const cursor = decodeCursor(point.cursor);
    if (cursor.epoch === epoch && cursor.sequence <= head) return cursor.sequence;
    throw InputError.at([path, 'cursor'], 'The cursor is of another life of the log, or beyond its end.');
  };
  const [first, last] = [placeOf(from, 'from'), placeOf(to, 'to')];
  const isBackward =
    (first !== null && last !== null && first > last) || (to && 'time' in from && 'time' in to && from.time > to.time);
  if (isBackward) throw InputError.at(['to'], 'The range ends before it begins.');
  return { from: Math.max(first ?? floor, floor), to: last ?? head };
}

/** What the log itself can tell of the events that the hook is for. */
function filterOf(ctx: Context, hook: Hook, from: ReplayPoint, to: ReplayPoint | null): EventFilter {
  const names = [...ctx.use(catalogue).events.keys()].filter((name) => patternsFor(name).includes(hook.event));
  return {
    names,
    ...(!hook.globalHook && { actor: hook.ownerId }),
    ...(hook.subject !== null && { subjects: [hook.subject] }),
    ...(hook.scope.length > 0 && { scope: hook.scope }),
    ...('time' in from && { from: from.time }),
    ...(to && 'time' in to && { to: justAfter(to.time) }),
  };
}

/** Events know microseconds; a filter ends before its end. */
function justAfter(time: string): string {
  const micros = Number(time.slice(20, 26)) + 1;
  const whole = new Date(Date.parse(`${time.slice(0, 19)}Z`) + (micros === 1_000_000 ? 1000 : 0)).toISOString();
  return `${whole.slice(0, 19)}.${String(micros % 1_000_000).padStart(6, '0')}Z`;
}

const pageIn = ({ from, to }: Range, limit: number): PageRequest => ({
  limit,
  direction: 'forward',
  // Newest first, so what comes after the end of the range in the list are the events up to it.
  after: [String(to + 1)],
  before: [String(from - 1)],
  offset: 0,
});

async function requireFew(ctx: Context, filter: EventFilter, range: Range): Promise<void> {
  const { replayMax } = ctx.use(hookRules);
  if (range.to - range.from < replayMax) return;
  const { items } = await ctx.use(eventLog).page(filter, 'all', { ...pageIn(range, 1), offset: replayMax });
  if (items.length === 0) return;
  throw InputError.at(['from'], `The range holds more than hooks.replayMax (${replayMax}) events of this hook.`);
}

async function* pages(ctx: Context, filter: EventFilter, range: Range): AsyncGenerator<StoredEvent[]> {
  for (let rest = range; filter.names?.length && rest.to >= rest.from; ) {
    const page = await ctx.use(eventLog).page(filter, 'all', pageIn(rest, MAX_PAGE));
    const events = page.items.map(({ node }) => node);
    if (events.length > 0) yield events;
    if (!page.hasNextPage) return;
    rest = { from: rest.from, to: (events.at(-1)?.sequence ?? rest.from) - 1 };
  }
}

/** Gives deliveries of these events another series, and makes those that are missing. */
async function again(ctx: Context, hook: Hook, events: readonly StoredEvent[], only: 'ALL' | 'DEAD'): Promise<number> {
  const deliveries = ctx.use(hookDeliveryStore);
  const ids = events.map(({ id }) => id);
  const now = new Date(ctx.clock.now()).toISOString();
  if (only === 'DEAD') return deliveries.reopen(hook.id, { events: ids }, ['DEAD'], now);
  const there = new Set(await deliveries.delivered(hook.id, ids));
  const reopened = await deliveries.reopen(hook.id, { events: [...there] }, null, now);
  const missing = events.filter(({ id }) => !there.has(id));
  return reopened + (await makeDeliveries(ctx, [{ hook, events: missing }]));
}
