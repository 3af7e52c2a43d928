import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import type { StoredEvent } from '#kernel/event.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { matchesLogic, matchesText } from '#kernel/filter.ts';
import { parse } from '#kernel/input.ts';
import { type JobData, type JobSnapshot, jobEvents } from '#resolvers/platform/jobs/events.ts';
import { jobFilter, keptFilter } from '#resolvers/platform/jobs/filter.ts';
import type { JobTerms } from '#resolvers/platform/jobs/job.ts';
import { requireVisible } from '#resolvers/platform/rights/self.ts';

const Watch = z.object({ filter: jobFilter.nullish() });

/** What happens to jobs that are so, by what the event itself says of them. */
export async function watchJobs(ctx: Context, input: z.input<typeof Watch>): Promise<FeedSelection> {
  requireVisible(ctx, 'job:read');
  const { journaled, ...filter } = parse(Watch, input).filter ?? {};
  const terms = keptFilter(filter);
  return {
    names: jobEvents.map(({ name }) => name),
    matches(event: StoredEvent) {
      const { job } = event.data as JobData;
      return (
        (journaled == null || job.journaled === journaled) && matchesLogic(terms, (one: JobTerms) => matches(one, job))
      );
    },
  };
}

function matches({ name, state, flags, worker, by, enqueued, args }: JobTerms, job: JobSnapshot): boolean {
  const at = Date.parse(job.enqueuedAt);
  return (
    (!name || matchesText(name, job.name)) &&
    (!state || state.includes(job.state)) &&
    (flags ?? []).every((flag) => job.flags[flag.toLowerCase() as keyof JobSnapshot['flags']]) &&
    (!worker || matchesText(worker, job.worker)) &&
    (!by || matchesText(by, job.enqueuedBy)) &&
    (enqueued?.from == null || at >= Date.parse(enqueued.from)) &&
    (enqueued?.to == null || at < Date.parse(enqueued.to)) &&
    (args ?? []).every(({ path, eq }) => isDeepStrictEqual(valueAt(job.args, path), eq))
  );
}

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
        ? (inner as Record<string, unknown>)[key]
        : undefined,
    value,
  );
