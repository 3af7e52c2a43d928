import { createHash } from 'node:crypto';
import { catalogue } from '#kernel/catalogue.ts';
import { ConfigError } from '#kernel/config.ts';
import type { Context } from '#kernel/context.ts';
import type { DeclaredJob } from '#kernel/job.ts';
import { canonicalJson } from '#resolvers/platform/jobs/args.ts';
import { jobClassChanged, jobClassRegistered, jobFacts } from '#resolvers/platform/jobs/events.ts';
import { knownClassStore } from '#resolvers/platform/jobs/known-classes.ts';
import type { JobSettings } from '#resolvers/platform/jobs/settings.ts';

/** @throws ConfigError when the config says something of a class that no listed plugin declares. */
export function checkClassSettings(ctx: Context, { classes }: JobSettings): void {
  const declared = ctx.use(catalogue).jobs;
  const faults = Object.keys(classes)
    .filter((name) => !declared.has(name))
    .map((name) => ({ path: `jobs.classes.${name}`, message: 'is no job class that a listed plugin declares.' }));
  if (faults.length > 0) throw new ConfigError(faults);
}

/** Tells of classes that were not known before, or are declared in another way than at the last start. */
export async function registerClasses(ctx: Context): Promise<void> {
  const declared = ctx.use(catalogue).jobs;
  if (declared.size === 0) return;
  const now = new Date(ctx.clock.now()).toISOString();
  const known = [...declared.values()].map((job) => ({ name: job.class.name, fingerprint: fingerprintOf(job) }));
  await ctx.atomically(async (ctx) => {
    const { registered, changed } = await ctx.use(knownClassStore).remember(known, now);
    const tell = (event: typeof jobClassRegistered, name: string) =>
      ctx.events.append(
        event,
        { jobClass: name, plugin: declared.get(name)?.plugin ?? '' },
        { subject: name, scope: jobFacts(name) },
      );
    for (const name of registered) tell(jobClassRegistered, name);
    for (const name of changed) tell(jobClassChanged, name);
  });
}

function fingerprintOf({ plugin, class: job, argsSchema, shipped }: DeclaredJob): string {
  const { handler: _, args: __, ...said } = job;
  const all = JSON.parse(JSON.stringify({ plugin, said, argsSchema, shipped }));
  return createHash('sha256').update(canonicalJson(all)).digest('base64url');
}
