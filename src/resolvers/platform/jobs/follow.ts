import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { eventLog, type StoredEvent } from '#kernel/event.ts';
import type { FeedSelection, LogPosition, PresentItem } from '#kernel/feed.ts';
import type { Following, FollowStart, FollowStep } from '#kernel/follow.ts';
import { parse, rowId } from '#kernel/input.ts';
import { type JobData, jobGlobalId, stateEvents } from '#resolvers/platform/jobs/events.ts';
import { readJob } from '#resolvers/platform/jobs/find.ts';
import { isFinal, type Job, type JobState, jobStates, jobStore } from '#resolvers/platform/jobs/job.ts';
import { type JobLogLine, jobLogStore } from '#resolvers/platform/jobs/log.ts';

/** A job is in another state, or, first of all, in this one. */
export interface FollowedState {
  readonly jobId: string;
  readonly state: JobState;
  readonly from: JobState | null;
  readonly at: string;
}

/** A line with when it was told: before the stream began, while the job ran, or after its end. */
export interface FollowedLine extends JobLogLine {
  readonly mode: 'PRELOG' | 'WATCHLOG' | 'POSTLOG';
}

/** Nothing more will come. */
export interface FollowedEnd {
  /** In their order, as far as the log of events reaches back. */
  readonly states: readonly JobState[];
  readonly lines: number;
}

export const followTypes = { state: 'JobFollowState', line: 'JobFollowLine', end: 'JobClosed' } as const;

/** How far a stream has come. */
interface Place {
  readonly epoch: string;
  /** Events up to this number are told, or are not for it. */
  readonly sequence: number;
  readonly line: number;
  /** The state that was told last; null before the first. */
  readonly told: { readonly state: JobState; readonly trial: number } | null;
}

const Follow = z.object({
  id: rowId('Job'),
  log: z
    .boolean()
    .nullish()
    .transform((log) => log ?? true),
});

/** The most lines and events that are read at once. */
const mostLines = 500;
const mostEvents = 100;

const stateNames = [...new Set(Object.values(stateEvents).map(({ name }) => name))];

/** A job until its end: its states, and the lines of its log, each once and in their order. */
export async function followJob(ctx: Context, input: z.input<typeof Follow>): Promise<FeedSelection> {
  const { id, log } = parse(Follow, input);
  await readJob(ctx, { id });
  const subject = jobGlobalId(id);
  return {
    names: stateNames,
    subjects: new Set([subject]),
    follow: (ctx, start) => begin(ctx, id, log, start),
  };
}

async function begin(ctx: Context, id: string, log: boolean, { at, resumed }: FollowStart): Promise<Following<Place>> {
  const subject = jobGlobalId(id);
  // Read once the position is known: what changes from here on has a later event.
  const job = await readJob(ctx, { id });
  const last = resumed ? await lastStateUpTo(ctx, subject, at.sequence) : null;
  const before = job.logCount;
  const wasOver = isOver(job);
  const store = ctx.use(jobLogStore);
  return {
    start: { epoch: at.epoch, sequence: at.sequence, line: at.line ?? 0, told: last },
    at: ({ epoch, sequence, line }) => ({ epoch, sequence, line }),
    moved: (place, { epoch, sequence }) => ({ ...place, epoch, sequence }),
    listen: (wake) => (log ? store.listen(wake) : Promise.resolve(async () => {})),
    next: (ctx, place, head) => nextStep(ctx, { job: id, subject, log, before, wasOver }, place, head),
  };
}

interface Wish {
  readonly job: string;
  readonly subject: string;
  readonly log: boolean;
  /** How many lines there were at the beginning. */
  readonly before: number;
  /** Whether the job had ended at the beginning: every event about that had its number then. */
  readonly wasOver: boolean;
}

const isOver = (job: Job): boolean => isFinal(job.state) || job.journaled;

async function nextStep(ctx: Context, wish: Wish, place: Place, head: number): Promise<FollowStep<Place>> {
  // The job first: what it says of its end is not newer than the lines and events that are read after it.
  const [job] = await ctx.use(jobStore).getMany([wish.job]);
  if (!job) return close(ctx, wish, place, [], place.line);
  const told = place.told ?? { state: job.state, trial: job.trial };
  const isFirst = place.told === null && place.line === 0;
  const lines = wish.log ? await ctx.use(jobLogStore).read(wish.job, place.line, mostLines) : [];
  const events = await statesBetween(ctx, wish.subject, place.sequence, head);
  const steps = new Steps(wish, { ...place, told });
  if (isFirst) steps.state(job, null, job.startedAt ?? job.enqueuedAt, place.sequence);
  for (const entry of inTime(lines, events)) {
    if ('number' in entry) steps.line(entry);
    else steps.event(entry);
  }
  const isAll = lines.length < mostLines && events.length < mostEvents;
  if (isAll && wish.wasOver && steps.place.told?.state !== job.state)
    steps.state(job, steps.place.told?.state ?? null, job.finishedAt ?? job.enqueuedAt, steps.place.sequence);
  const after = isAll ? { ...steps.place, sequence: Math.max(head, steps.place.sequence) } : steps.place;
  const isTold = steps.place.told?.state === job.state && (!wish.log || steps.place.line >= job.logCount);
  if (isAll && isOver(job) && isTold) return close(ctx, wish, after, steps.items, job.logCount);
  return { items: steps.items, after };
}

