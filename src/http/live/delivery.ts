import { setTimeout as pause } from 'node:timers/promises';
import type { GraphQLSchema } from 'graphql';
import type { LiveConfig } from '#http/live/config.ts';
import { Hub } from '#http/live/hub.ts';
import { liveMetrics } from '#http/live/metrics.ts';
import { createRender } from '#http/live/render.ts';
import { maskErrors } from '#http/mask.ts';
import type { Catalogue } from '#kernel/catalogue.ts';
import { type ContextSource, createContext } from '#kernel/context.ts';
import { eventLog } from '#kernel/event.ts';
import type { Metrics } from '#kernel/metrics.ts';
import type { PresentStates } from '#kernel/present.ts';
import type { Authenticator, Viewer } from '#kernel/viewer.ts';
import type { EventsConfig } from '#resolvers/platform/events/config.ts';
import { Sequencer } from '#resolvers/platform/events/sequencer.ts';
import { Tail } from '#resolvers/platform/events/tail.ts';

export interface DeliveryParts {
  readonly source: ContextSource;
  readonly schema: GraphQLSchema;
  readonly catalogue: Catalogue;
  readonly authenticator: Authenticator;
  readonly present: PresentStates;
  readonly metrics: Metrics;
  readonly live: LiveConfig;
  readonly events: EventsConfig;
}

/** Everything between a commit and the sockets: numbering, the tail and the hub. */
export function createDelivery(parts: DeliveryParts) {
  const { source, schema, catalogue, authenticator, present, metrics, live, events } = parts;
  const { log } = source;
  const store = source.ports.use(eventLog, null);
  const appended = metrics.counter({
    name: 'events_appended_total',
    help: 'Events committed by this process, by domain.',
    labels: ['domain'],
  });
  const numbering = metrics.histogram({
    name: 'events_numbering_seconds',
    help: 'Time that numbering the committed events took.',
  });
  const tail = new Tail(store, {
    page: live.replay.page,
    concurrency: live.replay.concurrency,
    ringEvents: live.ring.events,
    ringBytes: live.ring.bytes,
    poll: events.poll,
    log,
  });
  const sequencer = new Sequencer(store, {
    batch: events.batch,
    log,
    numbered: () => tail.wake(),
    took: (seconds) => numbering.observe({}, seconds),
  });
  const context = (viewer: Viewer, signal: AbortSignal) => createContext(source, { viewer, signal });
  const hub = new Hub({
    catalogue,
    tail,
    flush: () => sequencer.flush(),
    authenticator,
    present,
    config: live,
    log,
    metrics: liveMetrics(metrics, live.socket.slowConsumerCode),
    context,
    render: createRender({
      schema,
      timeout: live.executeTimeout,
      context,
      showErrors: (errors, ctx) => maskErrors(errors, { requestId: ctx.request.id, log: ctx.log }),
    }),
  });
  metrics.gauge({ name: 'events_head', help: 'Number of the last event that this process has read.' }, (gauge) =>
    gauge.set({}, tail.position),
  );
  metrics.gauge({ name: 'events_unnumbered', help: 'Committed events that wait for a number.' }, async (gauge) =>
    gauge.set({}, await store.countUnnumbered()),
  );
  const stopping = new AbortController();
  const work: Promise<void>[] = [];

  /** What a process that died left behind, and what a lost wake-up hid. */
  async function poll(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pause(events.poll, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
      if (!stopping.signal.aborted) sequencer.kick();
    }
  }

  return {
    hub,
    tail,
    /** After a commit in this process. */
    committed(names: readonly { readonly name: string }[]): void {
      for (const { name } of names) appended.add({ domain: name.split('.')[0] ?? '' });
      sequencer.kick();
    },
    async start(): Promise<void> {
      await sequencer.flush();
      await tail.start();
      work.push(poll());
    },
    /** After the hub's clients were told: reads and numbers no more. */
    async stop(): Promise<void> {
      hub.close();
      stopping.abort();
      await Promise.all(work);
      await sequencer.flush().catch(() => undefined);
      await tail.stop();
    },
  };
}
