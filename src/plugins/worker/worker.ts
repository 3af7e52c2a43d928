import type { Context } from '#kernel/context.ts';
import { type Repeated, repeat } from '#kernel/repeat.ts';
import { threadsOf, type WorkerConfig } from '#plugins/worker/config.ts';
import { Gate } from '#plugins/worker/gate.ts';
import { type WorkerMetrics, workerMetrics } from '#plugins/worker/metrics.ts';
import { Run } from '#plugins/worker/run.ts';
import { type Job, jobStore } from '#resolvers/platform/jobs/job.ts';
import {
  flagOverdueJobs,
  loseExpired,
  type RunningJob,
  renewLeases,
  startNextJob,
} from '#resolvers/platform/jobs/run.ts';
import { jobSettings } from '#resolvers/platform/jobs/settings.ts';
import { modeStore } from '#resolvers/platform/system/mode.ts';

export interface WorkerParts {
  /** `name@host`. */
  readonly id: () => string;
  readonly config: WorkerConfig;
  /** A fresh context of the gateway's own. */
  context(): Context;
  readonly gate?: Gate;
}

interface Active {
  readonly run: Run;
  /** When its lease was last known to hold, by the clock of this process. */
  heldAt: number;
}

/** Takes jobs from the queue and runs them. Nothing that a job does reaches further than its own end. */
export class JobWorker {
  readonly #parts: WorkerParts;
  readonly #active = new Map<string, Active>();
  readonly #metrics: WorkerMetrics;
  readonly #gate: Gate;
  readonly #since: string;
  #loops: readonly Repeated[] = [];
  #look: Repeated | null = null;
  #isLeaving = false;
  #toldBusyAt = Number.NEGATIVE_INFINITY;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    const { maxCpu, minFreeMemoryMb } = parts.config;
    this.#gate = parts.gate ?? new Gate({ maxCpu, minFreeMemory: minFreeMemoryMb * 1024 * 1024 });
    this.#metrics = workerMetrics(parts.context);
    this.#since = new Date(parts.context().clock.now()).toISOString();
  }

  /** How many jobs it runs now. */
  get size(): number {
    return this.#active.size;
  }

  start(): void {
    const { config, context } = this.#parts;
    const ctx = context();
    const { renew, sweep } = ctx.use(jobSettings);
    const loop = (interval: number, name: string, work: () => Promise<void>) =>
      repeat(ctx.clock, interval, work, (error) => ctx.log.error({ err: error }, `The worker failed to ${name}.`));
    this.#look = loop(config.poll, 'look at the queue', () => this.#fill());
    this.#loops = [
      this.#look,
      loop(Math.min(config.poll, 1000), 'look at its jobs', () => this.#watch()),
      loop(renew, 'renew its leases', () => this.#renew()),
      loop(sweep, 'sweep', () => this.#sweep()),
    ];
    this.wake();
  }

  /** Looks at the queue soon. */
  wake(): void {
    if (!this.#isLeaving && this.#active.size < threadsOf(this.#parts.config)) void this.#look?.now();
  }

  /** Looks at its own jobs soon. */
  wakeRuns(): void {
    if (this.#active.size > 0) void this.#loops[1]?.now();
  }

  /** Begins no more, waits for what runs, and then ends it. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    const { config, context } = this.#parts;
    await this.#look?.stop();
    const done = () => Promise.all([...this.#active.values()].map(({ run }) => run.done.catch(() => null)));
    let isOver = false;
    const timer = context().clock.after(config.drain, () => {
      isOver = true;
      for (const { run } of this.#active.values()) run.stop('SHUTDOWN');
    });
    while (this.#active.size > 0) await done();
    timer.cancel();
    if (isOver) context().log.warn('Jobs were ended because the worker leaves.');
    for (const loop of this.#loops) await loop.stop();
  }

  /** Claims jobs while there is room for them. */
  async #fill(): Promise<void> {
    const { config, context } = this.#parts;
    const busy = this.#gate.closed(context().clock.now());
    while (!this.#isLeaving && this.#active.size < threadsOf(config)) {
      const found = await this.#claim(busy !== null);
      if (!found) break;
      this.#begin(found);
    }
    if (busy !== null) await this.#tellBusy(busy);
  }

  /** The modes are read before each claim: whoever entered maintenance sees no later job begin. */
  async #claim(forcedOnly: boolean): Promise<RunningJob | null> {
    const { context, id } = this.#parts;
    const modes = await context().use(modeStore).read();
    // A halt counts from here on: it may come before the daemon itself has heard of it.
    if (modes.global || (modes.haltAt !== null && modes.haltAt > this.#since)) return null;
    const exceptProjects = modes.projects.map(({ project }) => project);
    return startNextJob(context(), { worker: id(), running: this.#counts(), exceptProjects, forcedOnly });
  }

  async #tellBusy(reason: string): Promise<void> {
    const ctx = this.#parts.context();
    const { PENDING = 0, FAILED = 0, DEFERRED = 0 } = await ctx.use(jobStore).countByState();
    if (PENDING + FAILED + DEFERRED === 0) return;
    this.#metrics.skips.add({});
    if (ctx.clock.now() - this.#toldBusyAt < 60_000) return;
    this.#toldBusyAt = ctx.clock.now();
    ctx.log.warn({ reason }, 'skipped job');
  }

  #counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { run } of this.#active.values()) {
      const { name } = run.running.job;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  #begin(running: RunningJob): void {
    const { config, context } = this.#parts;
    const ctx = context();
    const { killGrace } = ctx.use(jobSettings);
    const run = new Run({ running, context, threadMemoryMb: config.threadMemoryMb, killGrace });
    this.#active.set(running.fence, { run, heldAt: ctx.clock.now() });
    const { wallTime } = running.job.properties;
    const overtime =
      wallTime === null ? null : ctx.clock.after(wallTime * 1000 + 10, () => void this.#overtime().catch(() => null));
    void run.done
      .then((job) => this.#ended(run, job))
      .catch((error) => ctx.log.error({ err: error, job: running.id }, 'The run of a job ended in disorder.'))
      .finally(() => {
        overtime?.cancel();
        this.#active.delete(running.fence);
        this.wake();
      });
  }

  #ended({ startedAt, running }: Run, job: Job | null): void {
    if (!job) return;
    const seconds = Math.max(this.#parts.context().clock.now() - startedAt, 0) / 1000;
    this.#metrics.runs.observe({ name: running.job.name, state: job.state }, seconds);
    if (job.lastError?.code === 'LOST' && job.state !== 'COMPLETE') this.#metrics.lost.add({});
  }

  async #overtime(): Promise<void> {
    await flagOverdueJobs(this.#parts.context());
    this.wakeRuns();
  }

  /** Looks whether somebody wants an end of what runs here, or has it by now. */
  async #watch(): Promise<void> {
    const { context } = this.#parts;
    const active = [...this.#active.values()];
    if (active.length === 0) return;
    const { lease } = context().use(jobSettings);
    const jobs = await context()
      .use(jobStore)
      .getMany(active.map(({ run }) => run.running.id))
      .catch(() => null);
    const tooLong = context().clock.now() - (lease * 5) / 6;
    for (const [index, { run, heldAt }] of active.entries()) {
      const job = jobs?.[index];
      if (jobs && job?.lease?.fence !== run.running.fence) run.lose();
      else if (job && job.killedAt !== null) run.stop('KILLED');
      else if (job && job.wallAt !== null && job.properties.onWallTime === 'END') run.stop('WALL_TIME');
      // Nobody could tell that the lease still holds: it may be another's before this worker knows.
      if (heldAt < tooLong) run.lose();
    }
  }

  async #renew(): Promise<void> {
    const active = [...this.#active.values()];
    if (active.length === 0) return;
    const { context } = this.#parts;
    const at = context().clock.now();
    const kept = await renewLeases(
      context(),
      active.map(({ run }) => run.running),
    );
    const fences = new Set(kept.map((job) => job.lease?.fence));
    for (const entry of active)
      if (fences.has(entry.run.running.fence)) entry.heldAt = at;
      else entry.run.lose();
  }

  /** What any worker does for all of them. */
  async #sweep(): Promise<void> {
    const { context } = this.#parts;
    const lost = await loseExpired(context());
    if (lost.length > 0) this.#metrics.lost.add({}, lost.length);
    const { overtime } = await flagOverdueJobs(context());
    if (overtime.length > 0) this.wakeRuns();
    if (lost.length > 0) this.wake();
  }
}
