import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ImportInput } from '#resolvers/network/imports/input.ts';
import { type Entry, entry, importNetbox, inventoryOf } from '../../support/netbox.ts';
import { openNetwork } from '../../support/network.ts';

/** What an export makes of an empty inventory, and what it makes of that inventory again. */
async function outcomeOf(entries: readonly unknown[], more: Partial<ImportInput>) {
  const own = await openNetwork('memory');
  try {
    const rehearsed = await importNetbox(own.all, entries, { ...more, dryRun: true });
    const { ended, notes } = await importNetbox(own.all, entries, more);
    const inventory = await inventoryOf(own.all);
    const again = await importNetbox(own.all, entries, more);
    return {
      inventory,
      state: ended.state,
      counts: ended.counts,
      warnings: ended.warnings,
      notes: notes.map(({ ref, kind, outcome, code }) => `${ref} ${kind} ${outcome} ${code}`).sort(),
      rehearsed: { state: rehearsed.ended.state, counts: rehearsed.ended.counts },
      again: again.ended.counts,
      after: await inventoryOf(own.all),
    };
  } finally {
    await own.gateway.dispose();
  }
}

const pk = (most: number) => fc.integer({ min: 1, max: most });
const nullable = <T>(one: fc.Arbitrary<T>) => fc.option(one, { freq: 3, nil: null });
/** Anything but what belongs there, now and then. */
const spoilt = (good: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 150, arbitrary: good }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) });

/** Rows of a model with keys from 1: most of them are there. */
const model = (name: string, most: number, fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Entry[]> => {
  const row = fc.record(Object.fromEntries(Object.entries(fields).map(([key, one]) => [key, spoilt(one)])));
  return fc
    .array(fc.option(row, { freq: 12 }), { minLength: most, maxLength: most })
    .map((rows) => rows.flatMap((given, index) => (given ? entry(name, index + 1, given) : [])));
};

const interfaceModel = fc.constant(['dcim', 'interface']);
const models = [
  model('dcim.site', 3, { name: fc.constantFrom('A', 'B', 'C', 'D') }),
  model('ipam.vrf', 2, { name: fc.constantFrom('red', 'blue', 'green'), rd: nullable(fc.constant('1:1')) }),
  model('dcim.device', 4, {
    name: nullable(fc.constantFrom('r1', 'R1', 'r 2', 'r3', 'r1-2', '')),
    site: pk(2),
    status: fc.constantFrom('active', ''),
    tenant: nullable(pk(2)),
    custom_field_data: fc.constantFrom({}, { a: 'x' }, { a: ['x', 'y'] }),
  }),
  model('dcim.interface', 6, {
    device: pk(4),
    name: fc.constantFrom('eth0', 'eth1', 'lo0', 'ae0', 'xe-0', 'xe-1'),
    type: fc.constantFrom('1000base-t', 'virtual', 'lag', 'other'),
    parent: fc.option(pk(6), { freq: 1, nil: null }),
    lag: nullable(pk(6)),
    mac_address: nullable(fc.constant('00:00:00:00:00:01')),
    speed: nullable(fc.constantFrom(1_000_000, 1)),
  }),
  model('ipam.prefix', 6, {
    prefix: fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '10.1.1.0/24', '2001:db8::/32', '10.1.1.1/32'),
    site: nullable(pk(2)),
    vrf: fc.option(pk(2), { freq: 1, nil: null }),
    status: fc.constantFrom('active', 'reserved', 'deprecated'),
  }),
  model('ipam.aggregate', 1, { prefix: fc.constant('10.0.0.0/8') }),
  model('ipam.ipaddress', 5, {
    address: fc.constantFrom('10.1.1.1/24', '10.1.1.2/24', '10.2.0.1/8', '10.2.0.2/8', '2001:db8::1/64'),
    vrf: fc.option(pk(2), { freq: 1, nil: null }),
    status: fc.constantFrom('active', 'reserved'),
    assigned_object_type: interfaceModel,
    assigned_object_id: nullable(pk(6)),
  }),
  model('circuits.circuit', 2, { cid: fc.constantFrom('X', 'Y/1', 'Z'), provider: nullable(pk(1)) }),
  model('circuits.circuittermination', 4, {
    circuit: pk(2),
    term_side: fc.constantFrom('A', 'Z'),
    cable: pk(4),
    cable_end: fc.constant('A'),
  }),
  model('dcim.cabletermination', 4, {
    cable: pk(4),
    cable_end: fc.constantFrom('A', 'B'),
    termination_type: interfaceModel,
    termination_id: pk(6),
  }),
  model('extras.tag', 2, { name: fc.constantFrom('Alpha', 'Beta') }),
  model('extras.taggeditem', 5, {
    content_type: fc.constantFrom('dcim.device', ['dcim', 'interface']),
    object_id: pk(4),
    tag: pk(2),
  }),
  model('tenancy.tenant', 2, { name: fc.constant('Mine') }),
];

/** An export, now and then with rows that contradict others. */
const exported = fc
  .tuple(fc.tuple(...models), fc.tuple(...models), fc.nat(9))
  .map(([rows, others, dice]) => [...rows.flat(), ...(dice === 0 ? others.flat().slice(0, 8) : [])]);

describe('any export', () => {
  const more = fc.record({
    onError: fc.constantFrom('ABORT', 'SKIP_ROW'),
    netbox: fc.record({ layout: fc.constantFrom('LOCATION', 'NAMESPACE'), aggregates: fc.boolean() }),
  }) as fc.Arbitrary<Partial<ImportInput>>;

  test('means the same in any order, is foretold by a dry run, and changes nothing the second time', async () => {
    await fc.assert(
      fc.asyncProperty(
        exported.chain((rows) =>
          fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length, maxLength: rows.length })),
        ),
        more,
        async ([rows, shuffled], options) => {
          const one = await outcomeOf(rows, options);
          expect(one.rehearsed).toEqual({ state: one.state, counts: one.counts });
          expect(one.after).toEqual(one.inventory);
          for (const { created, updated } of one.again) expect([created, updated]).toEqual([0, 0]);
          if (one.state === 'REJECTED') expect(one.inventory.sites).toEqual({});
          expect(await outcomeOf(shuffled, options)).toEqual(one);
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);

  test('of whatever rows ends, or is refused for what it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(exported, fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 5 })), async (parts) => {
        const rows = parts.flat();
        const { state } = await outcomeOf(rows, { onError: 'SKIP_ROW' });
        expect(state).toBe('COMPLETED');
      }),
      { numRuns: 20 },
    );
  }, 120_000);
});
