import { allow } from 'gatehouse/kernel/access';
import { type Batch, type Context, microseconds } from 'gatehouse/kernel/context';
import { ConflictError, InputError, NotFoundError } from 'gatehouse/kernel/errors';
import { newId } from 'gatehouse/kernel/id';
import { instant, line, parse, prose, rowId } from 'gatehouse/kernel/input';
import { z } from 'zod';
import {
  type MaintenanceWindow,
  tellWindow,
  windowCancelled,
  windowEnded,
  windowFacts,
  windowScheduled,
  windowStarted,
  windowStore,
} from './window.ts';

/** The most devices of one window. */
const mostDevices = 100;

const schedule = z
  .object({
    title: line('title', { min: 1, max: 200 }),
    reason: prose('reason', { max: 10_000 }).nullish(),
    startsAt: instant(),
    endsAt: instant(),
    devices: z
      .array(z.string())
      .min(1, 'A window is about one device at least.')
      .max(mostDevices, `A window is about ${mostDevices} devices at most.`),
  })
  .refine(({ startsAt, endsAt }) => startsAt < endsAt, {
    path: ['endsAt'],
    message: 'endsAt must lie after startsAt.',
  });
export type Schedule = z.input<typeof schedule>;

/**
 * Plans a window.
 * @param findDevices gives the devices with these global ids that the viewer may see, null for the others: devices are
 * another domain's, so whoever calls says how they are found.
 */
export async function scheduleWindow(
  ctx: Context,
  input: Schedule,
  findDevices: Batch<string, object | null>,
): Promise<MaintenanceWindow> {
  allow(ctx, 'maintenance:write');
  const { reason, devices, ...fresh } = parse(schedule, input);
  const now = microseconds(ctx.clock.now());
  if (fresh.endsAt <= now) throw InputError.at(['endsAt'], 'endsAt is over already.');
  const ids = [...new Set(devices)];
  const found = await findDevices(ctx, ids, '');
  const faults = ids.flatMap((id, index) =>
    found[index] ? [] : [{ path: ['devices', String(devices.indexOf(id))], message: `Device not found: ${id}.` }],
  );
  if (faults.length > 0) throw new InputError(faults);
  return ctx.atomically(async (ctx) => {
    const times = { createdAt: now, updatedAt: now };
    const window: MaintenanceWindow = {
      ...fresh,
      ...times,
      id: newId(),
      reason: reason ?? '',
      state: 'PLANNED',
      devices: ids,
    };
    await ctx.use(windowStore).insert(window);
    tellWindow(ctx, windowScheduled, null, window);
    return window;
  });
}

const cancel = z.object({ id: rowId('MaintenanceWindow') });

/** Calls a window off, also when it has begun. */
export async function cancelWindow(ctx: Context, input: z.input<typeof cancel>): Promise<MaintenanceWindow> {
  const { id } = parse(cancel, input);
  return ctx.atomically(async (ctx) => {
    const before = await ctx.use(windowStore).lock(id);
    if (!before || !ctx.viewer.rights.covers('maintenance:read', windowFacts(before)))
      throw new NotFoundError('Maintenance window not found.', ['id']);
    allow(ctx, 'maintenance:write', windowFacts(before));
    if (before.state !== 'PLANNED' && before.state !== 'ACTIVE')
      throw new ConflictError(`The window is ${before.state} already.`, ['id']);
    return move(ctx, before, 'CANCELLED');
  });
}

/** Begins and ends the windows whose time has come. Answers how many. */
export async function passBoundaries(ctx: Context): Promise<number> {
  const now = microseconds(ctx.clock.now());
  const due = await ctx.use(windowStore).due(now, 100);
  for (const id of due) {
    await ctx.atomically(async (ctx) => {
      // Whoever locks it first moves it; the other finds it moved.
      const window = await ctx.use(windowStore).lock(id);
      if (window?.state === 'PLANNED' && window.startsAt <= now) await move(ctx, window, 'ACTIVE');
      else if (window?.state === 'ACTIVE' && window.endsAt <= now) await move(ctx, window, 'ENDED');
    });
  }
  return due.length;
}

const eventOf = { ACTIVE: windowStarted, ENDED: windowEnded, CANCELLED: windowCancelled };

async function move(ctx: Context, before: MaintenanceWindow, state: keyof typeof eventOf): Promise<MaintenanceWindow> {
  const after = { ...before, state, updatedAt: microseconds(ctx.clock.now()) };
  await ctx.use(windowStore).update(after);
  tellWindow(ctx, eventOf[state], before, after);
  return after;
}