type Item = FollowStep<Place>['items'][number];

/** The items of a step as they are put together. */
class Steps {
  readonly items: Item[] = [];
  readonly #wish: Wish;
  place: Place;

  constructor(wish: Wish, place: Place) {
    this.#wish = wish;
    this.place = place;
  }

  state(
    { id, state, trial }: Pick<Job, 'id' | 'state' | 'trial'>,
    from: JobState | null,
    at: string,
    sequence: number,
  ) {
    this.place = { ...this.place, sequence, told: { state, trial } };
    const told: FollowedState = { jobId: id, state, from, at };
    this.#add(followTypes.state, told);
  }

  event(event: StoredEvent): void {
    const { job, from, to } = event.data as JobData;
    const news = { id: this.#wish.job, state: stateOf(to), trial: job.trial };
    if (isNews(this.place.told, news))
      this.state(news, from === null ? null : stateOf(from), event.occurredAt, event.sequence);
    else this.place = { ...this.place, sequence: event.sequence };
  }

  line(line: JobLogLine): void {
    const { told } = this.place;
    const isLate = told !== null && isFinal(told.state);
    const mode = line.number <= this.#wish.before ? 'PRELOG' : isLate ? 'POSTLOG' : 'WATCHLOG';
    this.place = { ...this.place, line: line.number };
    this.#add(followTypes.line, { ...line, mode } satisfies FollowedLine);
  }

  #add(type: string, state: object): void {
    const { epoch, sequence, line } = this.place;
    const item: PresentItem = { item: 'Present', type, at: { epoch, sequence, line }, state };
    this.items.push({ item, after: this.place });
  }
}

async function close(
  ctx: Context,
  { subject }: Wish,
  place: Place,
  items: readonly Item[],
  lines: number,
): Promise<FollowStep<Place>> {
  const states = await statesSoFar(ctx, subject);
  // The event of its end may wait for its number still.
  const known = place.told && states.at(-1) !== place.told.state ? [...states, place.told.state] : states;
  const { epoch, sequence, line } = place;
  const at: LogPosition = { epoch, sequence, line };
  const state: FollowedEnd = { states: known, lines };
  const item: PresentItem = { item: 'Present', type: followTypes.end, at, state };
  return { items: [...items, { item, after: place }], after: place, ended: true };
}

const stateOf = (text: string | null): JobState => jobStates.find((state) => state === text) ?? 'PENDING';

const ranks: Readonly<Record<JobState, number>> = {
  PENDING: 0,
  RUNNING: 1,
  DEFERRED: 2,
  FAILED: 2,
  COMPLETE: 2,
  ERROR: 2,
  KILLED: 2,
  INACTIVE: 3,
};

/** Whether a state comes after the one that was told: the job may have been read when it was further than the events. */
function isNews(told: Place['told'], { state, trial }: { state: JobState; trial: number }): boolean {
  if (told === null) return true;
  if (trial !== told.trial) return trial > told.trial || (isFinal(state) && !isFinal(told.state));
  return ranks[state] > ranks[told.state];
}

/** Both in the order of time; of equal times the event first. */
function inTime(lines: readonly JobLogLine[], events: readonly StoredEvent[]): (JobLogLine | StoredEvent)[] {
  const merged: (JobLogLine | StoredEvent)[] = [];
  let place = 0;
  for (const line of lines) {
    for (; place < events.length; place += 1) {
      const event = events[place] as StoredEvent;
      if (Date.parse(event.occurredAt) > Date.parse(line.at)) break;
      merged.push(event);
    }
    merged.push(line);
  }
  return [...merged, ...events.slice(place)];
}

/** Events that brought the job to another state, after one number and up to another, rising. */
async function statesBetween(ctx: Context, subject: string, after: number, head: number): Promise<StoredEvent[]> {
  const page = await ctx.use(eventLog).page({ subjects: [subject], names: stateNames }, 'all', {
    limit: mostEvents,
    direction: 'backward',
    before: [String(after)],
    after: null,
    offset: 0,
  });
  return page.items
    .map(({ node }) => node)
    .reverse()
    .filter(({ sequence }) => sequence <= head);
}

async function lastStateUpTo(ctx: Context, subject: string, sequence: number): Promise<Place['told']> {
  const page = await ctx.use(eventLog).page({ subjects: [subject], names: stateNames }, 'all', {
    limit: 1,
    direction: 'forward',
    after: [String(sequence + 1)],
    before: null,
    offset: 0,
  });
  const event = page.items[0]?.node;
  if (!event) return null;
  const { job, to } = event.data as JobData;
  return { state: stateOf(to), trial: job.trial };
}

async function statesSoFar(ctx: Context, subject: string): Promise<JobState[]> {
  const page = await ctx.use(eventLog).page({ subjects: [subject], names: stateNames }, 'all', {
    limit: 1000,
    direction: 'forward',
    after: null,
    before: null,
    offset: 0,
  });
  return page.items.map(({ node }) => stateOf((node.data as JobData).to)).reverse();
}
