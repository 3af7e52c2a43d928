import { isDeepStrictEqual } from 'node:util';
import { matchesLogic, matchesText } from '#kernel/filter.ts';
import type { Json } from '#kernel/json.ts';
import { isVisible, type RowKey } from '#plugins/storage-memory/page.ts';
import type { Job, JobFlag, JobList, JobOrder, JobTerms } from '#resolvers/platform/jobs/job.ts';

/** What a list of jobs sees of the rows: which of them, and those that are masked as they appear. */
export function shownJobs(list: JobList, jobs: readonly Job[]): { job: Job; shown: Job }[] {
  return jobs.flatMap((job) => {
    const seen = isVisible(list.visibility, ({ kind, value }) => kind === 'job' && value === job.name);
    if (!seen && list.maskedName === null) return [];
    const shown = seen ? job : { ...job, name: list.maskedName ?? '', args: {} };
    return matchesLogic<JobTerms>(list.filter, (terms) => matches(terms, shown)) ? [{ job, shown }] : [];
  });
}

const flagged: Readonly<Record<JobFlag, (job: Job) => string | null>> = {
  ZOMBIE: (job) => job.zombieAt,
  NONSTOP: (job) => job.wallAt,
  REMOVED: (job) => job.removedAt,
  KILLED: (job) => job.killedAt,
};

const isText = (match: JobTerms['name'], value: string | null) => !match || matchesText(match, value);

function matches({ name, state, flags, worker, by, enqueued, args }: JobTerms, job: Job): boolean {
  return (
    isText(name, job.name) &&
    (!state || state.includes(job.state)) &&
    (flags ?? []).every((flag) => flagged[flag](job) !== null) &&
    isText(worker, job.lease?.worker ?? null) &&
    isText(by, job.enqueuedBy.name) &&
    (enqueued?.from == null || Date.parse(job.enqueuedAt) >= Date.parse(enqueued.from)) &&
    (enqueued?.to == null || Date.parse(job.enqueuedAt) < Date.parse(enqueued.to)) &&
    (args ?? []).every(({ path, eq }) => isDeepStrictEqual(valueAt(job.args, path), eq))
  );
}

/** A list has its members at their positions, from the end where they are negative, as a database counts. */
const valueAt = (value: Json, path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>((inner, key) => {
    if (Array.isArray(inner)) return /^-?\d+$/.test(key) ? inner.at(Number(key)) : undefined;
    const isObject = typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key);
    return isObject ? (inner as Record<string, Json>)[key] : undefined;
  }, value);

const orders: Readonly<Record<JobOrder['by'], RowKey<{ job: Job; shown: Job }>>> = {
  ENQUEUED: { type: 'uuid', value: ({ shown }) => shown.id },
  NAME: { type: 'text', value: ({ shown }) => shown.name },
  STATE: { type: 'text', value: ({ shown }) => shown.state },
  PRIORITY: { type: 'integer', value: ({ shown }) => String(shown.properties.priority) },
  STARTED: { type: 'integer', value: ({ shown }) => milliseconds(shown.startedAt) },
  FINISHED: { type: 'integer', value: ({ shown }) => milliseconds(shown.finishedAt) },
  RUNTIME: { type: 'integer', value: ({ shown }) => String(Math.round(shown.runtime * 1000)) },
};

const milliseconds = (instant: string | null): string => String(instant === null ? 0 : Date.parse(instant));

/** Without another order, and within equal ones, the newest first. */
export function jobKeys(list: JobList): RowKey<{ job: Job; shown: Job }>[] {
  const keys = list.orderBy.map(({ by, direction }) => ({ ...orders[by], descending: direction === 'DESC' }));
  return list.orderBy.some(({ by }) => by === 'ENQUEUED') ? keys : [...keys, { ...orders.ENQUEUED, descending: true }];
}
