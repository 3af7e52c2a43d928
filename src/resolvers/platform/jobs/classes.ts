import { createHash } from 'node:crypto';
import { z } from 'zod';
import { catalogue } from '#kernel/catalogue.ts';
import { ConfigError } from '#kernel/config.ts';
import type { Context } from '#kernel/context.ts';
import { matchesText, textMatch } from '#kernel/filter.ts';
import { parse, sought } from '#kernel/input.ts';
import type { DeclaredJob, JobClass, JobProperties } from '#kernel/job.ts';
import type { JsonObject } from '#kernel/json.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { canonicalJson } from '#resolvers/platform/jobs/args.ts';
import { jobCookieStore } from '#resolvers/platform/jobs/cookies.ts';
import { jobClassChanged, jobClassRegistered, jobFacts } from '#resolvers/platform/jobs/events.ts';
import { knownClassStore } from '#resolvers/platform/jobs/known-classes.ts';
import { type JobSettings, jobSettings, settleProperties } from '#resolvers/platform/jobs/settings.ts';
import { pageOfSorted } from '#resolvers/platform/page-of-sorted.ts';
import { requireVisible } from '#resolvers/platform/rights/self.ts';

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

const ClassName = z.object({ name: sought('name') });

/** The class of this name; null when there is none that the viewer may run. */
export async function findJobClass(ctx: Context, input: z.input<typeof ClassName>): Promise<DeclaredJob | null> {
  const { name } = parse(ClassName, input);
  requireVisible(ctx, 'job:execute');
  return classNamed(ctx, name);
}

/** The class of a job; null when there is none any more, or not for the viewer. */
export function classNamed(ctx: Context, name: string): DeclaredJob | null {
  const job = ctx.use(catalogue).jobs.get(name);
  return job && ctx.viewer.rights.covers('job:execute', jobFacts(name)) ? job : null;
}

const ClassList = z.object({
  filter: z
    .object({
      name: textMatch().nullish(),
      author: textMatch().nullish(),
      tags: z.array(z.string()).max(100).nullish(),
      scheduled: z.boolean().nullish(),
    })
    .nullish(),
  search: sought('search').max(256, 'A search has 256 characters at most.').nullish(),
});

/** The classes that the viewer may run, by name. */
export async function listJobClasses(
  ctx: Context,
  input: z.input<typeof ClassList>,
  page: PageRequest,
): Promise<Page<DeclaredJob>> {
  requireVisible(ctx, 'job:execute');
  const { filter, search } = parse(ClassList, input);
  const sorted = [...ctx.use(catalogue).jobs.values()]
    .filter(({ class: job }) => ctx.viewer.rights.covers('job:execute', jobFacts(job.name)))
    .filter(({ class: job }) => {
      const { name, author, tags, scheduled } = filter ?? {};
      return (
        (!name || matchesText(name, job.name)) &&
        (!author || matchesText(author, job.author)) &&
        (tags ?? []).every((tag) => job.tags.includes(tag)) &&
        (scheduled == null || scheduled === (job.schedule !== null))
      );
    })
    .filter(({ class: job }) => search == null || isFound(job, search))
    .sort((one, other) => (one.class.name < other.class.name ? -1 : 1));
  return pageOfSorted(sorted, ({ class: job }) => job.name, page);
}

/** Anywhere in what people read of it. */
const isFound = ({ name, title, author, doc, tags }: JobClass, search: string): boolean =>
  [name, title, author, doc, ...tags].some((text) => matchesText({ like: `*${search}*` }, text));

const cookies = (ctx: Context, names: readonly string[]) => ctx.use(jobCookieStore).getMany(names);

/** What the jobs of a class remember together. */
export const cookieOf = ({ class: job }: DeclaredJob, ctx: Context): Promise<JsonObject> => ctx.load(cookies, job.name);

/** What counts for a job of this class of which nothing else is said. */
export const propertiesOf = (job: DeclaredJob, ctx: Context): JobProperties =>
  settleProperties(job, {}, ctx.use(jobSettings));
