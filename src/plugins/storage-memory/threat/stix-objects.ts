import { type Page, type PageRequest, type Position, pageOf } from '#kernel/page.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { compareText } from '#plugins/storage-memory/page.ts';
import { noInstant } from '#resolvers/threat/instant.ts';
import { decodeStixCursor, encodeStixCursor } from '#resolvers/threat/objects/cursor.ts';
import { selectsVersion } from '#resolvers/threat/objects/match.ts';
import { type Held, planAddition } from '#resolvers/threat/objects/plan.ts';
import type {
  Addition,
  NewStixObject,
  StixFilter,
  StixList,
  StixObject,
  StixObjectStore,
  StixQuery,
  StixRemoval,
  StixVersion,
} from '#resolvers/threat/objects/stix-object.ts';

interface Row extends StixObject {
  readonly hash: string;
  readonly size: number;
}

const objects = defineTable<Row>('stixObject');
/** Row ids by collection. */
const byCollection = defineTable<{ readonly collectionId: string; readonly ids: ReadonlySet<string> }>(
  'stixObjectsOfCollection',
);
/** Row ids of an object in a collection, in the order of versions. */
const byObject = defineTable<readonly string[]>('versionsOfStixObject');
const newestOf = defineTable<string>('newestStixObject');

const objectKey = (collectionId: string, stixId: string): string => `${collectionId} ${stixId}`;

type VersionKey = Parameters<StixObjectStore['getByVersion']>[0][number];

/** Units that write come one after another, so a lock has nothing to do. */
export class MemoryStixObjects implements StixObjectStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(StixObject | null)[]> {
    return this.#session.run((tables) => ids.map((id) => whole(tables(objects).get(id.toLowerCase()))));
  }

  getByVersion(keys: readonly VersionKey[]): Promise<(StixObject | null)[]> {
    return this.#session.run((tables) =>
      keys.map(({ collectionId, stixId, version }) =>
        whole(versionsOf(tables, collectionId, stixId).find((row) => (version ? row.version === version : row.isLast))),
      ),
    );
  }

  holding(collectionIds: readonly string[], stixId: string): Promise<boolean[]> {
    return this.#session.run((tables) => collectionIds.map((id) => versionsOf(tables, id, stixId).length > 0));
  }

  siblingPages(
    siblings: readonly { readonly collectionId: string; readonly stixId: string }[],
    page: PageRequest,
  ): Promise<Page<StixVersion>[]> {
    return this.#session.run((tables) =>
      siblings.map(({ collectionId, stixId }) => {
        const rows = versionsOf(tables, collectionId, stixId).sort(compareRows);
        return withoutBodies(cutPage(rows, [collectionId], page, Number.POSITIVE_INFINITY));
      }),
    );
  }

  addMany(collectionId: string, given: readonly NewStixObject[], now: string): Promise<Addition[]> {
    return this.#session.run((tables) => {
      const plan = planAddition(collectionId, given, heldIn(tables, collectionId), now);
      for (const { stixId, version } of plan.noLongerFirst)
        remark(tables, collectionId, stixId, version, { isFirst: false });
      for (const { stixId, version } of plan.noLongerLast)
        remark(tables, collectionId, stixId, version, { isLast: false });
      const ids = new Set(tables(byCollection).get(collectionId)?.ids);
      for (const object of plan.fresh) {
        const size = Buffer.byteLength(JSON.stringify(object.body));
        tables(objects).set(object.id, { ...object, size });
        ids.add(object.id);
        const key = objectKey(collectionId, object.stixId);
        tables(byObject).set(key, inOrder(tables, [...(tables(byObject).get(key) ?? []), object.id]));
      }
      if (plan.fresh.length > 0) tables(byCollection).set(collectionId, { collectionId, ids });
      if (plan.newest !== null) tables(newestOf).set(collectionId, plan.newest);
      return [...plan.additions];
    });
  }

  compareMany(collectionId: string, given: readonly NewStixObject[]): Promise<Addition['outcome'][]> {
    return this.#session.run((tables) =>
      planAddition(collectionId, given, heldIn(tables, collectionId), noInstant).additions.map(
        ({ outcome }) => outcome,
      ),
    );
  }

  async versionPages(lists: readonly StixList[], query: StixQuery): Promise<Page<StixVersion>[]> {
    const pages = await this.pages(lists, query, Number.POSITIVE_INFINITY);
    return pages.map(withoutBodies);
  }

  pages(lists: readonly StixList[], { filter, page }: StixQuery, maxBytes: number): Promise<Page<StixObject>[]> {
    return this.#session.run((tables) =>
      lists.map((list) => {
        const rows = collectionsOf(tables, list)
          .flatMap((id) => rowsIn(tables, id))
          .filter((row) => fits(filter, row))
          .sort(compareRows);
        return cutPage(rows, list, page, maxBytes);
      }),
    );
  }

  deleteVersions(
    collectionId: string,
    stixId: string,
    filter: Pick<StixFilter, 'versions' | 'specVersions'>,
  ): Promise<StixRemoval> {
    return this.#session.run((tables) =>
      remove(
        tables,
        versionsOf(tables, collectionId, stixId).filter((row) => fits(filter, row)),
      ),
    );
  }

  nextSuperseded(before: string): Promise<string | null> {
    return this.#session.run((tables) => {
      const [oldest] = [...tables(objects).values()].filter((row) => isSuperseded(row, before)).sort(compareRows);
      return oldest?.collectionId ?? null;
    });
  }

  countSuperseded(before: string): Promise<number> {
    return this.#session.run(
      (tables) => [...tables(objects).values()].filter((row) => isSuperseded(row, before)).length,
    );
  }

  deleteSuperseded(collectionId: string, before: string, limit: number): Promise<StixRemoval> {
    return this.#session.run((tables) => {
      const superseded = rowsIn(tables, collectionId).filter((row) => isSuperseded(row, before));
      return remove(tables, superseded.sort(compareRows).slice(0, limit));
    });
  }

  deleteCollections(collectionIds: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const id of collectionIds) {
        remove(tables, rowsIn(tables, id));
        tables(byCollection).delete(id);
        tables(newestOf).delete(id);
      }
    });
  }

  encodeCursor(position: Position): string {
    return encodeStixCursor(position);
  }

  decodeCursor(text: string): Position | null {
    return decodeStixCursor(text);
  }
}

