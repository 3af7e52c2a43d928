import { catalogue, type PermissionArea, type ScopeKind } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { jobStore } from '#resolvers/platform/jobs/job.ts';

/** Every name that a job has or had, or may have. */
async function knownNames(ctx: Context): Promise<readonly string[]> {
  return [...new Set([...(await ctx.use(jobStore).names()), ...ctx.use(catalogue).jobs.keys()])];
}

/** Projects are the first parts of names; one may be named before it has a class. */
const projectKind: ScopeKind = {
  resolve: async (_, text) => (/^[A-Za-z_]\w*$/.test(text) ? text : null),
  display: async (_, text) => text,
};

export const jobAreas: readonly PermissionArea[] = [
  {
    name: 'job',
    description: 'Jobs, by a pattern on their names that is held against the beginning: `tests.` covers `tests.a`.',
    scope: 'pattern',
    implies: { execute: ['read'] },
    values: knownNames,
    verbs: {
      read: { description: 'See jobs and their logs.' },
      execute: { description: 'Enqueue, kill, remove and restart jobs, and see their classes.' },
    },
  },
  {
    name: 'queue',
    description: 'The queue as a whole.',
    scope: 'kinds',
    kinds: { project: projectKind },
    verbs: {
      read: { description: 'See the figures of the queue, and jobs of others without their names.' },
      control: { description: 'Have no more jobs started, of one project or of all.' },
    },
  },
];
