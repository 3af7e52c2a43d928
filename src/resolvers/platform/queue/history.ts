import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { instant, parse } from '#kernel/input.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { type BucketUnit, type QueueSample, sampleStore } from '#resolvers/platform/queue/sample.ts';
import { queueSettings } from '#resolvers/platform/queue/settings.ts';

const Period = z.object({ from: instant().nullish(), to: instant().nullish() });
const Samples = z.object({ filter: Period.nullish() });

/** Every sample, newest first. */
export async function listSamples(
  ctx: Context,
  input: z.input<typeof Samples>,
  page: PageRequest,
): Promise<Page<QueueSample>> {
  allow(ctx, 'queue:read');
  const { filter } = parse(Samples, input);
  return ctx.use(sampleStore).page(filter ?? {}, page);
}

const History = Period.extend({
  order: z
    .enum(['ASC', 'DESC'], 'order must be ASC or DESC.')
    .nullish()
    .transform((order) => order ?? 'DESC'),
});

/** The queue over a time, in pieces that fit its length: of each the sample with the most jobs. */
export async function listHistory(
  ctx: Context,
  input: z.input<typeof History>,
  page: PageRequest,
): Promise<Page<QueueSample>> {
  allow(ctx, 'queue:read');
  const { from: given, to, order } = parse(History, input);
  const from = given ?? daysAgo(ctx.clock.now(), ctx.use(queueSettings).historyDays);
  const end = to ?? new Date(ctx.clock.now()).toISOString();
  if (to != null && Date.parse(from) > Date.parse(to))
    throw InputError.at(['from'], 'Invalid time period. Start date > End date');
  return ctx.use(sampleStore).buckets({ from, to: to ?? null }, unitFor(from, end), order, page);
}

/** Midnight UTC of that day. */
function daysAgo(now: number, days: number): string {
  const day = new Date(now);
  return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() - days)).toISOString();
}

/** Years are shown by days, months by hours, days by minutes, and what is shorter by seconds. */
export function unitFor(from: string, to: string): BucketUnit {
  const start = new Date(from);
  const end = Date.parse(to);
  const later = (years: number, months: number, days: number) =>
    Date.UTC(
      start.getUTCFullYear() + years,
      start.getUTCMonth() + months,
      start.getUTCDate() + days,
      start.getUTCHours(),
      start.getUTCMinutes(),
      start.getUTCSeconds(),
      start.getUTCMilliseconds(),
    );
  if (later(1, 0, 0) <= end) return 'day';
  if (later(0, 1, 0) <= end) return 'hour';
  return later(0, 0, 1) <= end ? 'minute' : 'second';
}