const withoutBodies = (page: Page<StixObject>): Page<StixVersion> => ({
  ...page,
  items: page.items.map(({ node: { body: _, ...node }, position }) => ({ node, position })),
});

function whole(row: Row | undefined): StixObject | null {
  if (!row) return null;
  const { hash: _, size: __, ...object } = row;
  return object;
}

const isSuperseded = ({ isLast, dateAdded }: Row, before: string): boolean => !isLast && dateAdded < before;

const rowsOf = (tables: Tables, ids: Iterable<string>): Row[] =>
  [...ids].flatMap((id) => tables(objects).get(id) ?? []);

const rowsIn = (tables: Tables, collectionId: string): Row[] =>
  rowsOf(tables, tables(byCollection).get(collectionId)?.ids ?? []);

const collectionsOf = (tables: Tables, list: StixList): readonly string[] =>
  list === 'all' ? [...tables(byCollection).values()].map(({ collectionId }) => collectionId) : list;

const versionsOf = (tables: Tables, collectionId: string, stixId: string): Row[] =>
  rowsOf(tables, tables(byObject).get(objectKey(collectionId, stixId)) ?? []);

const inOrder = (tables: Tables, ids: readonly string[]): string[] =>
  rowsOf(tables, ids)
    .sort((one, other) => (one.version < other.version ? -1 : 1))
    .map(({ id }) => id);

