import {
  type CountedKind,
  countedKinds,
  type ImportNote,
  type ImportTotals,
  type KindCounts,
} from '#resolvers/network/imports/inventory-import.ts';
import type { Reading, SourceRow, Verdict } from '#resolvers/network/imports/row.ts';

const noCounts = (kind: CountedKind) => ({
  kind,
  created: 0,
  updated: 0,
  unchanged: 0,
  skipped: 0,
  failed: 0,
});

/** How many rows came to which outcome, and how often each warning was given. */
export function totalsOf(reading: Reading, verdicts: ReadonlyMap<SourceRow, Verdict>): ImportTotals {
  const warnings = new Map<string, number>();
  for (const row of reading.rows) {
    if (!verdicts.has(row)) throw new Error(`${row.ref} has no outcome.`);
    for (const { code } of row.warnings ?? []) warnings.set(code, (warnings.get(code) ?? 0) + 1);
  }
  return {
    counts: countsOf(verdicts),
    warnings: [...warnings].sort(byName).map(([code, count]) => ({ code, count })),
    ignored: modelsOf(reading),
  };
}

/** How many of these rows came to which outcome, by kind. */
export function countsOf(verdicts: ReadonlyMap<SourceRow, Verdict>): KindCounts[] {
  const counts = new Map<CountedKind, Record<Lowercase<Verdict['outcome']>, number> & { kind: CountedKind }>();
  for (const [{ kind }, { outcome }] of verdicts) {
    const sum = counts.get(kind) ?? noCounts(kind);
    sum[outcome.toLowerCase() as Lowercase<Verdict['outcome']>] += 1;
    counts.set(kind, sum);
  }
  return countedKinds.flatMap((kind) => counts.get(kind) ?? []);
}

/** How many models are told apart. */
const toldModels = 200;

function modelsOf({ ignored }: Reading): ImportTotals['ignored'] {
  const models = [...ignored].sort(byName).map(([model, count]) => ({ model: presentable(model), count }));
  const rest = models.slice(toldModels).reduce((sum, { count }) => sum + count, 0);
  return rest === 0 ? models : [...models.slice(0, toldModels), { model: 'others', count: rest }];
}

const byName = ([one]: readonly [string, number], [other]: readonly [string, number]): number => (one < other ? -1 : 1);

export const failuresIn = ({ counts }: ImportTotals): number => counts.reduce((sum, { failed }) => sum + failed, 0);

/** The outcomes when one row's failure keeps all from being written: what would have been done is skipped. */
export function withNothingWritten(verdicts: ReadonlyMap<SourceRow, Verdict>): Map<SourceRow, Verdict> {
  const wouldWrite = ({ outcome }: Verdict) => outcome === 'CREATED' || outcome === 'UPDATED';
  return new Map([...verdicts].map(([row, verdict]) => [row, wouldWrite(verdict) ? { outcome: 'SKIPPED' } : verdict]));
}

/** What is worth keeping of the rows, in their order: why they failed or were skipped, and their warnings. */
export function notesOf(reading: Reading, verdicts: ReadonlyMap<SourceRow, Verdict>, limit: number): ImportNote[] {
  const inOrder = [...reading.rows].sort((one, other) => (one.row ?? -1) - (other.row ?? -1));
  return inOrder.flatMap((row) => notesOfRow(row, verdicts.get(row))).slice(0, limit);
}

function notesOfRow({ row, kind, ref, warnings = [] }: SourceRow, verdict: Verdict | undefined): ImportNote[] {
  if (!verdict) return [];
  const { outcome, reason } = verdict;
  const base = { row, kind, ref: presentable(ref), outcome };
  if (!reason) return warnings.map(({ code, message }) => ({ ...base, code, message: presentable(message), path: [] }));
  const { code, message, path } = reason;
  return [{ ...base, code, message: presentable(message), path: path.map(presentable) }];
}

/** A text of the file as it can be kept and shown, whatever the file holds. */
const presentable = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\p{Cc}/gu, '\uFFFD')
    .slice(0, 1000)
    .toWellFormed();
