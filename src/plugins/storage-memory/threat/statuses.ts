import type { Page, PageRequest } from '#kernel/page.ts';
import type { ScopeGrant } from '#kernel/permission.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { isVisible, pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import type {
  DetailOutcome,
  StatusDetail,
  StatusFilter,
  StatusProgress,
  StatusVisibility,
  TaxiiStatus,
  TaxiiStatusStore,
} from '#resolvers/threat/statuses/taxii-status.ts';

interface PlacedDetail extends StatusDetail {
  readonly place: number;
}

type Details = Readonly<Record<DetailOutcome, readonly PlacedDetail[]>>;

const statuses = defineTable<TaxiiStatus>('taxiiStatus');
/** By status. */
const details = defineTable<Details>('taxiiStatusDetail');

const none: Details = { SUCCESS: [], FAILURE: [], PENDING: [] };

const newestFirst: RowKey<TaxiiStatus> = { type: 'uuid', descending: true, value: ({ id }) => id };
const detailKeys: readonly RowKey<PlacedDetail>[] = [
  { type: 'text', value: ({ stixId }) => stixId },
  { type: 'integer', value: ({ place }) => String(place) },
];

const countNames = { SUCCESS: 'successCount', FAILURE: 'failureCount', PENDING: 'pendingCount' } as const;

export class MemoryStatuses implements TaxiiStatusStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(TaxiiStatus | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(statuses).get(id.toLowerCase()) ?? null));
  }

  page(filter: StatusFilter, visibility: StatusVisibility, request: PageRequest): Promise<Page<TaxiiStatus>> {
    return this.#session.run((tables) =>
      pageOfRows(
        all(tables).filter((row) => matches(filter, visibility, row)),
        [newestFirst],
        request,
      ),
    );
  }

  pagesOfRoots(
    apiRootIds: readonly string[],
    filter: StatusFilter,
    visibility: StatusVisibility,
    request: PageRequest,
  ): Promise<Page<TaxiiStatus>[]> {
    return this.#session.run((tables) =>
      apiRootIds.map((id) =>
        pageOfRows(
          all(tables).filter((row) => row.apiRootId === id && matches(filter, visibility, row)),
          [newestFirst],
          request,
        ),
      ),
    );
  }

  details(
    statusIds: readonly string[],
    outcome: DetailOutcome,
    request: PageRequest,
  ): Promise<(Page<StatusDetail> | null)[]> {
    return this.#session.run((tables) =>
      statusIds.map((id) => {
        const status = tables(statuses).get(id.toLowerCase());
        const kept = (tables(details).get(id.toLowerCase()) ?? none)[outcome];
        if (status?.[countNames[outcome]] !== kept.length) return null;
        const page = pageOfRows(kept, detailKeys, request);
        return {
          ...page,
          items: page.items.map(({ node: { place: _, ...node }, position }) => ({ node, position })),
        };
      }),
    );
  }

  insert(status: TaxiiStatus): Promise<void> {
    return this.#session.run((tables) => tables(statuses).set(status.id, status));
  }

  advance(id: string, progress: StatusProgress): Promise<TaxiiStatus | null> {
    return this.#session.run((tables) => {
      const status = tables(statuses).get(id);
      if (status?.state !== 'PENDING') return null;
      const { state, at, successes, failures, pendings, ...counts } = progress;
      const advanced: TaxiiStatus = {
        ...status,
        ...counts,
        state,
        touchedAt: at,
        updatedAt: at,
        completedAt: state === 'COMPLETE' ? at : null,
      };
      tables(statuses).set(id, advanced);
      const kept = tables(details).get(id) ?? none;
      tables(details).set(id, {
        SUCCESS: [...kept.SUCCESS, ...placed(successes, counts.successCount - successes.length)],
        FAILURE: [...kept.FAILURE, ...placed(failures, counts.failureCount - failures.length)],
        PENDING: pendings ? placed(pendings, 0) : kept.PENDING,
      });
      return advanced;
    });
  }

  touch(id: string, at: string): Promise<void> {
    return this.#session.run((tables) => {
      const status = tables(statuses).get(id);
      if (status?.state === 'PENDING') tables(statuses).set(id, { ...status, touchedAt: at });
    });
  }

  takeStale(since: string, at: string, limit: number): Promise<TaxiiStatus[]> {
    return this.#session.run((tables) =>
      all(tables)
        .filter(({ state, touchedAt }) => state === 'PENDING' && touchedAt < since)
        .sort((one, other) => (one.touchedAt < other.touchedAt ? -1 : 1))
        .slice(0, limit)
        .map((status) => {
          const failureCount = status.failureCount + status.pendingCount;
          const counts = { failureCount, pendingCount: 0 };
          const ended: TaxiiStatus = { ...status, ...counts, state: 'COMPLETE', completedAt: at, updatedAt: at };
          tables(statuses).set(status.id, ended);
          tables(details).set(status.id, { ...(tables(details).get(status.id) ?? none), PENDING: [] });
          return ended;
        }),
    );
  }

  deleteCompleted(before: string, limit: number): Promise<number> {
    return this.#session.run((tables) => {
      const old = completed(tables, before).slice(0, limit);
      for (const { id } of old) {
        tables(statuses).delete(id);
        tables(details).delete(id);
      }
      return old.length;
    });
  }

  countCompleted(before: string): Promise<number> {
    return this.#session.run((tables) => completed(tables, before).length);
  }

  forgetRooms(rooms: { readonly apiRootIds: readonly string[]; readonly collectionIds: readonly string[] }) {
    return this.#session.run((tables) => {
      for (const status of all(tables)) {
        if (rooms.apiRootIds.includes(status.apiRootId)) {
          tables(statuses).delete(status.id);
          tables(details).delete(status.id);
        } else if (status.collectionId !== null && rooms.collectionIds.includes(status.collectionId)) {
          tables(statuses).set(status.id, { ...status, collectionId: null });
        }
      }
    });
  }
}

const all = (tables: Tables): TaxiiStatus[] => [...tables(statuses).values()];

const completed = (tables: Tables, before: string): TaxiiStatus[] =>
  all(tables)
    .filter(({ completedAt }) => completedAt !== null && completedAt < before)
    .sort((one, other) => ((one.completedAt ?? '') < (other.completedAt ?? '') ? -1 : 1));

const placed = (list: readonly StatusDetail[], from: number): PlacedDetail[] =>
  list.map((detail, index) => ({ ...detail, place: from + index }));

function matches(
  { collectionId, state }: StatusFilter,
  { owner, written, apiRootIds }: StatusVisibility,
  status: TaxiiStatus,
): boolean {
  const covers = ({ kind, value }: ScopeGrant) =>
    (kind === 'collection' && value === status.collectionId) || (kind === 'apiRoot' && value === status.apiRootId);
  const seen = isVisible(written, covers) || status.owner === null || status.owner === owner;
  return (
    seen &&
    (apiRootIds === 'all' || apiRootIds.includes(status.apiRootId)) &&
    (collectionId === undefined || status.collectionId === collectionId) &&
    (state === undefined || status.state === state)
  );
}
