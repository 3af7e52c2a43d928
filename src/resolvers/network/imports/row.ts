import type { GatehouseError } from '#kernel/errors.ts';
import type { CountedKind, RowOutcome } from '#resolvers/network/imports/inventory-import.ts';

/** Something to know about a row that does not keep it from being imported. */
export interface RowWarning {
  readonly code: string;
  readonly message: string;
}

/** What became of a row, or will. */
export interface Verdict {
  readonly outcome: RowOutcome;
  /** Why, for those that failed or were skipped. */
  readonly reason?: { readonly code: string; readonly message: string; readonly path: readonly string[] };
}

/** A row as a format gives it: in the words of the create inputs, with natural keys, before any check. */
export interface SourceRow {
  /** Its index from 0, or its line from 1; null for what the import adds by itself. */
  readonly row: number | null;
  readonly kind: CountedKind;
  /** How the file calls it. */
  readonly ref: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly warnings?: readonly RowWarning[];
  /** Set for a row that the format itself fails or skips. */
  readonly verdict?: Verdict;
  /** What identifies its object where the file comes from: see `Wish`. */
  readonly identity?: string;
  /** Whether it is only needed by others: that it exists already is right, whatever the import is told. */
  readonly implied?: boolean;
}

/** What a format makes of a text. */
export interface Reading {
  readonly rows: readonly SourceRow[];
  /** What the number of a row counts. */
  readonly numbering: 'row' | 'line';
  /** How many rows there are of each model that no import knows. */
  readonly ignored: ReadonlyMap<string, number>;
}

export const failed = (error: Pick<GatehouseError, 'code' | 'message' | 'path'>): Verdict => ({
  outcome: 'FAILED',
  reason: { code: error.code, message: error.message, path: error.path },
});

export const failure = (code: string, message: string, path: readonly string[] = []): Verdict => ({
  outcome: 'FAILED',
  reason: { code, message, path },
});

export const skipped = (code: string, message: string): Verdict => ({
  outcome: 'SKIPPED',
  reason: { code, message, path: [] },
});

/** How messages point at a row. */
export const placeOf = ({ row, ref }: SourceRow, numbering: Reading['numbering']): string =>
  row === null ? ref : `${numbering} ${row} (${ref})`;
