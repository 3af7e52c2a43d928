import type { JobOptions, JobProperties } from '#kernel/job.ts';
import { type DeclaredJob, standardProperties } from '#kernel/job.ts';
import { definePort } from '#kernel/port.ts';

/** What the config says of jobs. Durations are in milliseconds. */
export interface JobSettings {
  readonly defaults: JobOptions;
  /** By name of the class. */
  readonly classes: Readonly<Record<string, JobOptions>>;
  /** How long a worker's claim holds without being renewed. */
  readonly lease: number;
  readonly renew: number;
  readonly sweep: number;
  /** Between the signal to a run and the end of its thread. */
  readonly killGrace: number;
  readonly stdoutTtl: number;
  /** Null: for ever. */
  readonly journalTtl: number | null;
}

export const jobSettings = definePort<JobSettings>('platform.jobSettings');

/** What counts for a job of a class: the nearest says it. */
export function settleProperties(job: DeclaredJob, options: JobOptions, settings: JobSettings): JobProperties {
  const layers = [
    standardProperties,
    settings.defaults,
    job.class.properties,
    job.shipped,
    settings.classes[job.class.name] ?? {},
    options,
  ];
  return Object.assign({}, ...layers.map(given)) as JobProperties;
}

const given = (options: JobOptions): JobOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
