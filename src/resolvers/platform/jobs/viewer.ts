import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { grantedRights, noRights } from '#kernel/permission.ts';
import { systemViewer, type Viewer } from '#kernel/viewer.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import type { Job } from '#resolvers/platform/jobs/job.ts';

/**
 * For whom a job works, as it is now. As SYSTEM it may do everything, and who enqueued it stays the actor; as ENQUEUER it
 * has his present rights: none when his account is gone or inactive.
 */
export async function jobViewer(ctx: Context, job: Job, runAs: 'SYSTEM' | 'ENQUEUER'): Promise<Viewer> {
  const { account: id, name } = job.enqueuedBy;
  const credential = { kind: 'JOB', id: job.id, expiresAt: null };
  const isSystem = id === null && name === systemViewer.name;
  if (runAs === 'SYSTEM' || isSystem) return { ...systemViewer, id, name, credential };
  if (id === null) return { ...systemViewer, kind: 'ANONYMOUS', name, rights: noRights, credential };
  const [held] = await ctx.use(accountStore).effective([id]);
  const rights = held?.account.isActive ? grantedRights(held.permissions, ctx.use(catalogue).areas) : noRights;
  return { kind: 'ACCOUNT', id, name: held?.account.name ?? name, rights, credential, mustChangePassword: false };
}
