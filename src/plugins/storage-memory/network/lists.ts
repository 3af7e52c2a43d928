import type { Page } from '#kernel/page.ts';
import { type Facts, grantsCover, type Visibility } from '#kernel/permission.ts';
import { pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import { isIn, type Selection } from '#resolvers/network/attributes/selection.ts';
import type { ListQuery, ListScope, Order } from '#resolvers/network/list.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';

/** How rows are found in lists. */
export interface ListedRows<Kind extends string, Filter, Row> {
  /** Whether a row is below the Site or thing with this id. */
  below(kind: Kind, row: Row, id: string): boolean;
  matches(filter: Filter, row: Row): boolean;
  facts(row: Row): Facts;
  keys(order: Order): RowKey<Row>[];
}

type Query<Filter> = Pick<ListQuery<Filter>, 'filter' | 'visibility'>;

export const listedPages = <Kind extends string, Filter, Row>(
  rows: readonly Row[],
  listed: ListedRows<Kind, Filter, Row>,
  scopes: readonly ListScope<Kind>[],
  query: ListQuery<Filter>,
): Page<Row>[] =>
  scopes.map((scope) => pageOfRows(shown(rows, listed, scope, query), listed.keys(query.order), query.page));

export const listedCount = <Kind extends string, Filter, Row>(
  rows: readonly Row[],
  listed: ListedRows<Kind, Filter, Row>,
  scopes: readonly ListScope<Kind>[],
  query: Query<Filter>,
): number[] => scopes.map((scope) => shown(rows, listed, scope, query).length);

/** The visible rows with each natural key, two at most, in the order of their ids. */
export const listedMatches = <Filter, Row extends { readonly id: string; readonly siteId: string }>(
  rows: readonly Row[],
  listed: ListedRows<never, Filter, Row>,
  {
    keys,
    visibility,
    keyOf,
  }: { readonly keys: readonly NaturalKey[]; visibility: Visibility; keyOf(row: Row): string },
): Row[][] =>
  keys.map(({ siteId, key }) =>
    rows
      .filter((row) => (siteId === null || row.siteId === siteId) && keyOf(row) === key)
      .filter((row) => isCovered(visibility, listed.facts(row)))
      .sort((one, other) => (one.id < other.id ? -1 : 1))
      .slice(0, 2),
  );

function shown<Kind extends string, Filter, Row>(
  rows: readonly Row[],
  listed: ListedRows<Kind, Filter, Row>,
  scope: ListScope<Kind>,
  { filter, visibility }: Query<Filter>,
): Row[] {
  return rows.filter(
    (row) =>
      (!('id' in scope) || listed.below(scope.kind, row, scope.id)) &&
      listed.matches(filter, row) &&
      isCovered(visibility, listed.facts(row)),
  );
}

/** Whether a viewer may see a thing with these facts. */
export function isCovered(visibility: Visibility, facts: Facts): boolean {
  if (visibility === 'all') return true;
  return visibility !== 'none' && visibility.allOf.every((grants) => grantsCover(grants, facts));
}

/** The order of lists: by id, or by natural key and then id. */
export function orderKeys<Row extends { readonly id: string }>(
  { by, direction }: Order,
  natural: ((row: Row) => string) | null,
): RowKey<Row>[] {
  const descending = direction === 'DESC';
  const id: RowKey<Row> = { type: 'uuid', descending, value: (row) => row.id };
  return by === 'NATURAL' && natural ? [{ type: 'text', descending, value: natural }, id] : [id];
}

/** Reads what a filter selects by attributes; without a selection, everything passes. */
export async function readSelection(
  selection: Selection | undefined,
): Promise<(row: { readonly id: string }) => boolean> {
  const set = await selection?.ids();
  return set ? ({ id }) => isIn(set, id) : () => true;
}
