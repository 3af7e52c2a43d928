import { z } from 'zod';
import { defineEvent } from '#kernel/event.ts';
import { type Daemon, daemonKinds, daemonModes, daemonPhases } from '#resolvers/platform/system/daemon.ts';

const seen = { subject: null, seenWith: 'system:read' } as const;
const audited = { ...seen, retain: 'AUDIT' } as const;

/** `project` is null for all of them. */
const ModeData = z.object({ project: z.string().nullable() });

export const maintenanceEntered = defineEvent('platform.maintenance.entered', ModeData, {
  ...audited,
  description: 'No more jobs are started, of one project or of all.',
});
export const maintenanceLeft = defineEvent('platform.maintenance.left', ModeData, {
  ...audited,
  description: 'Jobs are started again, of one project or of all.',
});
export const systemHalted = defineEvent('platform.system.halted', z.object({ haltAt: z.string() }), {
  ...audited,
  description: 'All daemons that were started before are to leave.',
});

const DaemonSnapshot = z.object({
  id: z.string(),
  kind: z.enum(daemonKinds),
  hostname: z.string(),
  pid: z.number().int(),
  startedAt: z.string(),
  heartbeatAt: z.string().nullable(),
  phase: z.enum(daemonPhases),
  mode: z.enum(daemonModes),
});
const DaemonData = z.object({ daemon: DaemonSnapshot });

export const daemonStarted = defineEvent('platform.daemon.started', DaemonData, {
  ...seen,
  description: 'A process began to work in one of its parts.',
});
export const daemonStopped = defineEvent('platform.daemon.stopped', DaemonData, {
  ...seen,
  description: 'A process ended its work in one of its parts.',
});
export const daemonLost = defineEvent('platform.daemon.lost', DaemonData, {
  ...seen,
  description: 'A process was not heard of for too long.',
});

export const systemEvents = [
  maintenanceEntered,
  maintenanceLeft,
  systemHalted,
  daemonStarted,
  daemonStopped,
  daemonLost,
] as const;

export const daemonSnapshot = ({ run: _, ...daemon }: Daemon): z.output<typeof DaemonSnapshot> => daemon;
