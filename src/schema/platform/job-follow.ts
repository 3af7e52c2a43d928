import type { PresentItem } from '#kernel/feed.ts';
import { stateEvents } from '#resolvers/platform/jobs/events.ts';
import { findJobs } from '#resolvers/platform/jobs/find.ts';
import {
  type FollowedEnd,
  type FollowedLine,
  type FollowedState,
  followJob,
  followTypes,
} from '#resolvers/platform/jobs/follow.ts';
import type { Builder } from '#schema/builder.ts';
import { feed } from '#schema/feed.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    JobFollowState: PresentItem;
    JobFollowLine: PresentItem;
    JobClosed: PresentItem;
  }
}

const stateOf = ({ state }: PresentItem) => state as FollowedState;
const lineOf = ({ state }: PresentItem) => state as FollowedLine;
const endOf = ({ state }: PresentItem) => state as FollowedEnd;

/** One job, live. */
export function jobFollow(builder: Builder): void {
  builder.enumType('JobLogMode', {
    description: 'When a line of a job that is followed was written.',
    values: {
      PRELOG: { description: 'Before the stream began.' },
      WATCHLOG: { description: 'While it was followed.' },
      POSTLOG: { description: 'With its end.' },
    },
  });
  builder.objectType('JobFollowState', {
    description: 'The state of a job that is followed: at first the present one, then every other that it comes to.',
    interfaces: ['LiveItem'],
    fields: (t) => ({
      state: t.field({
        type: 'JobState' as never,
        description: 'It is this.',
        resolve: (item) => stateOf(item).state as never,
      }),
      fromState: t.field({
        type: 'JobState' as never,
        nullable: true,
        description: 'It was that before; null at first.',
        resolve: (item) => stateOf(item).from as never,
      }),
      at: t.field({ type: 'DateTime', description: 'Since when.', resolve: (item) => stateOf(item).at }),
      job: t.field({
        type: 'Job',
        nullable: true,
        description: 'The job as it is now.',
        resolve: (item, _, ctx) => ctx.load(findJobs, stateOf(item).jobId),
      }),
    }),
  });
  builder.objectType('JobFollowLine', {
    description: 'A line of the log of a job that is followed: each once, in their order.',
    interfaces: ['LiveItem'],
    fields: (t) => ({
      mode: t.field({
        type: 'JobLogMode' as never,
        description: 'When it was written.',
        resolve: (item) => lineOf(item).mode as never,
      }),
      number: t.int({ description: 'From 1, without a hole.', resolve: (item) => lineOf(item).number }),
      at: t.field({ type: 'DateTime', description: 'When.', resolve: (item) => lineOf(item).at }),
      level: t.field({
        type: 'JobLogLevel' as never,
        description: 'How grave.',
        resolve: (item) => lineOf(item).level as never,
      }),
      text: t.string({ description: 'What it says.', resolve: (item) => lineOf(item).message }),
      exception: t.string({
        nullable: true,
        description: 'The exception that it is about.',
        resolve: (item) => lineOf(item).exception,
      }),
    }),
  });
  builder.objectType('JobClosed', {
    description: 'The job has ended and everything was told: the stream is complete.',
    interfaces: ['LiveItem'],
    fields: (t) => ({
      states: t.field({
        type: ['JobState' as never],
        description: 'The states that it went through, as far as the log of events reaches back.',
        resolve: (item) => [...endOf(item).states] as never,
      }),
      lines: t.int({ description: 'How many lines its log has.', resolve: (item) => endOf(item).lines }),
    }),
  });
  feed(builder, 'jobFollow', {
    description: 'One job until its end: its states, and the lines of its log. Resumes at any line.',
    needs: 'job:read',
    args: (arg) => ({
      id: arg.id({ required: true, description: 'Which job.' }),
      log: arg.boolean({ defaultValue: true, description: 'Whether lines of its log are wanted.' }),
    }),
    events: Object.values(stateEvents),
    follows: Object.values(followTypes),
    policies: ['DISCONNECT'],
    select: (ctx, { id, log }) => followJob(ctx, { id, log }),
  });
}
