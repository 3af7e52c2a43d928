import type { BenchDatabases } from '../harness/database.ts';
import type { Loader } from '../harness/load.ts';
import type { BenchProcess } from '../harness/process.ts';
import type { Results } from '../harness/report.ts';

/** How long and how often. */
export interface Effort {
  readonly rounds: number;
  /** Seconds of load for one contender in one round. */
  readonly seconds: number;
  /** Events that are sent at once to everybody in one round. */
  readonly burst: number;
  /** Events that are sent one after the other in one round. */
  readonly steps: number;
}

/** What every benchmark may use. */
export interface Stage {
  readonly effort: Effort;
  readonly databases: BenchDatabases;
  readonly loader: Loader;
  /** Gatehouse, and what is written by hand, on a database of its own each for what is written. */
  readonly gatehouse: BenchProcess<string>;
  /** The database that Gatehouse filled. */
  readonly url: string;
}

export interface Benchmark {
  readonly name: string;
  run(stage: Stage): Promise<Results>;
}
