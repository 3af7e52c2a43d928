import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { bothRights, grantedRights, noRights, type Rights } from '#kernel/permission.ts';
import { anonymousViewer, systemViewer, type Viewer } from '#kernel/viewer.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import type { Enqueuer, Job } from '#resolvers/platform/jobs/job.ts';
import { anonymousRole, roleStore } from '#resolvers/platform/roles/role.ts';

/** Who the viewer is to the jobs that he enqueues. */
export const enqueuerOf = ({ viewer }: Context): Enqueuer => ({
  account: viewer.id,
  name: viewer.name,
  narrowedTo: viewer.narrowedTo ?? null,
});

/**
 * For whom a job works, as it is now. As SYSTEM it may do everything, and who enqueued it stays the actor; as ENQUEUER it
 * has his present rights, within those of the credential that he used: none when his account is gone or inactive.
 */
export async function jobViewer(ctx: Context, job: Job, runAs: 'SYSTEM' | 'ENQUEUER'): Promise<Viewer> {
  const { account: id, name, narrowedTo } = job.enqueuedBy;
  const credential = { kind: 'JOB', id: job.id, expiresAt: null };
  const isSystem = id === null && name === systemViewer.name;
  if (runAs === 'SYSTEM' || isSystem) return { ...systemViewer, id, name, credential };
  if (id === null) return { ...anonymousViewer(await anonymousRights(ctx)), name, credential };
  const [held] = await ctx.use(accountStore).effective([id]);
  const own = held?.account.isActive ? granted(ctx, held.permissions) : noRights;
  return {
    kind: 'ACCOUNT',
    id,
    name: held?.account.name ?? name,
    rights: narrowedTo ? bothRights(own, granted(ctx, narrowedTo)) : own,
    credential,
    ...(narrowedTo && { narrowedTo }),
    mustChangePassword: false,
  };
}

const granted = (ctx: Context, permissions: readonly string[]): Rights =>
  grantedRights(permissions, ctx.use(catalogue).areas);

async function anonymousRights(ctx: Context): Promise<Rights> {
  const [role] = await ctx.use(roleStore).findMany([anonymousRole]);
  return role ? granted(ctx, await ctx.use(roleStore).reach([role.id], 'active')) : noRights;
}
