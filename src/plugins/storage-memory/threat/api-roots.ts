import type { Page } from '#kernel/page.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { compareText, pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import type { ApiRootQuery, ApiRootStore, TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';

const roots = defineTable<TaxiiApiRoot>('taxiiApiRoot');

const keys: readonly RowKey<TaxiiApiRoot>[] = [
  { type: 'text', value: ({ title }) => title },
  { type: 'uuid', value: ({ id }) => id },
];

/** Units that write come one after another, so a lock has nothing to do. */
export class MemoryApiRoots implements ApiRootStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(TaxiiApiRoot | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(roots).get(id.toLowerCase()) ?? null));
  }

  getBySlug(slugs: readonly string[]): Promise<(TaxiiApiRoot | null)[]> {
    return this.#session.run((tables) => {
      const found = new Map(rows(tables).map((root) => [root.slug, root]));
      return slugs.map((slug) => found.get(slug) ?? null);
    });
  }

  getDefault(): Promise<TaxiiApiRoot | null> {
    return this.#session.run((tables) => rows(tables).find(({ isDefault }) => isDefault) ?? null);
  }

  page({ publicOnly, page }: ApiRootQuery): Promise<Page<TaxiiApiRoot>> {
    return this.#session.run((tables) =>
      pageOfRows(
        rows(tables).filter(({ isPublic }) => isPublic || !publicOnly),
        keys,
        page,
      ),
    );
  }

  insertMany(fresh: readonly TaxiiApiRoot[]): Promise<(TaxiiApiRoot | null)[]> {
    return this.#session.run((tables) =>
      fresh.map((given) => {
        const root = { ...given, isDefault: false };
        if (tables(roots).has(root.id) || isTaken(tables, root)) return null;
        tables(roots).set(root.id, root);
        return root;
      }),
    );
  }

  hold(ids: readonly string[]): Promise<(TaxiiApiRoot | null)[]> {
    return this.getMany(ids);
  }

  lock(ids: readonly string[]): Promise<(TaxiiApiRoot | null)[]> {
    return this.getMany(ids);
  }

  lockDefault(): Promise<TaxiiApiRoot | null> {
    return this.getDefault();
  }

  makeDefault(id: string, updatedAt: string): Promise<void> {
    return this.#session.run((tables) => {
      if (!tables(roots).has(id)) return;
      for (const root of rows(tables)) {
        const isDefault = root.id === id;
        if (root.isDefault !== isDefault) tables(roots).set(root.id, { ...root, isDefault, updatedAt });
      }
    });
  }

  updateMany(changed: readonly TaxiiApiRoot[]): Promise<readonly TaxiiApiRoot[]> {
    return this.#session.run((tables) => {
      const formers = changed.map(({ id }) => tables(roots).get(id));
      for (const former of formers) if (former) tables(roots).delete(former.id);
      return changed.filter((root, index) => {
        const former = formers[index];
        if (!former) return false;
        if (isTaken(tables, root)) return true;
        const { id, createdAt } = former;
        tables(roots).set(id, { ...root, id, createdAt, isDefault: former.isDefault && root.isDefault });
        return false;
      });
    });
  }

  deleteMany(ids: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const id of ids) tables(roots).delete(id);
    });
  }

  all(): Promise<TaxiiApiRoot[]> {
    return this.#session.run((tables) =>
      rows(tables).sort((one, other) => compareText(one.title, other.title) || compareText(one.id, other.id)),
    );
  }
}

const rows = (tables: Tables): TaxiiApiRoot[] => [...tables(roots).values()];

const isTaken = (tables: Tables, { id, slug }: TaxiiApiRoot): boolean =>
  slug !== null && rows(tables).some((other) => other.id !== id && other.slug === slug);
