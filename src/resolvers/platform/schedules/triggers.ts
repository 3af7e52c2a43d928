import { type Catalogue, catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { matchesName, type StoredEvent } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import { type DeclaredJob, enqueue } from '#kernel/job.ts';
import type { Listener } from '#kernel/listener.ts';

const triggered = ({ jobs }: Catalogue): DeclaredJob[] =>
  [...jobs.values()].filter((job) => job.class.on.length > 0 && job.fault === null);

/** Enqueues the classes that start at events, once for each event. */
export const jobTriggers: Listener = {
  name: 'platform.jobTriggers',
  events: (declared) => [...new Set(triggered(declared).flatMap((job) => job.class.on))],
  async handle(ctx, events) {
    const classes = triggered(ctx.use(catalogue));
    const wishes = events.flatMap((event) => {
      const args = { eventId: toGlobalId(ctx.use(catalogue).events.get(event.name)?.type ?? 'OtherEvent', event.id) };
      return classes
        .filter((job) => isMeant(job, event) && takes(ctx, job, args))
        .map((job) => ({ class: job.class, args }));
    });
    if (wishes.length > 0) await ctx.use(enqueue).put(ctx, wishes);
  },
};

/** A class that starts at what happens to its own jobs would start itself for ever. */
function isMeant({ class: { name, on } }: DeclaredJob, event: StoredEvent): boolean {
  if (event.name.startsWith('platform.job.') && event.scope.job === name) return false;
  return on.some((pattern) => matchesName(pattern, event.name));
}

/** One class at fault must not hold up the others. */
function takes(ctx: Context, { class: { name, args } }: DeclaredJob, given: { readonly eventId: string }): boolean {
  const fits = args.safeParse(given).success;
  if (!fits) ctx.log.error({ jobClass: name }, 'A job class starts at events and does not take { eventId }.');
  return fits;
}
