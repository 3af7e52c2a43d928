import { JobExistsError, JobStateError } from '#kernel/errors.ts';
import { killJob, removeJob, restartJob } from '#resolvers/platform/jobs/control.ts';
import { enqueueJob, enqueueManyJobs, type JobEnqueueInput } from '#resolvers/platform/jobs/enqueue.ts';
import {
  jobEnqueued,
  jobGlobalId,
  jobKillRequested,
  jobRemoved,
  jobRemoveRequested,
  jobRestarted,
} from '#resolvers/platform/jobs/events.ts';
import { findJobs } from '#resolvers/platform/jobs/find.ts';
import type { Builder } from '#schema/builder.ts';
import { bulkMutation, mutation } from '#schema/mutation.ts';

/** What is done to jobs. */
export function jobChanges(builder: Builder): void {
  errors(builder);
  const inputs = mutation(builder, 'jobEnqueue', {
    description:
      'Puts a job in the queue. There is one of a name with the same arguments, whatever its state and its options.',
    needs: 'job:execute',
    emits: [jobEnqueued],
    errors: [JobExistsError],
    input: (t) => ({
      name: t.string({ required: true, description: 'The name of the class.' }),
      args: t.field({ type: 'JSON', description: 'What it is given, as the class asks for it; none unless said.' }),
      options: t.field({ type: optionsInput(builder), description: 'Properties of this one.' }),
    }),
    resolve: async (ctx, input) => ({ job: await enqueueJob(ctx, input as JobEnqueueInput) }),
    success: (t) => ({ job: t.expose('job', { type: 'Job', description: 'The new job.' }) }),
  });
  bulkMutation(builder, 'jobEnqueueMany', {
    description: 'Puts jobs in the queue: all of them, or none.',
    needs: 'job:execute',
    emits: [jobEnqueued],
    errors: [JobExistsError],
    inputs,
    resolve: async (ctx, given) => ({ jobs: await enqueueManyJobs(ctx, given as readonly JobEnqueueInput[]) }),
    success: (t) => ({ jobs: t.expose('jobs', { type: ['Job'], description: 'The new jobs, in order.' }) }),
  });
  mutation(builder, 'jobKill', {
    description: 'Asks for the end of a running job: its worker ends it, and it never runs again.',
    needs: 'job:execute',
    emits: [jobKillRequested],
    errors: [JobStateError],
    input: (t) => ({ id: t.id({ required: true, description: 'Which job.' }) }),
    resolve: async (ctx, { id }) => ({ job: await killJob(ctx, { id }) }),
    success: (t) => ({ job: t.expose('job', { type: 'Job', description: 'The job as it is now.' }) }),
  });
  mutation(builder, 'jobRemove', {
    description: 'Moves a job to the journal: a running one when its run ends, in whatever state.',
    needs: 'job:execute',
    emits: [jobRemoveRequested, jobRemoved],
    errors: [JobStateError],
    input: (t) => ({
      id: t.id({ required: true, description: 'Which job.' }),
      hard: t.boolean({
        defaultValue: false,
        description: 'Ends a run and moves the job at once. Needs system:control.',
      }),
    }),
    resolve: async (ctx, { id, hard }) => ({ job: await removeJob(ctx, { id, hard }) }),
    success: (t) => ({ job: t.expose('job', { type: 'Job', description: 'The job as it is now.' }) }),
  });
  mutation(builder, 'jobRestart', {
    description:
      'Runs a job again: one that waits for its time does so next; a new one takes the place of one that stopped.',
    needs: 'job:execute',
    emits: [jobRestarted, jobEnqueued, jobRemoved],
    errors: [JobStateError],
    input: (t) => ({ id: t.id({ required: true, description: 'Which job.' }) }),
    resolve: (ctx, { id }) => restartJob(ctx, { id }),
    success: (t) => ({
      job: t.expose('job', { type: 'Job', description: 'The job that will run.' }),
      parent: t.expose('parent', {
        type: 'Job',
        nullable: true,
        description: 'The one that stopped, where a new one takes its place.',
      }),
    }),
  });
}

function errors(builder: Builder): void {
  builder.objectType(JobExistsError, {
    name: 'JobExistsError',
    description: 'A job of this name with these arguments is in the queue already, in whatever state.',
    interfaces: ['Error'],
    fields: (t) => ({
      jobId: t.id({ description: 'The id of that job.', resolve: ({ jobId }) => jobGlobalId(jobId) }),
      existing: t.field({
        type: 'Job',
        nullable: true,
        description: 'That job; null where the viewer may not read it.',
        resolve: ({ jobId }, _, ctx) => ctx.load(findJobs, jobId),
      }),
    }),
  });
  builder.objectType(JobStateError, {
    name: 'JobStateError',
    description: 'The job is in a state in which this cannot be done; nothing was changed.',
    interfaces: ['Error'],
  });
}

const optionsInput = (builder: Builder) =>
  builder.inputType('JobOptionsInput', {
    description: 'Properties of a job that are to be others than its class and the config say. Times are in seconds.',
    fields: (t) => ({
      attempts: t.int({ description: 'How often it may fail or be lost.' }),
      priority: t.int({ description: 'Higher goes first.' }),
      force: t.boolean({ description: 'Goes before all others, and on a busy machine as well.' }),
      maxParallel: t.int({ description: 'How many of its name run on one worker; null: any number.' }),
      worker: t.string({ description: 'The only worker that may run it, as name@host; null: any.' }),
      deferTime: t.int({ description: 'How long it waits after it put itself off.' }),
      deferMax: t.int({ description: 'How long after its first start it may put itself off.' }),
      errorTime: t.int({ description: 'How long it waits after a failure.' }),
      wallTime: t.int({ description: 'How long a run may take; null: for ever.' }),
      onWallTime: t.field({ type: 'JobOnWallTime' as never, description: 'What happens then.' }),
      zombieTime: t.int({ description: 'How long a run may be silent.' }),
      progressInterval: t.int({ description: 'How often its progress is kept, at most.' }),
      onLost: t.field({ type: 'JobOnLost' as never, description: 'What happens when its worker is lost.' }),
    }),
  });
