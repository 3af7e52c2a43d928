import type { PageRequest } from '#kernel/page.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { pageOfRows } from '#plugins/storage-memory/page.ts';
import type { BucketUnit, QueueSample, SampleFilter, SampleStore } from '#resolvers/platform/queue/sample.ts';

const sampleTable = defineTable<QueueSample>('queue_sample');

/** Characters of an instant that tell one bucket from another. */
const precision: Readonly<Record<BucketUnit, number>> = { day: 10, hour: 13, minute: 16, second: 19 };

export class MemoryQueueSamples implements SampleStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async record(sample: QueueSample): Promise<void> {
    await this.#session.run((tables) => {
      const kept = tables(sampleTable).get(sample.at);
      if (!kept || sample.total > kept.total) tables(sampleTable).set(sample.at, sample);
    });
  }

  page(filter: SampleFilter, request: PageRequest) {
    return this.#session.run((tables) => pageOfRows(within(tables, filter), byInstant(true), request));
  }

  buckets(filter: SampleFilter, unit: BucketUnit, direction: 'ASC' | 'DESC', request: PageRequest) {
    return this.#session.run((tables) => {
      const buckets = Map.groupBy(within(tables, filter), ({ at }) => at.slice(0, precision[unit]));
      const highest = [...buckets.values()].flatMap(
        (samples) =>
          samples.sort((one, other) => other.total - one.total || Date.parse(one.at) - Date.parse(other.at))[0] ?? [],
      );
      return pageOfRows(highest, byInstant(direction === 'DESC'), request);
    });
  }

  trim(before: string, limit: number): Promise<number> {
    return this.#session.run((tables) => {
      const old = within(tables, { to: before })
        .sort((one, other) => Date.parse(one.at) - Date.parse(other.at))
        .slice(0, limit);
      for (const { at } of old) tables(sampleTable).delete(at);
      return old.length;
    });
  }
}

const byInstant = (descending: boolean) => [
  { type: 'instant' as const, descending, value: ({ at }: QueueSample) => at },
];

const within = (tables: Tables, { from, to }: SampleFilter): QueueSample[] =>
  [...tables(sampleTable).values()].filter(
    ({ at }) => (from == null || Date.parse(at) >= Date.parse(from)) && (to == null || Date.parse(at) < Date.parse(to)),
  );
