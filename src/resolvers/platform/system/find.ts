import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { eventLog, type LogState } from '#kernel/event.ts';
import { type Daemon, daemonStore, isAlive } from '#resolvers/platform/system/daemon.ts';
import { type Modes, modeStore } from '#resolvers/platform/system/mode.ts';
import { daemonRules } from '#resolvers/platform/system/rules.ts';

export type KnownDaemon = Daemon & { readonly alive: boolean };

/** How the gateway is doing, over all its processes. */
export interface SystemState {
  readonly daemons: readonly KnownDaemon[];
  readonly modes: Modes;
  readonly eventLog: LogState;
}

/** The daemons by kind and id, what they obey, and the log that they share. */
export async function findSystem(ctx: Context): Promise<SystemState> {
  allow(ctx, 'system:read');
  const { aliveFor } = ctx.use(daemonRules);
  const now = ctx.clock.now();
  const daemons = await ctx.use(daemonStore).list();
  return {
    daemons: daemons.map((daemon) => ({ ...daemon, alive: isAlive(daemon, now, aliveFor) })),
    modes: await ctx.use(modeStore).read(),
    eventLog: await ctx.use(eventLog).state(),
  };
}
