import { projectOf } from '#kernel/job.ts';
import type { PageRequest } from '#kernel/page.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { compareText, pageOfRows } from '#plugins/storage-memory/page.ts';
import { jobKeys, shownJobs } from '#plugins/storage-memory/platform/job-matching.ts';
import {
  type Claim,
  type Held,
  type Job,
  type JobChange,
  type JobList,
  type JobState,
  type JobStore,
  type NewJob,
  type Progress,
  pending,
  type SummaryRow,
  waitingStates,
} from '#resolvers/platform/jobs/job.ts';

export const queueTable = defineTable<Job>('job');
const journalTable = defineTable<Job>('job_journal');
/** Ids of the queue by name and hash of the arguments. */
const keyTable = defineTable<string>('job_key');
const nameTable = defineTable<string>('job_name');
export const lineTable = defineTable<unknown>('job_log_line');

const keyOf = ({ name, argsHash }: Pick<Job, 'name' | 'argsHash'>): string => JSON.stringify([name, argsHash]);

/** The storage's own clock. */
const fromNow = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString();

export class MemoryJobs implements JobStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(Job | null)[]> {
    return this.#session.run((tables) =>
      ids.map((id) => tables(queueTable).get(id) ?? tables(journalTable).get(id) ?? null),
    );
  }

  page(list: JobList, request: PageRequest) {
    return this.#session.run((tables) => {
      const rows = shownJobs(list, [...tables(list.journaled ? journalTable : queueTable).values()]);
      const page = pageOfRows(rows, jobKeys(list), request);
      return { ...page, items: page.items.map(({ node, position }) => ({ node: node.job, position })) };
    });
  }

  names(): Promise<string[]> {
    return this.#session.run((tables) => [...tables(nameTable).values()].sort(compareText));
  }

  insertUnique(jobs: readonly NewJob[]): Promise<string[]> {
    return this.#session.run((tables) =>
      jobs.map((job) => {
        const there = tables(keyTable).get(keyOf(job));
        if (there !== undefined) return there;
        tables(keyTable).set(keyOf(job), job.id);
        tables(nameTable).set(job.name, job.name);
        tables(queueTable).set(job.id, { ...pending(job), args: structuredClone(job.args) });
        return job.id;
      }),
    );
  }

  claimNext(claim: Claim): Promise<{ job: Job; from: JobState } | null> {
    return this.#session.run((tables) => {
      for (const job of tables(queueTable).values()) if (isDue(job, claim.now)) put(tables, { ...job, queryAt: null });
      const [first] = [...tables(queueTable).values()].filter((job) => mayStart(job, claim)).sort(inClaimOrder);
      if (!first) return null;
      const isLate = first.state === 'DEFERRED' && first.inactiveAt !== null && first.inactiveAt <= claim.now;
      const job = isLate ? inactivated(first, claim) : started(first, claim);
      tables(queueTable).set(job.id, job);
      return { job, from: first.state };
    });
  }

  renew(held: readonly Held[], life: number): Promise<Job[]> {
    return this.#session.run((tables) =>
      held.flatMap((lease) => {
        const job = heldJob(tables, lease);
        return job?.lease ? [put(tables, { ...job, lease: { ...job.lease, expiresAt: fromNow(life) } })] : [];
      }),
    );
  }

  takeExpired({ fence, lease }: { readonly fence: string; readonly lease: number }, limit: number): Promise<Job[]> {
    return this.#session.run((tables) => {
      const now = fromNow(0);
      return [...tables(queueTable).values()]
        .filter((job) => job.lease !== null && job.lease.expiresAt <= now)
        .sort((one, other) => compareText(one.lease?.expiresAt ?? '', other.lease?.expiresAt ?? ''))
        .slice(0, limit)
        .map((job) => put(tables, { ...job, lease: job.lease && { ...job.lease, fence, expiresAt: fromNow(lease) } }));
    });
  }

  lock(ids: readonly string[]): Promise<(Job | null)[]> {
    // Who writes is alone: the turn is taken by writing.
    return this.#session.run((tables) =>
      ids.map((id) => {
        const job = tables(queueTable).get(id);
        return job ? put(tables, job) : null;
      }),
    );
  }

  finish(held: Held, change: JobChange): Promise<Job | null> {
    return this.#session.run((tables) => {
      const job = heldJob(tables, held);
      return job ? put(tables, { ...changed(job, change), lease: null }) : null;
    });
  }

  update(id: string, change: JobChange): Promise<Job | null> {
    return this.#session.run((tables) => {
      const job = tables(queueTable).get(id);
      return job ? put(tables, changed(job, change)) : null;
    });
  }

  progress(held: Held, progress: Progress, now: string): Promise<Job | null> {
    return this.#session.run((tables) => {
      const job = heldJob(tables, held);
      return job ? put(tables, { ...job, progress, heartbeatAt: now }) : null;
    });
  }

  addSource(held: Held, source: string): Promise<boolean> {
    return this.#session.run((tables) => {
      const job = heldJob(tables, held);
      if (job && !job.sources.includes(source)) put(tables, { ...job, sources: [...job.sources, source] });
      return job !== null;
    });
  }

  flagOverdue(now: string, limit: number) {
    return this.#session.run((tables) => {
      const isOver = (since: string | null, seconds: number | null) =>
        since !== null && seconds !== null && Date.parse(since) + seconds * 1000 < Date.parse(now);
      const mark = (flag: 'zombieAt' | 'wallAt', isDue: (job: Job) => boolean) =>
        [...tables(queueTable).values()]
          .filter((job) => job.lease !== null && job[flag] === null && isDue(job))
          .slice(0, limit)
          .map((job) => put(tables, { ...job, [flag]: now }));
      return {
        zombies: mark('zombieAt', ({ heartbeatAt, properties }) => isOver(heartbeatAt, properties.zombieTime)),
        overtime: mark('wallAt', ({ startedAt, properties }) => isOver(startedAt, properties.wallTime)),
      };
    });
  }

  archive(ids: readonly string[]): Promise<Job[]> {
    return this.#session.run((tables) =>
      ids.flatMap((id) => {
        const job = tables(queueTable).get(id);
        if (!job) return [];
        const archived: Job = { ...job, lease: null, journaled: true };
        tables(queueTable).delete(id);
        tables(keyTable).delete(keyOf(job));
        tables(journalTable).set(id, archived);
        return archived;
      }),
    );
  }

  summary(): Promise<SummaryRow[]> {
    return this.#session.run((tables) => {
      const kinds = Map.groupBy([...tables(queueTable).values()].map(kindOf), (kind) => JSON.stringify(kind.key));
      return [...kinds.values()].map((members) => ({
        ...(members[0] as { key: Omit<SummaryRow, 'count' | 'progress'> }).key,
        count: members.length,
        progress: members.reduce((sum, member) => sum + member.progress, 0),
      }));
    });
  }

  countByState(): Promise<Partial<Record<JobState, number>>> {
    return this.#session.run((tables) => {
      const states = Map.groupBy([...tables(queueTable).values()], ({ state }) => state);
      return Object.fromEntries([...states].map(([state, jobs]) => [state, jobs.length]));
    });
  }

  nextDue(now: string): Promise<string | null> {
    return this.#session.run((tables) => {
      const due = [...tables(queueTable).values()]
        .filter((job) => waitingStates.includes(job.state) && job.queryAt !== null && job.queryAt > now)
        .map((job) => job.queryAt ?? '');
      return due.sort(compareText)[0] ?? null;
    });
  }

  trimJournal(before: string, limit: number): Promise<number> {
    return this.#session.run((tables) => {
      const endOf = (job: Job) => job.finishedAt ?? job.removedAt;
      const old = [...tables(journalTable).values()]
        .filter((job) => (endOf(job) ?? before) < before)
        .sort((one, other) => compareText(endOf(one) ?? '', endOf(other) ?? ''))
        .slice(0, limit);
      for (const { id } of old) forget(tables, id);
      return old.length;
    });
  }
}

