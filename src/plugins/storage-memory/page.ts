import { type Page, type PageRequest, type Position, toPage } from '#kernel/page.ts';
import type { ScopeGrant, Visibility } from '#kernel/permission.ts';
import { fittingPositions, type KeyType } from '#plugins/positions.ts';

/** A key of a list's order, read from a row; the last one is unique. */
export interface RowKey<Row> {
  readonly type: KeyType;
  readonly descending?: boolean;
  value(row: Row): string;
  /** Compares where neither code points nor numbers do. */
  compare?(one: string, other: string): number;
}

/**
 * A page of rows that fit and are visible already.
 * @throws InputError for a cursor of another list.
 */
export function pageOfRows<Row>(rows: Iterable<Row>, keys: readonly RowKey<Row>[], request: PageRequest): Page<Row> {
  const { after, before } = fittingPositions(
    keys.map(({ type }) => type),
    request,
  );
  const positionOf = (row: Row): Position => keys.map((key) => key.value(row));
  const all = [...rows].map((row) => ({ row, position: positionOf(row) }));
  const direction = request.direction === 'forward' ? 1 : -1;
  const fetched = all
    .filter(({ position }) => !after || compare(keys, position, after) > 0)
    .filter(({ position }) => !before || compare(keys, position, before) < 0)
    .sort((one, other) => direction * compare(keys, one.position, other.position))
    .slice(request.offset, request.offset + request.limit + 1)
    .map(({ row }) => row);
  return toPage(request, fetched, positionOf, async () => all.length);
}

function compare<Row>(keys: readonly RowKey<Row>[], one: Position, other: Position): number {
  for (const [index, key] of keys.entries()) {
    const order = compareValues(key, one[index] ?? '', other[index] ?? '');
    if (order !== 0) return key.descending ? -order : order;
  }
  return 0;
}

function compareValues<Row>(key: RowKey<Row>, one: string, other: string): number {
  if (key.compare) return key.compare(one, other);
  if (key.type === 'integer') return Number(BigInt(one) - BigInt(other));
  return compareText(one, other);
}

/** By code points, as the database does with the collation "C". */
export function compareText(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/**
 * Whether a viewer may see a row.
 * @param covers says whether one grant covers it.
 */
export function isVisible(visibility: Visibility, covers: (grant: ScopeGrant) => boolean): boolean {
  if (visibility === 'all') return true;
  return visibility !== 'none' && visibility.allOf.every((grants) => grants.some(covers));
}