function heldIn(tables: Tables, collectionId: string): Held {
  return {
    newest: tables(newestOf).get(collectionId) ?? null,
    hashOf: (stixId, version) =>
      versionsOf(tables, collectionId, stixId).find((row) => row.version === version)?.hash ?? null,
    rangeOf(stixId) {
      const rows = versionsOf(tables, collectionId, stixId);
      const [first, last] = [rows[0], rows.at(-1)];
      return first && last ? { first: first.version, last: last.version } : null;
    },
  };
}

function remark(
  tables: Tables,
  collectionId: string,
  stixId: string,
  version: string,
  marks: Partial<Pick<Row, 'isFirst' | 'isLast'>>,
): void {
  const row = versionsOf(tables, collectionId, stixId).find((one) => one.version === version);
  if (row) tables(objects).set(row.id, { ...row, ...marks });
}

function remove(tables: Tables, rows: readonly Row[]): StixRemoval {
  const promoted: StixObject[] = [];
  for (const [key, group] of Map.groupBy(rows, ({ collectionId, stixId }) => objectKey(collectionId, stixId))) {
    const gone = new Set(group.map(({ id }) => id));
    for (const id of gone) tables(objects).delete(id);
    const left = (tables(byObject).get(key) ?? []).filter((id) => !gone.has(id));
    if (left.length === 0) tables(byObject).delete(key);
    else tables(byObject).set(key, left);
    rowsOf(tables, left).forEach((row, index) => {
      const marked = { ...row, isFirst: index === 0, isLast: index === left.length - 1 };
      tables(objects).set(row.id, marked);
      if (marked.isLast && !row.isLast) promoted.push(whole(marked) as StixObject);
    });
  }
  for (const [collectionId, group] of Map.groupBy(rows, (row) => row.collectionId)) {
    const ids = new Set(tables(byCollection).get(collectionId)?.ids);
    for (const { id } of group) ids.delete(id);
    tables(byCollection).set(collectionId, { collectionId, ids });
  }
  const removed = [...rows].sort(compareRows).map(({ hash: _, size: __, body: ___, ...version }) => version);
  return { removed, promoted };
}

function fits(filter: StixFilter, row: Row): boolean {
  const among = (values: readonly string[] | undefined, value: string) =>
    values === undefined || values.includes(value);
  return (
    selectsVersion(filter.versions, row) &&
    among(filter.stixIds, row.stixId) &&
    among(filter.types, row.type) &&
    among(filter.specVersions, row.specVersion) &&
    (filter.addedAfter === undefined || row.dateAdded > filter.addedAfter)
  );
}

const positionOf = (row: Row): Position => [row.dateAdded, row.stixId, row.version, row.collectionId];

const compareRows = (one: Row, other: Row): number => comparePositions(positionOf(one), positionOf(other));

/** A position may be shorter than that of a row: then the row is at it. */
function comparePositions(one: Position, other: Position): number {
  for (const [index, value] of one.entries()) {
    const against = other[index];
    if (against === undefined) return 0;
    const order = compareText(value, against);
    if (order !== 0) return order;
  }
  return 0;
}

function cutPage(sorted: readonly Row[], list: StixList, page: PageRequest, maxBytes: number): Page<StixObject> {
  const { after, before, offset, limit, direction } = page;
  const within = sorted
    .filter((row) => !after || comparePositions(positionOf(row), after) > 0)
    .filter((row) => !before || comparePositions(positionOf(row), before) < 0);
  const rest = (direction === 'forward' ? within : within.reverse()).slice(offset);
  let bytes = 0;
  const kept = rest.slice(0, limit).filter((row, index) => {
    bytes += row.size;
    return index === 0 || bytes <= maxBytes;
  });
  const length = list === 'all' || list.length > 1 ? 4 : 3;
  const shown = pageOf(
    page,
    kept,
    rest.length > kept.length,
    (row) => positionOf(row).slice(0, length),
    async () => sorted.length,
  );
  return { ...shown, items: shown.items.map(({ node, position }) => ({ node: whole(node) as StixObject, position })) };
}
