import type { PresentItem } from '#kernel/feed.ts';
import { listHistory, listSamples } from '#resolvers/platform/queue/history.ts';
import type { QueueSample } from '#resolvers/platform/queue/sample.ts';
import { type QueueSummaryRow, summarizeQueue } from '#resolvers/platform/queue/summary.ts';
import { summaryType, type ToldSummary, watchSummary } from '#resolvers/platform/queue/watch.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { describeField } from '#schema/description.ts';
import { feed } from '#schema/feed.ts';
import { orderDirection } from '#schema/filter.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    QueueSample: QueueSample;
    QueueSummaryRow: QueueSummaryRow;
    QueueSummary: PresentItem;
  }
}

/** The figures of the queue. */
export function queueFigures(builder: Builder): void {
  builder.objectType('QueueSummaryRow', {
    description: 'Jobs of one name, state and flags.',
    fields: (t) => ({
      name: t.exposeString('name', {
        description: 'The name; `UnauthorizedJob` for all that the viewer may not read.',
      }),
      state: t.field({
        type: 'JobState' as never,
        description: 'Their state.',
        resolve: ({ state }) => state as never,
      }),
      zombie: t.exposeBoolean('zombie', { description: 'They were silent for too long.' }),
      wall: t.exposeBoolean('wall', { description: 'They ran for too long.' }),
      removed: t.exposeBoolean('removed', { description: 'Their removal was asked for.' }),
      killed: t.exposeBoolean('killed', { description: 'Their end was asked for.' }),
      n: t.exposeInt('n', { description: 'How many.' }),
      progress: t.exposeFloat('progress', { description: 'The mean of their progress, from 0 to 1.' }),
    }),
  });
  const states = ['pending', 'deferred', 'failed', 'running', 'error', 'inactive', 'killed'] as const;
  builder.objectType('QueueSample', {
    description: 'How many jobs of each state the queue held at one moment.',
    fields: (t) => ({
      at: t.expose('at', { type: 'DateTime', description: 'When.' }),
      ...Object.fromEntries(
        states.map((state) => [state, t.exposeInt(state, { description: `Jobs in state ${state.toUpperCase()}.` })]),
      ),
      total: t.exposeInt('total', { description: 'Their sum.' }),
    }),
  });
  const filter = builder.inputType('QueueSampleFilter', {
    description: 'Which samples.',
    fields: (t) => ({
      from: t.field({ type: 'DateTime', description: 'Not before.' }),
      to: t.field({ type: 'DateTime', description: 'Before.' }),
    }),
  });
  builder.objectType('QueueSummary', {
    description: 'What the queue holds, as the viewer sees it.',
    interfaces: ['LiveItem'],
    fields: (t) => ({
      rows: t.field({
        type: ['QueueSummaryRow'],
        description: 'By name, state and flags; none for an empty queue.',
        resolve: ({ state }) => [...(state as ToldSummary).rows],
      }),
    }),
  });
  feed(builder, 'queueSummaryChanged', {
    description: 'What the queue holds now, and whenever that is another for the viewer: every three seconds at most.',
    // Events wake it; none of them is told, so none needs to be seen.
    events: [],
    follows: [summaryType],
    policies: ['DISCONNECT'],
    select: (ctx) => watchSummary(ctx),
  });
  builder.queryFields((t) => ({
    queueSummary: t.field({
      type: ['QueueSummaryRow'],
      description:
        'What the queue holds, by name, state and flags. Jobs that the viewer may not read are one row for each state.',
      resolve: (_, __, ctx) => summarizeQueue(ctx),
    }),
    jobHistory: connection(builder, t, 'QueueSample', {
      description: describeField({ description: 'The queue at each change, newest first.', needs: 'queue:read' }),
      args: { filter: t.arg({ type: filter, description: 'Which ones.' }) },
      resolve: (_, args, page, ctx) => listSamples(ctx, args, page),
    }),
    queueHistory: connection(builder, t, 'QueueSample', {
      description: describeField({
        description:
          'The queue over a time: years by days, months by hours, days by minutes, what is shorter by seconds. Of each the moment with the most jobs.',
        needs: 'queue:read',
      }),
      args: {
        from: t.arg({ type: 'DateTime', description: 'Its beginning; midnight UTC seven days ago unless said.' }),
        to: t.arg({ type: 'DateTime', description: 'Its end; open unless said.' }),
        order: t.arg({ type: orderDirection(builder), description: 'DESC unless said.' }),
      },
      resolve: (_, args, page, ctx) => listHistory(ctx, args, page),
    }),
  }));
}
