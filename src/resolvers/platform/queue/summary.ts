import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ForbiddenError } from '#kernel/errors.ts';
import { maskedName, mayRead } from '#resolvers/platform/jobs/find.ts';
import { jobStore, type SummaryRow } from '#resolvers/platform/jobs/job.ts';

/** Jobs of one name, state and flags. */
export interface QueueSummaryRow extends Omit<SummaryRow, 'count' | 'progress'> {
  readonly n: number;
  /** The mean of their progress. */
  readonly progress: number;
}

/** What the queue holds. Jobs that the viewer may not read are counted together, under one name for all. */
export async function summarizeQueue(ctx: Context): Promise<QueueSummaryRow[]> {
  requireSummary(ctx);
  return seenRows(ctx, await ctx.use(jobStore).summary());
}

/** Whoever signed in may see it. */
export function requireSummary(ctx: Context): void {
  if (ctx.viewer.kind === 'ANONYMOUS') throw new AuthenticationError('Sign in: the queue is not shown to everybody.');
  if (ctx.viewer.mustChangePassword) throw new ForbiddenError('Change your password first.');
}

/** The rows as the viewer sees them, in a fixed order. */
function seenRows(ctx: Context, rows: readonly SummaryRow[]): QueueSummaryRow[] {
  const named = rows.map((row) => (mayRead(ctx, row.name) ? row : { ...row, name: maskedName }));
  return [...Map.groupBy(named, keyOf)]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, members]) => {
      const { count: _, progress: __, ...kind } = members[0] as SummaryRow;
      const n = members.reduce((sum, member) => sum + member.count, 0);
      return { ...kind, n, progress: members.reduce((sum, member) => sum + member.progress, 0) / n };
    });
}

const keyOf = ({ name, state, zombie, wall, removed, killed }: SummaryRow): string =>
  JSON.stringify([name, state, zombie, wall, removed, killed]);
