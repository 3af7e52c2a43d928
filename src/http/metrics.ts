import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Labels, Measure, Metrics } from '#kernel/metrics.ts';

export interface MetricsRegistry extends Metrics {
  /** Everything measured, as Prometheus reads it. */
  text(): Promise<string>;
  readonly contentType: string;
}

const prefix = 'gatehouse_';

/** From a cache hit to a large import, in seconds. */
const defaultBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** One per gateway: two in one process do not mix their figures. */
export function createMetrics(): MetricsRegistry {
  const registry = new Registry();
  let watchesProcess = false;

  /** The instrument of a measure, made at first asking. */
  function once<T>(name: string, make: (options: { name: string; registers: Registry[] }) => T): T {
    const known = registry.getSingleMetric(prefix + name);
    return (known as T | undefined) ?? make({ name: prefix + name, registers: [registry] });
  }
  const described = ({ help, labels = [] }: Measure<string>) => ({ help, labelNames: [...labels] });

  return {
    contentType: registry.contentType,
    counter(measure) {
      const counter = once(measure.name, (base) => new Counter({ ...base, ...described(measure) }));
      return { add: (labels: Labels, count = 1) => counter.inc(labels, count) };
    },
    gauge(measure, read) {
      const gauge = once(
        measure.name,
        (base) => new Gauge({ ...base, ...described(measure), ...(read && { collect: () => readAnew(read) }) }),
      );
      const face = { set: (labels: Labels, value: number) => gauge.set(labels, value) };
      /** Labels that nothing has any more are not shown with their last value. */
      function readAnew(ask: NonNullable<typeof read>) {
        gauge.reset();
        return ask(face);
      }
      return face;
    },
    histogram(measure) {
      const buckets = [...(measure.buckets ?? defaultBuckets)];
      const histogram = once(measure.name, (base) => new Histogram({ ...base, ...described(measure), buckets }));
      return { observe: (labels: Labels, value: number) => histogram.observe(labels, value) };
    },
    text() {
      // Watching the process costs an observer that nothing ends: only where somebody looks.
      if (!watchesProcess) collectDefaultMetrics({ register: registry, prefix });
      watchesProcess = true;
      return registry.metrics();
    },
  };
}
