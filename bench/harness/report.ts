import type { Contender, Sample } from './rounds.ts';
import { ratios, type Summary } from './statistics.ts';

/** One comparison: Gatehouse's figure divided by the other's. */
export interface Row {
  readonly benchmark: string;
  readonly beside: string;
  /** How fast: above 1, Gatehouse is the faster. */
  readonly rate: Summary;
  /** Processor time of the server process for one unit of work: below 1, Gatehouse needs less. */
  readonly cpu: Summary;
  readonly rounds: number;
}

/** A figure that is counted and not measured, so it is the same on every machine. */
export interface Count {
  readonly benchmark: string;
  readonly what: string;
  readonly value: number;
}

export interface Results {
  readonly rows: readonly Row[];
  readonly counts: readonly Count[];
}

/** Compares the first contender with each of the others. */
export function compare(
  benchmark: string,
  [ours, ...others]: readonly Contender[],
  samples: ReadonlyMap<string, readonly Sample[]>,
): Row[] {
  const of = (name: string | undefined) => samples.get(name ?? '') ?? [];
  const mine = of(ours?.name);
  return others.map(({ name }) => ({
    benchmark,
    beside: name,
    rate: ratios(mine.map(rateOf), of(name).map(rateOf)),
    cpu: ratios(mine.map(cpuOf), of(name).map(cpuOf)),
    rounds: mine.length,
  }));
}

const rateOf = ({ rate }: Sample) => rate;
const cpuOf = ({ cpu }: Sample) => cpu;

/** The results for people. */
export function table({ rows, counts }: Results): string {
  const lines = [
    ['benchmark', 'beside', 'speed ×', '', 'processor time ×', '', 'rounds'],
    ...rows.map(({ benchmark, beside, rate, cpu, rounds }) => [
      benchmark,
      beside,
      figure(rate.median),
      range(rate),
      figure(cpu.median),
      range(cpu),
      String(rounds),
    ]),
  ];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [
    ...text,
    '',
    'Each figure is Gatehouse divided by the other: median, and the middle half of the rounds.',
    'Speed: more is better. Processor time of the server process for one unit of work: less is better.',
    '',
    ...counts.map(({ benchmark, what, value }) => `${benchmark}: ${value} ${what}`),
  ].join('\n');
}

const figure = (value: number) => (value >= 10 ? value.toFixed(1) : value.toPrecision(2));
const range = ({ low, high }: Summary) => `(${figure(low)}–${figure(high)})`;
