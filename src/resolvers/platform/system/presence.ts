import { hostname } from 'node:os';
import type { Context } from '#kernel/context.ts';
import { departure } from '#kernel/departure.ts';
import { newId } from '#kernel/id.ts';
import { type Repeated, repeat } from '#kernel/repeat.ts';
import {
  type Daemon,
  type DaemonKind,
  type DaemonPhase,
  daemonStore,
  isAlive,
} from '#resolvers/platform/system/daemon.ts';
import { daemonLost, daemonSnapshot, daemonStarted, daemonStopped } from '#resolvers/platform/system/events.ts';
import { modeStore } from '#resolvers/platform/system/mode.ts';
import { daemonRules } from '#resolvers/platform/system/rules.ts';

/** Milliseconds between two looks at whether daemons are to leave. */
const haltLook = 1000;
/** The longest host name that an id holds. */
const longestHost = 253;

/**
 * One part of this process among the daemons: it has an id, shows that it lives, and knows when it is to leave.
 */
export class Presence {
  readonly #kind: DaemonKind;
  readonly #context: () => Context;
  /** When this part began: halts from before do not concern it, whatever became of its row. */
  readonly #since: string;
  readonly #halted = new AbortController();
  #daemon: Daemon | null = null;
  #phase: DaemonPhase = 'STARTING';
  #loops: readonly Repeated[] = [];

  /** @param context a fresh context of the gateway's own. */
  constructor(kind: DaemonKind, context: () => Context) {
    this.#kind = kind;
    this.#context = context;
    this.#since = this.#now();
  }

  /** `name@host`. */
  get id(): string {
    return this.#daemon?.id ?? '';
  }

  /** Aborted when it is to leave. */
  get halted(): AbortSignal {
    return this.#halted.signal;
  }

  async begin(): Promise<void> {
    const ctx = this.#context();
    this.#daemon = await this.#register();
    const { heartbeat } = ctx.use(daemonRules);
    const loop = (interval: number, work: () => Promise<void>) =>
      repeat(ctx.clock, interval, work, (error) => ctx.log.warn({ err: error, daemon: this.id }, 'No sign of life.'));
    this.#loops = [loop(heartbeat, () => this.#beat()), loop(haltLook, () => this.#lookForHalt())];
    await this.enter('RUNNING');
  }

  /** Shows in which phase it is from now on. */
  async enter(phase: DaemonPhase): Promise<void> {
    this.#phase = phase;
    await this.#loops[0]?.now();
  }

  async end(): Promise<void> {
    for (const loop of this.#loops) await loop.stop();
    const daemon = this.#daemon;
    if (!daemon) return;
    const last: Daemon = { ...daemon, phase: 'STOPPED', heartbeatAt: this.#now() };
    await this.#context().atomically(async (ctx) => {
      const isOwn = await ctx.use(daemonStore).beat(daemon.run, { ...last, heartbeatAt: this.#now() });
      if (isOwn) ctx.events.append(daemonStopped, { daemon: daemonSnapshot(last) }, { scope: {} });
    });
  }

  /** Takes the first id that nobody living has: a daemon that comes back after its death is called as before. */
  async #register(): Promise<Daemon> {
    const { aliveFor, name } = this.#context().use(daemonRules);
    const host = hostname().replace(/[\s@]/g, '-').slice(0, longestHost);
    const kind = this.#kind.toLowerCase();
    // Jobs are pinned to workers: theirs is the plain name.
    const base = name === null ? kind : this.#kind === 'WORKER' ? name : `${name}-${kind}`;
    for (;;) {
      const known = new Map((await this.#context().use(daemonStore).list()).map((daemon) => [daemon.id, daemon]));
      for (let count = 1; ; count += 1) {
        const id = `${base}${count === 1 ? '' : `-${count}`}@${host}`;
        const before = known.get(id);
        if (before && isAlive(before, this.#context().clock.now(), aliveFor) && !isDeadHere(before)) continue;
        const daemon: Daemon = {
          id,
          run: newId(),
          kind: this.#kind,
          hostname: host,
          pid: process.pid,
          startedAt: this.#now(),
          heartbeatAt: null,
          phase: this.#phase,
          mode: 'NORMAL',
        };
        if (await this.#tell(daemon, before ?? null)) return daemon;
        break;
      }
    }
  }

  #tell(daemon: Daemon, before: Daemon | null): Promise<boolean> {
    return this.#context().atomically(async (ctx) => {
      if (!(await ctx.use(daemonStore).register(daemon, before?.run ?? null))) return false;
      const options = { scope: {} };
      if (before && before.phase !== 'STOPPED')
        ctx.events.append(daemonLost, { daemon: daemonSnapshot({ ...before, phase: 'STOPPED' }) }, options);
      ctx.events.append(daemonStarted, { daemon: daemonSnapshot(daemon) }, options);
      return true;
    });
  }

  async #beat(): Promise<void> {
    const ctx = this.#context();
    const { aliveFor } = ctx.use(daemonRules);
    const modes = await ctx.use(modeStore).read();
    const beat = {
      heartbeatAt: this.#now(),
      phase: this.#phase,
      mode: modes.global ? 'MAINTENANCE' : 'NORMAL',
    } as const;
    const daemon = this.#daemon;
    // Somebody took it for lost while it could not be heard: it comes back, under another id if need be.
    if (daemon && !(await ctx.use(daemonStore).beat(daemon.run, beat))) this.#daemon = await this.#register();
    const since = new Date(ctx.clock.now() - aliveFor).toISOString();
    await ctx.atomically(async (ctx) => {
      for (const lost of await ctx.use(daemonStore).takeSilent(since))
        ctx.events.append(daemonLost, { daemon: daemonSnapshot(lost) }, { scope: {} });
    });
  }

  async #lookForHalt(): Promise<void> {
    const { haltAt } = await this.#context().use(modeStore).read();
    if (haltAt === null || haltAt <= this.#since || this.#halted.signal.aborted) return;
    this.#halted.abort('The system was halted.');
    this.#context().use(departure).leave('The system was halted.');
  }

  #now(): string {
    return new Date(this.#context().clock.now()).toISOString();
  }
}

/** Whether its process was one of this machine and is gone. */
function isDeadHere({ hostname: host, pid }: Daemon): boolean {
  if (host !== hostname() || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Is a daemon of its kind while `work` goes on; `work` is told to end when the daemon is to leave. */
export async function present(
  kind: DaemonKind,
  context: () => Context,
  signal: AbortSignal,
  work: (presence: Presence, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const presence = new Presence(kind, context);
  await presence.begin();
  try {
    await work(presence, AbortSignal.any([signal, presence.halted]));
  } finally {
    await presence.end();
  }
}
