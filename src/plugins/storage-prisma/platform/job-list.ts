import type { PageRequest, Position } from '#kernel/page.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { type JobRow, jobColumns } from '#plugins/storage-prisma/platform/job-rows.ts';
import { allOf, logicInSql, textInSql } from '#plugins/storage-prisma/platform/text-conditions.ts';
import { visibleInSql } from '#plugins/storage-prisma/visible.ts';
import type { JobFlag, JobList, JobOrder, JobTerms } from '#resolvers/platform/jobs/job.ts';

const { sql, join, raw } = Prisma;

/** What filters and orders see of a row. */
interface Shown {
  readonly name: Prisma.Sql;
  readonly args: Prisma.Sql;
}

/** The statements of one list of jobs: over the alias `j`, with the values of the order as `position`. */
export function jobListInSql(list: JobList, request: PageRequest): { rows: Prisma.Sql; count: Prisma.Sql } {
  const visible = visibleInSql(list.visibility, { job: (names) => sql`j.name = ANY (${[...names]}::text[])` });
  const masked = list.maskedName !== null && list.visibility !== 'all';
  const shown: Shown = masked
    ? {
        name: sql`(CASE WHEN ${visible} THEN j.name ELSE ${list.maskedName} END) COLLATE "C"`,
        args: sql`(CASE WHEN ${visible} THEN j.args ELSE '{}' END)`,
      }
    : { name: sql`j.name`, args: sql`j.args` };
  const keys = orderKeys(list.orderBy, shown.name);
  const { bounds, tail } = pageInSql(keys, request);
  const where = allOf([
    ...(masked ? [] : [visible]),
    logicInSql<JobTerms>(list.filter, (terms) => termsInSql(terms, shown)),
  ]);
  const from = sql`FROM ${list.journaled ? sql`job_journal` : sql`job`} AS j WHERE ${where}`;
  const position = join(keys.map((key) => sql`(${key.sql})::text`));
  return {
    rows: sql`SELECT ${jobColumns('j')}, ARRAY[${position}] AS position ${from} AND ${bounds} ${tail}`,
    count: sql`SELECT count(*) AS count ${from}`,
  };
}

export type ListedRow = JobRow & { readonly position: Position };

const orderSql: Readonly<Record<JobOrder['by'], (name: Prisma.Sql) => Omit<SqlKey, 'descending'>>> = {
  // Ids rise with the time at which they are made.
  ENQUEUED: () => ({ type: 'uuid', sql: sql`j.id` }),
  NAME: (name) => ({ type: 'text', sql: name }),
  STATE: () => ({ type: 'text', sql: sql`j.state` }),
  PRIORITY: () => ({ type: 'integer', sql: sql`j.priority` }),
  STARTED: () => ({ type: 'integer', sql: milliseconds('started_at') }),
  FINISHED: () => ({ type: 'integer', sql: milliseconds('finished_at') }),
  RUNTIME: () => ({ type: 'integer', sql: sql`(j.runtime * 1000)::bigint` }),
};

/** An instant that may be missing as a number: before all others then. */
const milliseconds = (column: string): Prisma.Sql =>
  sql`coalesce((extract(epoch FROM j.${raw(column)}) * 1000)::bigint, 0)`;

function orderKeys(orders: readonly JobOrder[], name: Prisma.Sql): SqlKey[] {
  const keys = orders.map(({ by, direction }) => ({ ...orderSql[by](name), descending: direction === 'DESC' }));
  return orders.some(({ by }) => by === 'ENQUEUED')
    ? keys
    : [...keys, { type: 'uuid', sql: sql`j.id`, descending: true }];
}

const flagColumns: Readonly<Record<JobFlag, Prisma.Sql>> = {
  ZOMBIE: sql`j.zombie_at`,
  NONSTOP: sql`j.wall_at`,
  REMOVED: sql`j.removed_at`,
  KILLED: sql`j.killed_at`,
};

function termsInSql({ name, state, flags, worker, by, enqueued, args }: JobTerms, shown: Shown): Prisma.Sql {
  return allOf([
    // The names of classes are ASCII.
    ...(name ? [textInSql(name, shown.name, sql`lower(${shown.name})`)] : []),
    ...(state ? [sql`j.state = ANY (${[...state]}::text[])`] : []),
    ...(flags ?? []).map((flag) => sql`${flagColumns[flag]} IS NOT NULL`),
    ...(worker ? [textInSql(worker, sql`j.lease_worker`, sql`lower(j.lease_worker)`)] : []),
    ...(by ? [textInSql(by, sql`j.enqueued_name`, sql`j.enqueued_name_folded`)] : []),
    ...(enqueued?.from == null ? [] : [sql`j.enqueued_at >= ${enqueued.from}::timestamptz`]),
    ...(enqueued?.to == null ? [] : [sql`j.enqueued_at < ${enqueued.to}::timestamptz`]),
    ...(args ?? []).map(
      ({ path, eq }) =>
        sql`coalesce(${shown.args}::jsonb #> ${[...path]}::text[] = ${JSON.stringify(eq)}::jsonb, FALSE)`,
    ),
  ]);
}
