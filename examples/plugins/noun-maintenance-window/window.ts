import type { PermissionArea, RoleDeclaration, ScopeKind } from 'gatehouse/kernel/catalogue';
import type { Context } from 'gatehouse/kernel/context';
import { defineEvent } from 'gatehouse/kernel/event';
import { fromGlobalId, isUuid, toGlobalId } from 'gatehouse/kernel/id';
import type { Page, PageRequest } from 'gatehouse/kernel/page';
import type { Facts, Visibility } from 'gatehouse/kernel/permission';
import { definePort } from 'gatehouse/kernel/port';
import { z } from 'zod';

export const windowStates = ['PLANNED', 'ACTIVE', 'ENDED', 'CANCELLED'] as const;
export type WindowState = (typeof windowStates)[number];

/** A time in which somebody works on devices. Instants are ISO 8601 in UTC with microseconds. */
export interface MaintenanceWindow {
  readonly id: string;
  readonly title: string;
  readonly reason: string;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly state: WindowState;
  /** Global ids. */
  readonly devices: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface WindowQuery {
  readonly state: WindowState | null;
  readonly visibility: Visibility;
  /** Positions are `[startsAt, id]`. */
  readonly page: PageRequest;
}

/** What this noun asks of storage. */
export interface WindowStore {
  getMany(ids: readonly string[]): Promise<(MaintenanceWindow | null)[]>;
  /** By start: one page for each device, in one read however many. A device of null means all windows. */
  pages(devices: readonly (string | null)[], query: WindowQuery): Promise<Page<MaintenanceWindow>[]>;
  insert(window: MaintenanceWindow): Promise<void>;
  /** The window as it is; nobody else changes it until the unit of work ends. */
  lock(id: string): Promise<MaintenanceWindow | null>;
  /** Writes `state` and `updatedAt` of a window that the unit of work has locked. */
  update(window: MaintenanceWindow): Promise<void>;
  /** Row ids of planned windows whose start has come, and active ones whose end has: the earliest start first. */
  due(now: string, limit: number): Promise<string[]>;
}

export const windowStore = definePort<WindowStore>('maintenance.windows');

export const windowGlobalId = (id: string): string => toGlobalId('MaintenanceWindow', id);

/** What permissions and events know a window by. */
export const windowFacts = ({ id, devices }: Pick<MaintenanceWindow, 'id' | 'devices'>): Facts => ({
  window: id,
  device: devices,
});

const snapshot = z.object({
  id: z.string(),
  title: z.string(),
  startsAt: z.string(),
  endsAt: z.string(),
  state: z.enum(windowStates),
  devices: z.array(z.string()),
});

function windowEvent(verb: 'scheduled' | 'started' | 'ended' | 'cancelled', description: string) {
  return defineEvent(`maintenance.window.${verb}`, z.object({ window: snapshot }), {
    type: `MaintenanceWindow${verb[0]?.toUpperCase()}${verb.slice(1)}`,
    description,
    subject: 'MaintenanceWindow',
    seenWith: 'maintenance:read',
    retain: 'AUDIT',
  });
}

export const windowScheduled = windowEvent('scheduled', 'Somebody plans to work on devices.');
export const windowStarted = windowEvent('started', 'The time of the work began.');
export const windowEnded = windowEvent('ended', 'The time of the work is over.');
export const windowCancelled = windowEvent('cancelled', 'The work is not done, or was broken off.');
export const windowEvents = [windowScheduled, windowStarted, windowEnded, windowCancelled];

/** Appends the event of a change that was written. */
export function tellWindow(
  ctx: Context,
  event: typeof windowScheduled,
  before: MaintenanceWindow | null,
  after: MaintenanceWindow,
): void {
  const shown = (window: MaintenanceWindow) => snapshot.parse({ ...window, id: windowGlobalId(window.id) });
  ctx.events.append(
    event,
    { window: shown(after) },
    {
      subject: windowGlobalId(after.id),
      scope: windowFacts(after),
      before: before && shown(before),
      after: shown(after),
    },
  );
}

/** `maintenance:write@window/<id>`. */
const windowKind: ScopeKind = {
  async resolve(ctx, text) {
    const id = isUuid(text) ? text.toLowerCase() : (fromGlobalId(text)?.id ?? '');
    const [window] = await ctx.use(windowStore).getMany([id]);
    return window?.id ?? null;
  },
  async display(ctx, id) {
    const [window] = await ctx.use(windowStore).getMany([id]);
    return window && !/\s/.test(window.title) ? window.title : id;
  },
};

export const maintenanceArea: PermissionArea = {
  name: 'maintenance',
  description: 'Times in which somebody works on devices.',
  verbs: {
    read: { description: 'See windows, and what happens to them.', standard: true },
    write: { description: 'Schedule and cancel windows.' },
  },
  implies: { write: ['read'] },
  scope: 'kinds',
  kinds: { window: windowKind },
};

export const maintenanceRoles: readonly RoleDeclaration[] = [
  { name: 'maintenance-planner', realName: 'Plans maintenance', permissions: ['maintenance:write', 'network:read'] },
];