function forget(tables: Tables, id: string): void {
  const job = tables(journalTable).get(id);
  for (let number = 1; number <= (job?.logCount ?? 0); number += 1) tables(lineTable).delete(`${id}/${number}`);
  tables(journalTable).delete(id);
}

function put(tables: Tables, job: Job): Job {
  tables(queueTable).set(job.id, job);
  return job;
}

/** The job in the queue whose lease has this fence. */
export function heldJob(tables: Tables, { id, fence }: Held): Job | null {
  const job = tables(queueTable).get(id);
  return job?.lease?.fence === fence ? job : null;
}

const isDue = (job: Job, now: string): boolean =>
  waitingStates.includes(job.state) && job.queryAt !== null && job.queryAt <= now;

function mayStart(job: Job, { worker, running, exceptProjects, forcedOnly }: Claim): boolean {
  const { properties } = job;
  return (
    job.lease === null &&
    waitingStates.includes(job.state) &&
    job.attemptsLeft > 0 &&
    job.removedAt === null &&
    job.killedAt === null &&
    job.queryAt === null &&
    (properties.worker === null || properties.worker === worker) &&
    (properties.force || !forcedOnly) &&
    (properties.maxParallel === null || properties.maxParallel > (running[job.name] ?? 0)) &&
    !exceptProjects.includes(projectOf(job.name))
  );
}

const inClaimOrder = (one: Job, other: Job): number =>
  Number(other.properties.force) - Number(one.properties.force) ||
  other.properties.priority - one.properties.priority ||
  compareText(one.id, other.id);

const inactivated = (job: Job, { now }: Claim): Job => ({ ...job, state: 'INACTIVE', finishedAt: now, queryAt: null });

const started = (job: Job, { worker, fence, lease, now }: Claim): Job => ({
  ...job,
  state: 'RUNNING',
  lease: { worker, fence, at: fromNow(0), expiresAt: fromNow(lease) },
  startedAt: now,
  heartbeatAt: now,
  queryAt: null,
  progress: { value: null, message: null },
  trial: job.trial + 1,
  inactiveAt: job.inactiveAt ?? new Date(Date.parse(now) + job.properties.deferMax * 1000).toISOString(),
});

const changed = (job: Job, change: JobChange): Job => ({
  ...job,
  ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)),
});

const kindOf = (job: Job) => ({
  key: {
    name: job.name,
    state: job.state,
    zombie: job.zombieAt !== null,
    wall: job.wallAt !== null,
    removed: job.removedAt !== null,
    killed: job.killedAt !== null,
  },
  progress: Math.round((job.progress.value ?? 0) * 1e6) / 1e6,
});
