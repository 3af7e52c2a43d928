import { type Cidr, compareCidr, covers, toCidr } from '#kernel/cidr.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import type {
  IndicatorObservable,
  IndicatorRows,
  ObservableFilter,
  ObservableStore,
} from '#resolvers/threat/observables/observable.ts';

const observables = defineTable<IndicatorObservable>('indicatorObservable');
/** Ids of rows by collection and indicator. */
const idsOfIndicators = defineTable<readonly string[]>('indicatorObservableIds');

const keyOf = ({ collectionId, stixId }: Pick<IndicatorRows, 'collectionId' | 'stixId'>): string =>
  `${collectionId} ${stixId}`;

const byId: RowKey<IndicatorObservable> = { type: 'uuid', value: ({ id }) => id };
const byCidr: RowKey<IndicatorObservable> = {
  type: 'network',
  value: ({ cidr }) => cidr ?? '',
  compare: (one, other) => compareCidr(toCidr(one), toCidr(other)),
};
const keysOf = (match: 'COVERING' | 'WITHIN' | undefined) => (match === 'WITHIN' ? [byCidr, byId] : [byId]);

export class MemoryObservables implements ObservableStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(IndicatorObservable | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(observables).get(id.toLowerCase()) ?? null));
  }

  replaceFor(indicators: readonly IndicatorRows[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const indicator of indicators) {
        forget(tables, keyOf(indicator));
        for (const row of indicator.rows) tables(observables).set(row.id, row);
        if (indicator.rows.length > 0)
          tables(idsOfIndicators).set(
            keyOf(indicator),
            indicator.rows.map(({ id }) => id),
          );
      }
    });
  }

  deleteOf(collectionIds: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      const gone = [...tables(observables).values()].filter(({ collectionId }) => collectionIds.includes(collectionId));
      for (const row of gone) forget(tables, keyOf(row));
    });
  }

  page(filter: ObservableFilter, request: PageRequest): Promise<Page<IndicatorObservable>> {
    return this.#session.run((tables) => {
      const cidr = filter.cidr && toCidr(filter.cidr.text);
      const isSought = (row: IndicatorObservable) =>
        (!filter.values && !filter.cidr) ||
        (cidr && meets(row, cidr, filter.cidr?.match)) ||
        (filter.cidr?.match !== 'WITHIN' && hasValue(row, filter.values ?? []));
      const rows = [...tables(observables).values()].filter((row) => isSought(row) && matches(row, filter));
      return pageOfRows(rows, keysOf(filter.cidr?.match), request);
    });
  }

  pagesOfCidrs(
    cidrs: readonly string[],
    match: 'COVERING' | 'WITHIN',
    filter: Omit<ObservableFilter, 'values' | 'cidr'>,
    request: PageRequest,
  ): Promise<Page<IndicatorObservable>[]> {
    return this.#session.run((tables) => {
      const rows = [...tables(observables).values()].filter((row) => matches(row, filter));
      return cidrs.map((text) => {
        const cidr = toCidr(text);
        return pageOfRows(
          rows.filter((row) => meets(row, cidr, match)),
          keysOf(match),
          request,
        );
      });
    });
  }

  pagesOfObjects(
    objects: Parameters<ObservableStore['pagesOfObjects']>[0],
    request: PageRequest,
  ): Promise<Page<IndicatorObservable>[]> {
    return this.#session.run((tables) =>
      objects.map((object) => {
        const ids = tables(idsOfIndicators).get(keyOf(object)) ?? [];
        const rows = ids.flatMap((id) => tables(observables).get(id) ?? []);
        return pageOfRows(
          rows.filter(({ objectId }) => objectId === object.id),
          [byId],
          request,
        );
      }),
    );
  }
}

function forget(tables: Tables, key: string): void {
  for (const id of tables(idsOfIndicators).get(key) ?? []) tables(observables).delete(id);
  tables(idsOfIndicators).delete(key);
}

const hasValue = (row: IndicatorObservable, values: NonNullable<ObservableFilter['values']>): boolean =>
  values.some(({ kind, value }) => kind === row.kind && value === row.value);

function meets({ cidr }: IndicatorObservable, asked: Cidr, match: 'COVERING' | 'WITHIN' | undefined): boolean {
  if (cidr === null) return false;
  const own = toCidr(cidr);
  return match === 'WITHIN' ? covers(asked, own) : covers(own, asked);
}

function matches(
  row: IndicatorObservable,
  { kind, collectionIds, includeRevoked, activeAt }: Omit<ObservableFilter, 'values' | 'cidr'>,
): boolean {
  if (collectionIds !== 'all' && !collectionIds.includes(row.collectionId)) return false;
  if (kind !== undefined && row.kind !== kind) return false;
  if (row.revoked && !includeRevoked) return false;
  if (activeAt === undefined) return true;
  return (row.validFrom ?? '') <= activeAt && (row.validUntil === null || activeAt < row.validUntil);
}
