import type { InputObjectRef } from '@pothos/core';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { textMatch } from '#schema/filter.ts';

const filters = new WeakMap<Builder, InputObjectRef<SchemaTypes, object>>();

/** The filter of lists and streams of jobs. */
export function jobFilterInput(builder: Builder): InputObjectRef<SchemaTypes, object> {
  const made = filters.get(builder) ?? (builder.inputRef('JobFilter') as InputObjectRef<SchemaTypes, object>);
  filters.set(builder, made);
  return made;
}

/** The enums and inputs of jobs. */
export function jobInputs(builder: Builder): void {
  enums(builder);
  const argument = builder.inputType('JobArgumentMatch', {
    description: 'A condition on an argument.',
    fields: (t) => ({
      path: t.stringList({ required: true, description: 'Keys and positions, outermost first.' }),
      eq: t.field({ type: 'JSON', description: 'Its value.' }),
    }),
  });
  const period = builder.inputType('JobPeriod', {
    description: 'A time.',
    fields: (t) => ({
      from: t.field({ type: 'DateTime', description: 'Not before.' }),
      to: t.field({ type: 'DateTime', description: 'Before.' }),
    }),
  });
  const filter = jobFilterInput(builder) as unknown as ReturnType<Builder['inputRef']>;
  filter.implement({
    description: 'Which jobs; everything given must hold.',
    fields: (t) => ({
      name: t.field({ type: textMatch(builder), description: 'The name of its class.' }),
      state: t.field({ type: ['JobState'] as never, description: 'Is in one of these states.' }),
      highState: t.field({ type: ['JobHighState'] as never, description: 'Is in one of these, more coarsely.' }),
      flags: t.field({ type: ['JobFlag'] as never, description: 'Has all of these flags.' }),
      worker: t.field({ type: textMatch(builder), description: 'The worker that runs it.' }),
      by: t.field({ type: textMatch(builder), description: 'Who enqueued it.' }),
      enqueued: t.field({ type: period, description: 'When it was enqueued.' }),
      args: t.field({ type: [argument], description: 'Has all of these arguments.' }),
      journaled: t.boolean({ description: 'In the journal; false unless said. At the top of a filter only.' }),
      and: t.field({ type: [filter as never], description: 'All of these hold as well.' }),
      or: t.field({ type: [filter as never], description: 'One of these holds as well.' }),
      not: t.field({ type: filter as never, description: 'This does not hold.' }),
    }),
  });
  builder.inputType('JobLogFilter', {
    description: 'Which lines of a log.',
    fields: (t) => ({
      levels: t.field({ type: ['JobLogLevel'] as never, description: 'Of one of these.' }),
      after: t.int({ description: 'With a higher number.' }),
    }),
  });
}

function enums(builder: Builder): void {
  const closed = (name: string, description: string, values: Readonly<Record<string, string>>) =>
    builder.enumType(name, {
      description,
      values: Object.fromEntries(Object.entries(values).map(([key, text]) => [key, { description: text }])) as never,
    });
  closed('JobState', 'Where a job is.', {
    PENDING: 'It waits to be started.',
    RUNNING: 'A worker runs it.',
    COMPLETE: 'It did what it was for.',
    DEFERRED: 'It put itself off, and waits for its time.',
    FAILED: 'Its run failed, and it waits for the next.',
    INACTIVE: 'It put itself off for too long.',
    ERROR: 'It failed for the last time.',
    KILLED: 'It was killed, or lost for the last time.',
  });
  closed('JobHighState', 'Where a job is, more coarsely.', {
    WAITING: 'It is to run: PENDING, FAILED, DEFERRED.',
    RUNNING: 'A worker runs it.',
    STOPPED: 'It will not run again by itself: KILLED, INACTIVE, ERROR.',
  });
  closed('JobFlag', 'What was noticed of a job, or asked for.', {
    ZOMBIE: 'It was silent for longer than it may be.',
    NONSTOP: 'It ran for longer than it may.',
    REMOVED: 'Its removal was asked for.',
    KILLED: 'Its end was asked for.',
  });
  closed('JobLogLevel', 'How grave a line of a log is.', {
    DEBUG: 'For who looks closely.',
    INFO: 'What happens.',
    WARNING: 'What may be a fault.',
    ERROR: 'What is a fault.',
    CRITICAL: 'What must be looked at now.',
  });
  closed('JobUnauthorized', 'What becomes of jobs in a list that the viewer may not read.', {
    HIDE: 'They are left out, and not counted.',
    MASK: 'They are shown without their names and contents. Needs queue:read.',
  });
  closed('JobOnWallTime', 'What happens to a run that takes too long.', {
    END: 'It is ended, as a failure.',
    FLAG: 'It is marked and goes on.',
  });
  closed('JobOnLost', 'What happens to a job whose worker is lost.', {
    RETRY: 'It is tried again while it has attempts left.',
    KILL: 'It is not tried again.',
  });
  closed('JobIsolation', 'Where jobs of a class run.', {
    THREAD: 'In a thread of their own.',
    INLINE: 'On the main thread of the worker.',
  });
}
