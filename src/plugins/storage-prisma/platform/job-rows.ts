import { foldText } from '#kernel/filter.ts';
import type { JsonObject } from '#kernel/json.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import type { Job, JobChange, JobError, JobState, NewJob } from '#resolvers/platform/jobs/job.ts';

const { sql, join, raw } = Prisma;

/** A row of the queue or the journal, by the names of its columns. */
export interface JobRow {
  readonly id: string;
  readonly name: string;
  readonly args: JsonObject;
  readonly args_hash: string | null;
  readonly state: string;
  readonly attempts: number;
  readonly priority: number;
  readonly force: boolean;
  readonly max_parallel: number | null;
  readonly pinned_worker: string | null;
  readonly defer_time: number;
  readonly defer_max: number;
  readonly error_time: number;
  readonly wall_time: number | null;
  readonly on_wall_time: string;
  readonly zombie_time: number;
  readonly progress_interval: number;
  readonly on_lost: string;
  readonly attempts_left: number;
  readonly trial: number;
  readonly progress_value: number | null;
  readonly progress_message: string | null;
  readonly enqueued_at: Date;
  readonly enqueued_account: string | null;
  readonly enqueued_name: string;
  readonly enqueued_narrowed_to: readonly string[] | null;
  readonly enqueued_name_folded: string;
  readonly enqueued_host: string | null;
  readonly parent_id: string | null;
  readonly child_id: string | null;
  readonly lease_worker: string | null;
  readonly fence: string | null;
  readonly lease_at: Date | null;
  readonly lease_expires_at: Date | null;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly query_at: Date | null;
  readonly inactive_at: Date | null;
  readonly runtime: number;
  readonly heartbeat_at: Date | null;
  readonly zombie_at: Date | null;
  readonly wall_at: Date | null;
  readonly killed_at: Date | null;
  readonly removed_at: Date | null;
  readonly last_error: JobError | null;
  readonly sources: readonly string[];
  readonly log_count: number;
}

/** Every column with its type. */
const types: Readonly<Record<keyof JobRow, string>> = {
  id: 'uuid',
  name: 'text',
  args: 'json',
  args_hash: 'text',
  state: 'text',
  attempts: 'int',
  priority: 'int',
  force: 'boolean',
  max_parallel: 'int',
  pinned_worker: 'text',
  defer_time: 'int',
  defer_max: 'int',
  error_time: 'int',
  wall_time: 'int',
  on_wall_time: 'text',
  zombie_time: 'int',
  progress_interval: 'int',
  on_lost: 'text',
  attempts_left: 'int',
  trial: 'int',
  progress_value: 'double precision',
  progress_message: 'text',
  enqueued_at: 'timestamptz',
  enqueued_account: 'uuid',
  enqueued_name: 'text',
  enqueued_narrowed_to: 'text[]',
  enqueued_name_folded: 'text',
  enqueued_host: 'text',
  parent_id: 'uuid',
  child_id: 'uuid',
  lease_worker: 'text',
  fence: 'uuid',
  lease_at: 'timestamptz',
  lease_expires_at: 'timestamptz',
  started_at: 'timestamptz',
  finished_at: 'timestamptz',
  query_at: 'timestamptz',
  inactive_at: 'timestamptz',
  runtime: 'double precision',
  heartbeat_at: 'timestamptz',
  zombie_at: 'timestamptz',
  wall_at: 'timestamptz',
  killed_at: 'timestamptz',
  removed_at: 'timestamptz',
  last_error: 'json',
  sources: 'text[]',
  log_count: 'int',
};

const names = Object.keys(types) as (keyof JobRow)[];

const leaseColumns: ReadonlySet<keyof JobRow> = new Set(['lease_worker', 'fence', 'lease_at', 'lease_expires_at']);

/** The columns of a table by its alias, or of the table that is named. */
export const jobColumns = (alias = ''): Prisma.Sql =>
  raw(names.map((name) => (alias === '' ? `"${name}"` : `${alias}."${name}"`)).join(', '));

/** Every column as it is without a lease. */
export const freeColumns: Prisma.Sql = raw(
  names.map((name) => (leaseColumns.has(name) ? `NULL::${types[name]}` : `"${name}"`)).join(', '),
);

/** Rows from JSON, as `AS row(…)` of json_to_recordset. */
export const jobRecord: Prisma.Sql = raw(
  `row(${names.map((name) => `"${name}" ${types[name]}`).join(', ')}, "place" int)`,
);

