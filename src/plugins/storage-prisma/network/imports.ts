import { microseconds } from '#kernel/context.ts';
import type { Actor } from '#kernel/event.ts';
import { isUuid } from '#kernel/id.ts';
import { type Page, type PageRequest, toPage } from '#kernel/page.ts';
import { type InventoryImport as ImportRow, Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageOfModel, pagesBelow, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { inOrder, storable, uuids } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type {
  ImportNote,
  ImportProgress,
  ImportStore,
  InventoryImport,
  NoteFilter,
  StartedImport,
} from '#resolvers/network/imports/inventory-import.ts';

const { sql } = Prisma;

/** How one import lies in its table. */
const toRow = ({ actor, progress, counts, warnings, ignored, ...rest }: InventoryImport) => ({
  ...rest,
  account: actor.account,
  actor: { ...actor },
  ...progress,
  counts: [...counts],
  warnings: [...warnings],
  ignored: [...ignored],
});

const instant = (date: Date): string => microseconds(date.getTime());

function toImport(row: ImportRow): InventoryImport {
  const { account: _, phase, done, total, actor, startedAt, finishedAt, touchedAt, ...rest } = row;
  return {
    ...rest,
    actor: actor as unknown as Actor,
    progress: { phase, done, total },
    startedAt: instant(startedAt),
    finishedAt: finishedAt && instant(finishedAt),
    touchedAt: instant(touchedAt),
  } as unknown as InventoryImport;
}

type NoteRow = ImportNote & { readonly position: number };

const byPosition: readonly SqlKey[] = [{ type: 'integer', sql: sql`n.position` }];

export class PrismaImports implements ImportStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(InventoryImport | null)[]> {
    const rows = await this.#session.run((db) => db.inventoryImport.findMany({ where: { id: { in: uuids(ids) } } }));
    return inOrder(ids, rows.map(toImport));
  }

  async page(account: string | null, request: PageRequest): Promise<Page<InventoryImport>> {
    const own = account === null ? {} : { account: isUuid(account) ? account : { in: [] } };
    const { where, ...rest } = pageOfModel([{ type: 'uuid', field: 'id', descending: true }], request);
    const rows = await this.#session.run((db) =>
      db.inventoryImport.findMany({ ...rest, where: { AND: [own, where] } }),
    );
    return toPage(
      request,
      rows.map(toImport),
      (one) => [one.id],
      () => this.#session.run((db) => db.inventoryImport.count({ where: own })),
    );
  }

  async notes(importIds: readonly string[], filter: NoteFilter, request: PageRequest): Promise<Page<ImportNote>[]> {
    const { outcome = null, code = null } = filter;
    const matches =
      code !== null && !storable(code)
        ? sql`FALSE`
        : sql`(${outcome}::text IS NULL OR n.outcome = ${outcome}) AND (${code}::text IS NULL OR n.code = ${code})`;
    const pages = await pagesBelow<NoteRow>(this.#session, importIds, request, {
      rows: (id, { bounds, tail }) => sql`
        SELECT n.position, n.row, n.kind, n.ref, n.outcome, n.code, n.message, n.path FROM inventory_import_note AS n
        WHERE n.import_id = ${id} AND ${matches} AND ${bounds} ${tail}`,
      count: (id) =>
        sql`SELECT count(*) AS count FROM inventory_import_note AS n WHERE n.import_id = ${id} AND ${matches}`,
      keys: byPosition,
      position: (row) => [String(row.position)],
    });
    return pages.map((page) => ({
      ...page,
      items: page.items.map(({ node, position }) => ({ node: toNote(node), position })),
    }));
  }

  async insert(taken: InventoryImport, order?: string): Promise<void> {
    await this.#session.together(async (db) => {
      await db.inventoryImport.create({ data: toRow(taken) });
      if (order !== undefined) await db.inventoryImportOrder.create({ data: { importId: taken.id, sealed: order } });
    });
  }

  start(id: string, at: string): Promise<StartedImport | null> {
    return this.#session.together(async (db) => {
      const data = { state: 'RUNNING', startedAt: at, touchedAt: at };
      const [row] = await db.inventoryImport.updateManyAndReturn({ where: { id, state: 'QUEUED' }, data });
      const order = row && (await db.inventoryImportOrder.findUnique({ where: { importId: id } }));
      if (!order) return null;
      return { started: toImport(row), order: order.sealed };
    });
  }

  async touch(id: string, { phase, done, total }: ImportProgress, at: string): Promise<void> {
    await this.#session.run((db) =>
      db.inventoryImport.updateMany({ where: { id, state: 'RUNNING' }, data: { phase, done, total, touchedAt: at } }),
    );
  }

  finish(finished: InventoryImport, notes: readonly ImportNote[]): Promise<boolean> {
    const { id, ...data } = toRow(finished);
    return this.#session.together(async (db) => {
      const { count } = await db.inventoryImport.updateMany({ where: { id, finishedAt: null }, data });
      if (count === 0) return false;
      await db.inventoryImportOrder.deleteMany({ where: { importId: id } });
      const rows = JSON.stringify(notes.map((note, position) => ({ ...note, position })));
      await db.$executeRaw`
        INSERT INTO inventory_import_note (import_id, position, row, kind, ref, outcome, code, message, path)
        SELECT ${id}::uuid, position, row, kind, ref, outcome, code, message, path
        FROM json_to_recordset(${rows}::json) AS note(
          position int, row int, kind text, ref text, outcome text, code text, message text, path text[]
        )`;
      return true;
    });
  }

  async silent(since: string, limit: number): Promise<InventoryImport[]> {
    const rows = await this.#session.run((db) =>
      db.inventoryImport.findMany({
        where: { state: 'RUNNING', touchedAt: { lt: since } },
        orderBy: [{ touchedAt: 'asc' }, { id: 'asc' }],
        take: limit,
      }),
    );
    return rows.map(toImport);
  }
}

const toNote = ({ row, kind, ref, outcome, code, message, path }: NoteRow): ImportNote => ({
  row,
  kind,
  ref,
  outcome,
  code,
  message,
  path,
});
