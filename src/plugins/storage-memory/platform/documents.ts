import type { PageRequest } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { defineTable, type Session } from '#plugins/storage-memory/database.ts';
import { compareText, isVisible, pageOfRows } from '#plugins/storage-memory/page.ts';
import { type DocumentStore, isWithin, parentOf, type StoreDocument } from '#resolvers/platform/store/document.ts';

/** By path. */
const documentTable = defineTable<StoreDocument>('store_document');

export class MemoryDocuments implements DocumentStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(StoreDocument | null)[]> {
    return this.#session.run((tables) => {
      const byId = new Map([...tables(documentTable).values()].map((document) => [document.id, document]));
      return ids.map((id) => byId.get(id.toLowerCase()) ?? null);
    });
  }

  findMany(paths: readonly string[]): Promise<(StoreDocument | null)[]> {
    return this.#session.run((tables) => paths.map((path) => tables(documentTable).get(path) ?? null));
  }

  children(path: string, visibility: Visibility, request: PageRequest) {
    return this.#session.run((tables) => {
      const rows = [...tables(documentTable).values()]
        .filter((document) => parentOf(document.path) === path)
        .filter((document) =>
          isVisible(visibility, ({ kind, value }) => kind === 'path' && isWithin(document.path, value)),
        );
      return pageOfRows(rows, [{ type: 'text', value: (document) => document.path }], request);
    });
  }

  countBelow(path: string): Promise<number> {
    return this.#session.run(
      (tables) =>
        [...tables(documentTable).values()].filter(
          (document) => document.path !== path && isWithin(document.path, path),
        ).length,
    );
  }

  async lock(): Promise<void> {
    // From the first use on, a unit is the only one that writes.
    await this.#session.run((tables) => tables(documentTable).size);
  }

  put(document: StoreDocument): Promise<StoreDocument> {
    return this.#session.run((tables) => {
      const before = tables(documentTable).get(document.path);
      const kept = { ...document, createdAt: before?.createdAt ?? document.createdAt };
      tables(documentTable).set(document.path, kept);
      return kept;
    });
  }

  remove(path: string): Promise<StoreDocument[]> {
    return this.#session.run((tables) => {
      const gone = [...tables(documentTable).values()]
        .filter((document) => isWithin(document.path, path))
        .sort((one, other) => compareText(other.path, one.path));
      for (const document of gone) tables(documentTable).delete(document.path);
      return gone;
    });
  }
}
