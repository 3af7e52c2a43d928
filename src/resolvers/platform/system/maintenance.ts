import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import type { Facts } from '#kernel/permission.ts';
import { maintenanceEntered, maintenanceLeft, systemHalted } from '#resolvers/platform/system/events.ts';
import { type Modes, modeStore } from '#resolvers/platform/system/mode.ts';

const MaintenanceInput = z.object({
  project: z
    .string('project must be a text.')
    .regex(/^[A-Za-z_]\w{0,198}$/, 'project must be the first part of the name of a job class.')
    .nullish()
    .transform((project) => project ?? null),
});

interface Changed {
  readonly changed: boolean;
  readonly modes: Modes;
}

/** Has no more jobs started, of one project or, without one, of all: then the scheduler rests as well. */
export async function enterMaintenance(ctx: Context, input: z.input<typeof MaintenanceInput>): Promise<Changed> {
  const { project } = parse(MaintenanceInput, input);
  allow(ctx, 'queue:control', facts(project));
  return ctx.atomically(async (ctx) => {
    const maintenance = { since: now(ctx), by: ctx.viewer.name };
    const changed = await ctx.use(modeStore).enter(project, maintenance);
    if (changed) ctx.events.append(maintenanceEntered, { project }, { scope: facts(project) });
    return { changed, modes: await ctx.use(modeStore).read() };
  });
}

/** Has jobs started again. What was not in maintenance stays as it is. */
export async function leaveMaintenance(ctx: Context, input: z.input<typeof MaintenanceInput>): Promise<Changed> {
  const { project } = parse(MaintenanceInput, input);
  allow(ctx, 'queue:control', facts(project));
  return ctx.atomically(async (ctx) => {
    const changed = await ctx.use(modeStore).leave(project);
    if (changed) ctx.events.append(maintenanceLeft, { project }, { scope: facts(project) });
    return { changed, modes: await ctx.use(modeStore).read() };
  });
}

/** Asks all daemons that run now to finish what they do and leave. Answers from when on daemons may stay. */
export async function haltSystem(ctx: Context): Promise<{ haltAt: string }> {
  allow(ctx, 'system:control');
  return ctx.atomically(async (ctx) => {
    const haltAt = now(ctx);
    await ctx.use(modeStore).halt(haltAt);
    ctx.events.append(systemHalted, { haltAt }, { scope: {} });
    return { haltAt };
  });
}

const facts = (project: string | null): Facts => (project === null ? {} : { project });
const now = (ctx: Context): string => new Date(ctx.clock.now()).toISOString();