export const toJob = (row: JobRow, journaled = false): Job => ({
  id: row.id,
  name: row.name,
  args: row.args,
  argsHash: row.args_hash,
  state: row.state as JobState,
  properties: {
    attempts: row.attempts,
    priority: row.priority,
    force: row.force,
    maxParallel: row.max_parallel,
    worker: row.pinned_worker,
    deferTime: row.defer_time,
    deferMax: row.defer_max,
    errorTime: row.error_time,
    wallTime: row.wall_time,
    onWallTime: row.on_wall_time as 'END' | 'FLAG',
    zombieTime: row.zombie_time,
    progressInterval: row.progress_interval,
    onLost: row.on_lost as 'RETRY' | 'KILL',
  },
  attemptsLeft: row.attempts_left,
  trial: row.trial,
  progress: { value: row.progress_value, message: row.progress_message },
  enqueuedAt: row.enqueued_at.toISOString(),
  enqueuedBy: { account: row.enqueued_account, name: row.enqueued_name, narrowedTo: row.enqueued_narrowed_to },
  enqueuedHost: row.enqueued_host,
  parentId: row.parent_id,
  childId: row.child_id,
  lease:
    row.fence === null
      ? null
      : {
          worker: row.lease_worker ?? '',
          fence: row.fence,
          at: instant(row.lease_at) ?? '',
          expiresAt: instant(row.lease_expires_at) ?? '',
        },
  startedAt: instant(row.started_at),
  finishedAt: instant(row.finished_at),
  queryAt: instant(row.query_at),
  inactiveAt: instant(row.inactive_at),
  runtime: row.runtime,
  heartbeatAt: instant(row.heartbeat_at),
  zombieAt: instant(row.zombie_at),
  wallAt: instant(row.wall_at),
  killedAt: instant(row.killed_at),
  removedAt: instant(row.removed_at),
  lastError: row.last_error,
  sources: row.sources,
  logCount: row.log_count,
  journaled,
});

const instant = (at: Date | null): string | null => at?.toISOString() ?? null;

/** A new job as JSON for `jobRecord`. */
export const toRecord = (job: NewJob, place: number): Partial<Record<keyof JobRow | 'place', unknown>> => {
  const { properties, enqueuedBy } = job;
  return {
    id: job.id,
    name: job.name,
    args: job.args,
    args_hash: job.argsHash,
    state: 'PENDING',
    attempts: properties.attempts,
    priority: properties.priority,
    force: properties.force,
    max_parallel: properties.maxParallel,
    pinned_worker: properties.worker,
    defer_time: properties.deferTime,
    defer_max: properties.deferMax,
    error_time: properties.errorTime,
    wall_time: properties.wallTime,
    on_wall_time: properties.onWallTime,
    zombie_time: properties.zombieTime,
    progress_interval: properties.progressInterval,
    on_lost: properties.onLost,
    attempts_left: properties.attempts,
    trial: job.trial,
    enqueued_at: job.enqueuedAt,
    enqueued_account: enqueuedBy.account,
    enqueued_name: enqueuedBy.name,
    enqueued_narrowed_to: enqueuedBy.narrowedTo,
    enqueued_name_folded: foldText(enqueuedBy.name),
    enqueued_host: job.enqueuedHost,
    parent_id: job.parentId,
    runtime: 0,
    sources: [],
    log_count: 0,
    place,
  };
};

type Setters = { readonly [Key in keyof JobChange]-?: (value: NonNullable<JobChange[Key]> | null) => Prisma.Sql[] };

const set = (column: keyof JobRow) => (value: unknown) => [
  sql`${raw(`"${column}"`)} = ${value}::${raw(types[column])}`,
];

const setters: Setters = {
  state: set('state'),
  attemptsLeft: set('attempts_left'),
  trial: set('trial'),
  progress: (progress) => [
    ...set('progress_value')(progress?.value ?? null),
    ...set('progress_message')(progress?.message ?? null),
  ],
  finishedAt: set('finished_at'),
  queryAt: set('query_at'),
  runtime: set('runtime'),
  zombieAt: set('zombie_at'),
  wallAt: set('wall_at'),
  killedAt: set('killed_at'),
  removedAt: set('removed_at'),
  lastError: (error) => set('last_error')(error === null ? null : JSON.stringify(error)),
  childId: set('child_id'),
};

/** What a change sets, for `UPDATE job SET`. @param more other columns to set. */
export function changeInSql(change: JobChange, more: readonly Prisma.Sql[] = []): Prisma.Sql {
  const parts = Object.entries(change).flatMap(([key, value]) =>
    value === undefined ? [] : setters[key as keyof JobChange](value as never),
  );
  // A change of nothing still has to be a statement.
  return join(parts.length + more.length === 0 ? [sql`"state" = "state"`] : [...parts, ...more]);
}
