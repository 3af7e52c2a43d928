import type { BenchDatabases } from '../harness/database.ts';
import type { Loader, Span } from '../harness/load.ts';
import type { BenchProcess } from '../harness/process.ts';
import type { Results } from '../harness/report.ts';
import type { Repetition } from '../harness/rounds.ts';

/** How long and how often. */
export interface Effort extends Repetition {
  /** Of load for one contender in one round. */
  readonly span: Span;
  /** Events that are sent at once to everybody in one round. */
  readonly burst: number;
  /** Events that are sent one after the other in one round. */
  readonly steps: number;
  /** Objects of the collection that is large. */
  readonly objects: number;
}

/** What every benchmark may use. */
export interface Stage {
  readonly effort: Effort;
  readonly databases: BenchDatabases;
  readonly loader: Loader;
  readonly gatehouse: BenchProcess<string>;
  /** What is written by hand, on the same database. */
  readonly byHand: BenchProcess<string>;
  /** The database that Gatehouse filled. */
  readonly url: string;
}

export interface Benchmark {
  readonly name: string;
  /** What Gatehouse holds: made for the purpose and as large as wanted, or a real inventory. */
  readonly data: 'made' | 'inventory';
  run(stage: Stage): Promise<Results>;
}
