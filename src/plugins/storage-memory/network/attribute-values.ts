import type { Page } from '#kernel/page.ts';
import type { Facts, Visibility } from '#kernel/permission.ts';
import { defineTable, type Tables } from '#plugins/storage-memory/database.ts';
import { circuitOf } from '#plugins/storage-memory/network/circuits.ts';
import { chainOf, interfaceOf } from '#plugins/storage-memory/network/interface-table.ts';
import { isCovered } from '#plugins/storage-memory/network/lists.ts';
import { holders, rowOf } from '#plugins/storage-memory/network/network-table.ts';
import { protocolOf } from '#plugins/storage-memory/network/protocols.ts';
import { pageOfRows } from '#plugins/storage-memory/page.ts';
import { factsIn } from '#resolvers/network/access.ts';
import { type AttributeResource, kindOfResource } from '#resolvers/network/attributes/attribute.ts';
import type { AttributeValue, ValueFilter } from '#resolvers/network/attributes/store.ts';
import { circuitFacts } from '#resolvers/network/circuits/circuit.ts';
import { interfaceFacts } from '#resolvers/network/interfaces/interface.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import { networkFacts } from '#resolvers/network/networks/network.ts';
import { protocolFacts } from '#resolvers/network/protocols/protocol.ts';

/** What each thing carries, by name and position. */
const carried = defineTable<readonly AttributeValue[]>('attributeValue');
/** Things by id of a value. */
const targets = defineTable<string>('attributeValueTarget');

export const allValues = (tables: Tables): AttributeValue[] => [...tables(carried).values()].flat();

export const valuesUnder = (tables: Tables, targetId: string): readonly AttributeValue[] =>
  tables(carried).get(targetId) ?? [];

export const valueRow = (tables: Tables, id: string): AttributeValue | null =>
  valuesUnder(tables, tables(targets).get(id.toLowerCase()) ?? '').find((value) => value.id === id.toLowerCase()) ??
  null;

export function replaceValues(tables: Tables, targetIds: readonly string[], values: readonly AttributeValue[]): void {
  const given = Map.groupBy(values, ({ targetId }) => targetId);
  for (const targetId of targetIds) {
    const former = valuesUnder(tables, targetId);
    for (const { id } of former) tables(targets).delete(id);
    const present = (given.get(targetId) ?? []).map((value) => kept(former, value)).sort(byNameAndPosition);
    for (const { id } of present) tables(targets).set(id, targetId);
    if (present.length > 0) tables(carried).set(targetId, present);
    else tables(carried).delete(targetId);
  }
}

/** A value that was there keeps its row. */
function kept(former: readonly AttributeValue[], value: AttributeValue): AttributeValue {
  const same = former.find((row) => row.attributeId === value.attributeId && row.value === value.value);
  if (!same || same.position === value.position) return same ?? value;
  return { ...same, position: value.position, updatedAt: value.updatedAt };
}

function byNameAndPosition(one: AttributeValue, other: AttributeValue): number {
  if (one.name !== other.name) return one.name < other.name ? -1 : 1;
  return one.position - other.position;
}

export function pageOfValues(
  tables: Tables,
  siteId: string | null,
  { filter, order, visibility, page }: ListQuery<ValueFilter>,
): Page<AttributeValue> {
  const wanted = Object.entries(filter) as [keyof ValueFilter, string][];
  const rows = allValues(tables).filter(
    (value) =>
      (siteId === null || value.siteId === siteId) &&
      wanted.every(([field, text]) => value[field] === text) &&
      showsValue(tables, visibility, value),
  );
  return pageOfRows(rows, [{ type: 'uuid', descending: order.direction === 'DESC', value: ({ id }) => id }], page);
}

/** A value is seen by who sees the thing. */
export const showsValue = (tables: Tables, visibility: Visibility, value: AttributeValue): boolean =>
  isCovered(visibility, factsOfThing[value.resource](tables, value));

const plainFacts = (_: Tables, { siteId, resource }: AttributeValue): Facts =>
  factsIn(siteId, kindOfResource[resource]);

const factsOfThing: Readonly<Record<AttributeResource, (tables: Tables, value: AttributeValue) => Facts>> = {
  DEVICE: (tables, value) => ({ ...plainFacts(tables, value), device: value.targetId }),
  NETWORK(tables, value) {
    const row = rowOf(tables, value.targetId);
    if (!row) return plainFacts(tables, value);
    return networkFacts(
      row.network,
      [...holders(tables, row.network.siteId, row.cidr)].map(({ network }) => network),
    );
  },
  INTERFACE(tables, value) {
    const one = interfaceOf(tables, value.targetId);
    return one ? interfaceFacts(one, chainOf(tables, one)) : plainFacts(tables, value);
  },
  CIRCUIT(tables, value) {
    const circuit = circuitOf(tables, value.targetId);
    return circuit ? circuitFacts(circuit) : plainFacts(tables, value);
  },
  PROTOCOL(tables, value) {
    const protocol = protocolOf(tables, value.targetId);
    return protocol ? protocolFacts(protocol) : plainFacts(tables, value);
  },
};
