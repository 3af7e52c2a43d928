import type { Page, PageRequest } from '#kernel/page.ts';
import { defineTable, type Session } from '#plugins/storage-memory/database.ts';
import { pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import type {
  ImportNote,
  ImportProgress,
  ImportStore,
  InventoryImport,
  NoteFilter,
  StartedImport,
} from '#resolvers/network/imports/inventory-import.ts';

const imports = defineTable<InventoryImport>('inventoryImport');
/** By import that waits or runs. */
const orders = defineTable<string>('inventoryImportOrder');
/** By import. */
const notes = defineTable<readonly PlacedNote[]>('inventoryImportNote');

interface PlacedNote {
  readonly note: ImportNote;
  readonly position: number;
}

const newestFirst: RowKey<InventoryImport> = { type: 'uuid', descending: true, value: (one) => one.id };
const byPosition: RowKey<PlacedNote> = { type: 'integer', value: ({ position }) => String(position) };

export class MemoryImports implements ImportStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(InventoryImport | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(imports).get(id.toLowerCase()) ?? null));
  }

  page(account: string | null, request: PageRequest): Promise<Page<InventoryImport>> {
    return this.#session.run((tables) => {
      const own = [...tables(imports).values()].filter(({ actor }) => account === null || actor.account === account);
      return pageOfRows(own, [newestFirst], request);
    });
  }

  notes(
    importIds: readonly string[],
    { outcome, code }: NoteFilter,
    request: PageRequest,
  ): Promise<Page<ImportNote>[]> {
    return this.#session.run((tables) =>
      importIds.map((id) => {
        const kept = (tables(notes).get(id) ?? []).filter(
          ({ note }) => (outcome ?? note.outcome) === note.outcome && (code ?? note.code) === note.code,
        );
        const page = pageOfRows(kept, [byPosition], request);
        return { ...page, items: page.items.map(({ node, position }) => ({ node: node.note, position })) };
      }),
    );
  }

  insert(taken: InventoryImport, order?: string): Promise<void> {
    return this.#session.run((tables) => {
      tables(imports).set(taken.id, taken);
      if (order !== undefined) tables(orders).set(taken.id, order);
    });
  }

  start(id: string, at: string): Promise<StartedImport | null> {
    return this.#session.run((tables) => {
      const waiting = tables(imports).get(id);
      const order = tables(orders).get(id);
      if (waiting?.state !== 'QUEUED' || order === undefined) return null;
      const started: InventoryImport = { ...waiting, state: 'RUNNING', startedAt: at, touchedAt: at };
      tables(imports).set(id, started);
      return { started, order };
    });
  }

  touch(id: string, progress: ImportProgress, at: string): Promise<void> {
    return this.#session.run((tables) => {
      const running = tables(imports).get(id);
      if (running?.state === 'RUNNING') tables(imports).set(id, { ...running, progress, touchedAt: at });
    });
  }

  finish(finished: InventoryImport, kept: readonly ImportNote[]): Promise<boolean> {
    return this.#session.run((tables) => {
      const present = tables(imports).get(finished.id);
      if (!present || present.finishedAt !== null) return false;
      tables(orders).delete(finished.id);
      tables(imports).set(finished.id, finished);
      tables(notes).set(
        finished.id,
        kept.map((note, position) => ({ note, position })),
      );
      return true;
    });
  }

  silent(since: string, limit: number): Promise<InventoryImport[]> {
    return this.#session.run((tables) =>
      [...tables(imports).values()]
        .filter(({ state, touchedAt }) => state === 'RUNNING' && touchedAt < since)
        .sort((one, other) =>
          one.touchedAt < other.touchedAt || (one.touchedAt === other.touchedAt && one.id < other.id) ? -1 : 1,
        )
        .slice(0, limit),
    );
  }
}
