import { closeCode } from '#http/live/close-code.ts';
import type { Ending, LiveConnection } from '#http/live/connection.ts';
import type { Queued } from '#http/live/member.ts';
import { type FeedItem, isEvent } from '#kernel/feed.ts';
import type { Metrics } from '#kernel/metrics.ts';

/** What a hub shows of itself when somebody looks. */
interface LiveState {
  connections(): Iterable<LiveConnection>;
  cohorts(): number;
}

/**
 * The measures of live delivery.
 * @param slowConsumerCode see `closeCode`.
 */
export function liveMetrics(metrics: Metrics, slowConsumerCode: number) {
  const closes = metrics.counter({
    name: 'live_closes_total',
    help: 'Connections ended by the gateway, by close code.',
    labels: ['code'],
  });
  const revoked = metrics.counter({
    name: 'live_revoked_total',
    help: 'Connections ended because a right or a credential went, by reason.',
    labels: ['reason'],
  });
  const gaps = metrics.counter({
    name: 'live_gaps_total',
    help: 'Gaps told to clients, by reason.',
    labels: ['reason'],
  });
  const resumes = metrics.counter({
    name: 'live_resumes_total',
    help: 'Subscriptions that resumed after a cursor, by where it came from.',
    labels: ['source'],
  });
  const executions = metrics.counter({
    name: 'live_executions_total',
    help: 'Documents executed for items of streams.',
  });
  const delivered = metrics.counter({ name: 'live_delivered_total', help: 'Frames handed to connections.' });
  const dropped = metrics.counter({
    name: 'live_dropped_total',
    help: 'Items left out for slow clients that asked for it.',
  });
  const latency = metrics.histogram({
    name: 'live_delivery_seconds',
    help: 'From the moment of an event to its first frame.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
  });
  return {
    /** An item is executed. */
    rendering(item: FeedItem): void {
      executions.add({});
      if (!isEvent(item) && item.item === 'Gap') gaps.add({ reason: item.reason });
    },
    resumed: (source: string) => resumes.add({ source }),
    delivered: () => delivered.add({}),
    dropped: (items: number) => dropped.add({}, items),
    arrived: (seconds: number) => latency.observe({}, seconds),
    ended(ending: Ending): void {
      closes.add({ code: String(closeCode(ending, slowConsumerCode)) });
      if (ending.why === 'ended') revoked.add({ reason: ending.reason });
    },
    /** Shows the present state whenever somebody looks. */
    show(state: LiveState): void {
      metrics.gauge(
        { name: 'live_connections', help: 'Open connections, by transport.', labels: ['transport'] },
        (gauge) => {
          const transports = [...state.connections()].map(({ wire }) => wire.transport);
          for (const [transport, count] of countsOf(transports)) gauge.set({ transport }, count);
        },
      );
      metrics.gauge(
        { name: 'live_subscriptions', help: 'Open subscriptions, by field.', labels: ['field'] },
        (gauge) => {
          const members = [...state.connections()].flatMap((connection) => [...connection.members.values()]);
          for (const [field, count] of countsOf(members.map(({ operation }) => operation.plan.field)))
            gauge.set({ field }, count);
        },
      );
      const waiting = (what: keyof Queued) => {
        let sum = 0;
        for (const { members } of state.connections())
          for (const member of members.values()) sum += member.queued[what];
        return sum;
      };
      metrics.gauge({ name: 'live_queue_items', help: 'Items that wait for slow clients.' }, (gauge) =>
        gauge.set({}, waiting('items')),
      );
      metrics.gauge(
        { name: 'live_queue_bytes', help: 'Bytes of them; what several clients wait for counts for each.' },
        (gauge) => gauge.set({}, waiting('bytes')),
      );
      metrics.gauge({ name: 'live_cohorts', help: 'Groups of equal subscriptions of equal rights.' }, (gauge) =>
        gauge.set({}, state.cohorts()),
      );
    },
  };
}

function countsOf<T>(values: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

export type LiveMetrics = ReturnType<typeof liveMetrics>;
