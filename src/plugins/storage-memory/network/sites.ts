import type { Page } from '#kernel/page.ts';
import { grantCovers } from '#kernel/permission.ts';
import { defineTable, type Session, type Table } from '#plugins/storage-memory/database.ts';
import { isVisible, pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import { type Site, type SiteFilter, type SiteStore, siteFacts } from '#resolvers/network/sites/site.ts';

const sites = defineTable<Site>('site');
/** Ids by name. */
const names = defineTable<string>('siteName');

/** Units that write come one after another, so a lock has nothing to do. */
export class MemorySites implements SiteStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(Site | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(sites).get(id.toLowerCase()) ?? null));
  }

  getByName(wanted: readonly string[]): Promise<(Site | null)[]> {
    return this.#session.run((tables) =>
      wanted.map((name) => tables(sites).get(tables(names).get(name) ?? '') ?? null),
    );
  }

  page({ filter, order, visibility, page }: ListQuery<SiteFilter>): Promise<Page<Site>> {
    const descending = order.direction === 'DESC';
    const id: RowKey<Site> = { type: 'uuid', descending, value: (site) => site.id };
    const name: RowKey<Site> = { type: 'text', descending, value: (site) => site.name };
    return this.#session.run((tables) => {
      const seen = [...tables(sites).values()].filter(
        (site) =>
          (filter.name === undefined || filter.name === site.name) &&
          isVisible(visibility, (grant) => grantCovers(grant, siteFacts(site))),
      );
      return pageOfRows(seen, order.by === 'NATURAL' ? [name, id] : [id], page);
    });
  }

  insertMany(fresh: readonly Site[]): Promise<(Site | null)[]> {
    return this.#session.run((tables) =>
      fresh.map((site) => {
        if (tables(names).has(site.name)) return null;
        tables(names).set(site.name, site.id);
        tables(sites).set(site.id, site);
        return site;
      }),
    );
  }

  hold(ids: readonly string[]): Promise<(Site | null)[]> {
    return this.getMany(ids);
  }

  lock(ids: readonly string[]): Promise<(Site | null)[]> {
    return this.getMany(ids);
  }

  update({ id, name, description, updatedAt }: Site): Promise<boolean> {
    return this.#session.run((tables) => {
      const former = tables(sites).get(id);
      const holder = tables(names).get(name);
      if (!former || (holder !== undefined && holder !== id)) return false;
      tables(names).delete(former.name);
      tables(names).set(name, id);
      tables(sites).set(id, { ...former, name, description, updatedAt });
      return true;
    });
  }

  describeMany(described: readonly Site[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const { id, description, updatedAt } of described) {
        const former = tables(sites).get(id);
        if (former) tables(sites).set(id, { ...former, description, updatedAt });
      }
    });
  }

  deleteMany(ids: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const id of ids) forget(tables(sites), tables(names), id);
    });
  }
}

function forget(rows: Table<Site>, ids: Table<string>, id: string): void {
  const site = rows.get(id);
  if (site) ids.delete(site.name);
  rows.delete(id);
}
