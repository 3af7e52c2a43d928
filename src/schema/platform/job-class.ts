import type { DeclaredJob } from '#kernel/job.ts';
import { cookieOf, findJobClass, listJobClasses, propertiesOf } from '#resolvers/platform/jobs/classes.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { describeField } from '#schema/description.ts';
import { textMatch } from '#schema/filter.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    JobClass: DeclaredJob;
  }
}

/** What jobs can be enqueued. */
export function jobClasses(builder: Builder): void {
  builder.objectType('JobClass', {
    description: 'A kind of job, declared by a plugin.',
    fields: (t) => ({
      name: t.string({ description: 'Its name.', resolve: ({ class: job }) => job.name }),
      title: t.string({ description: 'How people call it.', resolve: ({ class: job }) => job.title }),
      author: t.string({ description: 'Who answers for it.', resolve: ({ class: job }) => job.author }),
      doc: t.string({ description: 'What it does.', resolve: ({ class: job }) => job.doc }),
      plugin: t.exposeString('plugin', { description: 'The plugin that declares it.' }),
      schedule: t.string({
        nullable: true,
        description: 'When it is started by itself, in the five fields of cron.',
        resolve: ({ class: job }) => job.schedule,
      }),
      timezone: t.string({ description: 'The zone of its schedule.', resolve: ({ class: job }) => job.timezone }),
      tags: t.stringList({ description: 'For searches.', resolve: ({ class: job }) => [...job.tags] }),
      argsSchema: t.field({
        type: 'JSON',
        description: 'The JSON Schema of its arguments.',
        resolve: (job) => job.argsSchema,
      }),
      valid: t.boolean({ description: 'Whether it can be run.', resolve: ({ fault }) => fault === null }),
      fault: t.exposeString('fault', { nullable: true, description: 'Why it cannot be run.' }),
      on: t.stringList({
        description: 'The events, by pattern, each of which enqueues one.',
        resolve: ({ class: job }) => [...job.on],
      }),
      isolation: t.field({
        type: 'JobIsolation' as never,
        description: 'Where it runs.',
        resolve: ({ class: job }) => job.isolation as never,
      }),
      properties: t.field({
        type: 'JobProperties',
        description: 'What counts for a job of which nothing else is said.',
        resolve: (job, _, ctx) => propertiesOf(job, ctx),
      }),
      cookie: t.field({
        type: 'JSON',
        description: 'What its jobs remember together.',
        resolve: (job, _, ctx) => cookieOf(job, ctx),
      }),
    }),
  });
  const filter = builder.inputType('JobClassFilter', {
    description: 'Which classes; everything given must hold.',
    fields: (t) => ({
      name: t.field({ type: textMatch(builder), description: 'Its name.' }),
      author: t.field({ type: textMatch(builder), description: 'Who answers for it.' }),
      tags: t.stringList({ description: 'Has all of these tags.' }),
      scheduled: t.boolean({ description: 'Has a schedule, or has none.' }),
    }),
  });
  builder.queryFields((t) => ({
    jobClass: t.field({
      type: 'JobClass',
      nullable: true,
      description: describeField({
        description: 'The class of this name; null when there is none that the viewer may run.',
        needs: 'job:execute',
      }),
      args: { name: t.arg.string({ required: true, description: 'Its name.' }) },
      resolve: (_, { name }, ctx) => findJobClass(ctx, { name }),
    }),
    jobClasses: connection(builder, t, 'JobClass', {
      description: describeField({
        description: 'The classes that the viewer may run, by name.',
        needs: 'job:execute',
      }),
      args: {
        filter: t.arg({ type: filter, description: 'Which ones.' }),
        search: t.arg.string({
          description:
            'Found anywhere in name, title, author, description or tags: `*` for any characters, `?` for one.',
        }),
      },
      resolve: (_, args, page, ctx) => listJobClasses(ctx, args as never, page),
    }),
  }));
}
