import { definePort } from '#kernel/port.ts';

/** The values of a measure's labels. None may hold the name or the id of an account. */
export type Labels<Name extends string = string> = Readonly<Record<Name, string>>;

export interface Counter<Name extends string> {
  add(labels: Labels<Name>, count?: number): void;
}

export interface Gauge<Name extends string> {
  set(labels: Labels<Name>, value: number): void;
}

export interface Histogram<Name extends string> {
  /** Durations are in seconds. */
  observe(labels: Labels<Name>, value: number): void;
}

/** What a measure is called and says. Names go without the prefix `gatehouse_`, which all of them get. */
export interface Measure<Name extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Name[];
}

/** Figures of this process for whoever watches it. A measure asked for twice under one name is the same. */
export interface Metrics {
  counter<Name extends string = never>(measure: Measure<Name>): Counter<Name>;
  /** @param read called when somebody looks, for figures that are cheaper to read than to follow. */
  gauge<Name extends string = never>(
    measure: Measure<Name>,
    read?: (gauge: Gauge<Name>) => void | Promise<void>,
  ): Gauge<Name>;
  histogram<Name extends string = never>(
    measure: Measure<Name> & { readonly buckets?: readonly number[] },
  ): Histogram<Name>;
}

export const metrics = definePort<Metrics>('metrics');
