import { visible } from 'gatehouse/kernel/access';
import type { Context } from 'gatehouse/kernel/context';
import type { FeedSelection } from 'gatehouse/kernel/feed';
import { parse } from 'gatehouse/kernel/input';
import { emptyPage, type Page, type PageRequest } from 'gatehouse/kernel/page';
import { z } from 'zod';
import {
  type MaintenanceWindow,
  type WindowQuery,
  windowEvents,
  windowFacts,
  windowStates,
  windowStore,
} from './window.ts';

/** The windows with these row ids that the viewer may see. */
export async function findWindows(ctx: Context, ids: readonly string[]): Promise<(MaintenanceWindow | null)[]> {
  const windows = await ctx.use(windowStore).getMany(ids);
  return windows.map((window) =>
    window && ctx.viewer.rights.covers('maintenance:read', windowFacts(window)) ? window : null,
  );
}

const list = z.object({ state: z.enum(windowStates).nullish() });
export type WindowList = z.input<typeof list>;

export async function listWindows(
  ctx: Context,
  input: WindowList,
  page: PageRequest,
): Promise<Page<MaintenanceWindow>> {
  const [found = emptyPage] = await pages(ctx, [null], input, page);
  return found;
}

/** The windows of a device: asked for many devices at once, they take one read. */
export const listWindowsOfDevice = (
  ctx: Context,
  device: string,
  input: WindowList,
  page: PageRequest,
): Promise<Page<MaintenanceWindow>> => ctx.load(pagesOfDevices, device, JSON.stringify({ input, page }));

async function pagesOfDevices(ctx: Context, devices: readonly string[], variant: string) {
  const { input, page } = JSON.parse(variant) as { input: WindowList; page: PageRequest };
  return pages(ctx, devices, input, page);
}

async function pages(ctx: Context, devices: readonly (string | null)[], input: WindowList, page: PageRequest) {
  const { state = null } = parse(list, input);
  const query: WindowQuery = { state, visibility: visible(ctx, 'maintenance:read'), page };
  return query.visibility === 'none' ? devices.map(() => emptyPage) : ctx.use(windowStore).pages(devices, query);
}

const watch = z.object({ devices: z.array(z.string()).max(1000).nullish() });

/** What happens to windows, to those of some devices only when they are named. */
export async function watchWindows(_: Context, input: z.input<typeof watch>): Promise<FeedSelection> {
  const { devices } = parse(watch, input);
  const wanted = new Set(devices);
  return {
    names: windowEvents.map(({ name }) => name),
    ...(devices && {
      matches: ({ scope }) => Array.isArray(scope.device) && scope.device.some((device) => wanted.has(device)),
    }),
  };
}
