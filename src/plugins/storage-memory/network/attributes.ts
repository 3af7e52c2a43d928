import type { Page } from '#kernel/page.ts';
import { grantCovers, type Visibility } from '#kernel/permission.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import {
  allValues,
  pageOfValues,
  replaceValues,
  showsValue,
  valueRow,
  valuesUnder,
} from '#plugins/storage-memory/network/attribute-values.ts';
import { isVisible, pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import { type Attribute, type AttributeResource, attributeFacts } from '#resolvers/network/attributes/attribute.ts';
import { type Selection, type Step, selectIds } from '#resolvers/network/attributes/selection.ts';
import type {
  AttributeFilter,
  AttributeName,
  AttributeStore,
  AttributeValue,
  CarriedValue,
  DefinitionsWanted,
  ValueFilter,
} from '#resolvers/network/attributes/store.ts';
import type { ListQuery, Order } from '#resolvers/network/list.ts';

const attributes = defineTable<Attribute>('attribute');
/** Ids by Site, resource and name. */
const names = defineTable<string>('attributeName');

const keyOf = ({ siteId, resource, name }: AttributeName) => `${siteId}/${resource}/${name}`;

type Query = Pick<ListQuery<AttributeFilter>, 'filter' | 'visibility'>;

/** Units that write come one after another, so a lock has nothing to do. */
export class MemoryAttributes implements AttributeStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(Attribute | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(attributes).get(id.toLowerCase()) ?? null));
  }

  match(wanted: readonly AttributeName[], visibility: Visibility): Promise<(readonly Attribute[])[]> {
    return this.#session.run((tables) =>
      wanted.map(({ siteId, resource, name }) =>
        shown(tables, siteId, { filter: { resource, name }, visibility }).sort(byId).slice(0, 2),
      ),
    );
  }

  pages(siteIds: readonly (string | null)[], query: ListQuery<AttributeFilter>): Promise<Page<Attribute>[]> {
    return this.#session.run((tables) =>
      siteIds.map((siteId) => pageOfRows(shown(tables, siteId, query), keysOf(query.order), query.page)),
    );
  }

  count(siteIds: readonly (string | null)[], query: Query): Promise<number[]> {
    return this.#session.run((tables) => siteIds.map((siteId) => shown(tables, siteId, query).length));
  }

  hold(wanted: readonly DefinitionsWanted[]): Promise<Attribute[]> {
    return this.#session.run((tables) =>
      [...tables(attributes).values()]
        .filter((attribute) =>
          wanted.some(
            ({ siteId, resource, names }) =>
              attribute.siteId === siteId &&
              attribute.resource === resource &&
              (attribute.required || names.includes(attribute.name)),
          ),
        )
        .sort(byId),
    );
  }

  lock(ids: readonly string[]): Promise<(Attribute | null)[]> {
    return this.getMany(ids);
  }

  insertMany(fresh: readonly Attribute[]): Promise<(Attribute | null)[]> {
    return this.#session.run((tables) =>
      fresh.map((attribute) => {
        if (tables(names).has(keyOf(attribute))) return null;
        tables(names).set(keyOf(attribute), attribute.id);
        tables(attributes).set(attribute.id, attribute);
        return attribute;
      }),
    );
  }

  updateMany(changed: readonly Attribute[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const { id, description, required, display, multi, constraints, updatedAt } of changed) {
        const former = tables(attributes).get(id);
        const change = { description, required, display, multi, constraints, updatedAt };
        if (former) tables(attributes).set(id, { ...former, ...change });
      }
    });
  }

  deleteMany(ids: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const id of ids) {
        const attribute = tables(attributes).get(id);
        if (attribute) tables(names).delete(keyOf(attribute));
        tables(attributes).delete(id);
      }
    });
  }

  usage(ids: readonly string[], visibility: Visibility): Promise<number[]> {
    return this.#session.run((tables) => {
      const seen = allValues(tables).filter((value) => showsValue(tables, visibility, value));
      const carriers = Map.groupBy(seen, ({ attributeId }) => attributeId);
      return ids.map((id) => new Set(carriers.get(id)?.map(({ targetId }) => targetId)).size);
    });
  }

  carriedTwice(ids: readonly string[]): Promise<string[]> {
    return this.#session.run((tables) => {
      const second = allValues(tables).filter(({ position }) => position > 0);
      return ids.filter((id) => second.some(({ attributeId }) => attributeId === id));
    });
  }

  getValues(ids: readonly string[]): Promise<(AttributeValue | null)[]> {
    return this.#session.run((tables) => ids.map((id) => valueRow(tables, id)));
  }

  valuesOf(targetIds: readonly string[]): Promise<CarriedValue[]> {
    return this.#session.run((tables) =>
      [...new Set(targetIds)].sort().flatMap((targetId) =>
        valuesUnder(tables, targetId).map(({ name, value, attributeId }) => ({
          targetId,
          name,
          value,
          multi: tables(attributes).get(attributeId)?.multi ?? false,
        })),
      ),
    );
  }

  valuePages(siteIds: readonly (string | null)[], query: ListQuery<ValueFilter>): Promise<Page<AttributeValue>[]> {
    return this.#session.run((tables) => siteIds.map((siteId) => pageOfValues(tables, siteId, query)));
  }

  replaceValues(targetIds: readonly string[], values: readonly AttributeValue[]): Promise<void> {
    return this.#session.run((tables) => replaceValues(tables, targetIds, values));
  }

  carriers(wanted: Parameters<AttributeStore['carriers']>[0]): Promise<string[][]> {
    return this.#session.run((tables) => {
      const all = allValues(tables);
      return wanted.map(({ values, ...name }) => {
        const held = all.filter((row) => isUnder(row, name) && values.includes(row.value));
        return [...new Set(held.map(({ targetId }) => targetId))];
      });
    });
  }

  distinctValues(wanted: readonly AttributeName[]): Promise<string[][]> {
    return this.#session.run((tables) => {
      const all = allValues(tables);
      return wanted.map((name) => [...new Set(all.filter((row) => isUnder(row, name)).map(({ value }) => value))]);
    });
  }

  select(resource: AttributeResource, steps: readonly Step[]): Selection {
    return { resource, steps, ids: () => selectIds(this, resource, steps) };
  }
}

const isUnder = (row: AttributeValue, { siteId, resource, name }: AttributeName): boolean =>
  row.name === name && row.resource === resource && (siteId === null || row.siteId === siteId);

function shown(tables: Tables, siteId: string | null, { filter, visibility }: Query): Attribute[] {
  const wanted = Object.entries(filter) as [keyof AttributeFilter, unknown][];
  return [...tables(attributes).values()].filter(
    (attribute) =>
      (siteId === null || attribute.siteId === siteId) &&
      wanted.every(([field, value]) => attribute[field] === value) &&
      isVisible(visibility, (grant) => grantCovers(grant, attributeFacts(attribute))),
  );
}

const byId = (one: Attribute, other: Attribute): number => (one.id < other.id ? -1 : 1);

function keysOf({ by, direction }: Order): RowKey<Attribute>[] {
  const descending = direction === 'DESC';
  const id: RowKey<Attribute> = { type: 'uuid', descending, value: (attribute) => attribute.id };
  const name: RowKey<Attribute> = { type: 'text', descending, value: (attribute) => attribute.name };
  return by === 'NATURAL' ? [name, id] : [id];
}
