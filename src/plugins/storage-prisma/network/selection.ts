import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { storable, uuids } from '#plugins/storage-prisma/rows.ts';
import type { AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import { type IdSet, type Selection, type Step, selectIds } from '#resolvers/network/attributes/selection.ts';
import type { AttributeStore } from '#resolvers/network/attributes/store.ts';

const { sql } = Prisma;

/** A selection from values that lie in this database: a condition of the statement that reads the things. */
export class SqlSelection implements Selection {
  readonly resource: AttributeResource;
  readonly steps: readonly Step[];
  readonly #store: Pick<AttributeStore, 'carriers'>;

  constructor(store: Pick<AttributeStore, 'carriers'>, resource: AttributeResource, steps: readonly Step[]) {
    this.#store = store;
    this.resource = resource;
    this.steps = steps;
  }

  ids(): Promise<IdSet> {
    return selectIds(this.#store, this.resource, this.steps);
  }

  /** @param id column with the row id of the thing. */
  condition(id: Prisma.Sql): Prisma.Sql {
    return this.steps.reduce((set, step) => {
      const carriers = sql`${id} IN (${this.#carriers(step)})`;
      if (step.operator === 'ADD') return sql`(${set} OR ${carriers})`;
      return step.operator === 'KEEP' ? sql`(${set} AND ${carriers})` : sql`(${set} AND NOT ${carriers})`;
    }, sql`TRUE`);
  }

  #carriers({ siteId, name, values }: Step): Prisma.Sql {
    const inSite = siteId === null ? sql`TRUE` : sql`v.site_id = ${siteId}::uuid`;
    return sql`SELECT v.target_id FROM attribute_value AS v WHERE ${inSite} AND v.resource = ${this.resource}
      AND v.name = ${storable(name) ? name : ''} AND v.value = ANY (${values.filter(storable)}::text[])`;
  }
}

/** The condition that a thing is selected; without a selection, every thing is. */
export async function selected(selection: Selection | undefined, id: Prisma.Sql): Promise<Prisma.Sql> {
  if (!selection) return sql`TRUE`;
  if (selection instanceof SqlSelection) return selection.condition(id);
  // The values are kept elsewhere.
  const { allBut, ids } = await selection.ids();
  const among = sql`${id} = ANY (${uuids([...ids])}::uuid[])`;
  return allBut ? sql`NOT (${among})` : among;
}
