import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressBits, type Cidr, covers, formatCidr, lastAddress, toCidr, truncate } from '#kernel/cidr.ts';
import { createNetworks } from '#resolvers/network/networks/create.ts';
import { findNetwork } from '#resolvers/network/networks/find.ts';
import type { NetworkState } from '#resolvers/network/networks/network.ts';
import { nextNetworks } from '#resolvers/network/networks/space.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

/** Free space is the same as when every block is looked at, whatever the network holds. */
interface Entry {
  readonly cidr: Cidr;
  readonly state: NetworkState;
}

/** Networks of 64 addresses, where the address space begins, where it ends, and between. */
const bases = [
  '0.0.0.0/26',
  '10.0.0.64/26',
  '255.255.255.192/26',
  '::/122',
  '2001:db8::40/122',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffc0/122',
];

const entries = fc.array(
  fc.record({
    offset: fc.nat(63),
    above: fc.oneof({ weight: 3, arbitrary: fc.constant(6) }, { weight: 5, arbitrary: fc.integer({ min: 1, max: 6 }) }),
    state: fc.oneof(
      { weight: 3, arbitrary: fc.constant<NetworkState>('ALLOCATED') },
      fc.constantFrom<NetworkState>('RESERVED', 'ASSIGNED', 'ORPHANED'),
    ),
  }),
  { maxLength: 25 },
);
const wishes = fc.array(fc.record({ above: fc.nat(6), num: fc.integer({ min: 1, max: 9 }), strict: fc.boolean() }), {
  minLength: 6,
  maxLength: 6,
});

function toEntries(base: Cidr, raw: readonly { offset: number; above: number; state: NetworkState }[]): Entry[] {
  const made = new Map<string, Entry>();
  for (const { offset, above, state } of raw) {
    const cidr = truncate(base.version, base.first + BigInt(offset), base.length + above);
    made.set(formatCidr(cidr), { cidr, state });
  }
  return [...made.values()];
}

/** Looks at each block in turn, by the words of the rules. */
function expected(base: Cidr, inside: readonly Entry[], wish: { length: number; num: number; strict: boolean }) {
  const bits = addressBits(base.version);
  if (wish.length === base.length) return [];
  const children = inside.filter(
    ({ cidr }) => !inside.some((other) => other.cidr.length < cidr.length && covers(other.cidr, cidr)),
  );
  const free: string[] = [];
  for (let first = base.first; first <= lastAddress(base); first += 1n << BigInt(bits - wish.length)) {
    const slot: Cidr = { version: base.version, first, length: wish.length };
    const overlaps = ({ cidr }: Entry) => covers(slot, cidr) || covers(cidr, slot);
    const taken = wish.strict
      ? children.some(overlaps)
      : inside.some((entry) => entry.cidr.length >= wish.length && covers(slot, entry.cidr));
    const reserved = inside.some((entry) => entry.state === 'RESERVED' && overlaps(entry));
    const edge =
      wish.length === bits &&
      [base, ...inside.map(({ cidr }) => cidr)].some(
        (cidr) => cidr.length < bits - 1 && (cidr.first === first || lastAddress(cidr) === first),
      );
    if (!taken && !reserved && !edge) free.push(formatCidr(slot));
  }
  return free.slice(0, wish.num);
}

describe.each(['memory', 'embedded'] as const)('free space on %s', (storage) => {
  let net: TestNetwork;
  beforeAll(async () => {
    net = await openNetwork(storage);
  });
  afterAll(() => net.gateway.dispose());

  test('agrees with a look at every block, in both modes, for both versions, to the ends of the address space', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...bases), entries, wishes, async (text, raw, asked) => {
        const base = toCidr(text);
        const site = await net.site();
        const inside = toEntries(base, raw);
        await createNetworks(net.all, [
          { site: { id: site.id }, cidr: text },
          ...inside.map(({ cidr, state }) => ({ site: { id: site.id }, cidr: formatCidr(cidr), state })),
        ]);
        const network = await findNetwork(net.all, { site: { id: site.id }, by: { cidr: text } });
        if (!network) throw new Error('The base is gone.');
        for (const { above, num, strict } of asked) {
          const length = base.length + above;
          const found = await nextNetworks(net.all, network, { prefixLength: length, num, strict });
          expect(found).toEqual(expected(base, inside, { length, num, strict }));
        }
      }),
      { numRuns: storage === 'memory' ? 150 : 60 },
    );
  }, 120_000);
});
