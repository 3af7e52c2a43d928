import fc from 'fast-check';
import { expect, test } from 'vitest';
import { covers, formatCidr, truncate } from '#kernel/cidr.ts';
import { placeAll } from '#resolvers/network/tree.ts';

test('one sweep finds the same ancestors as comparing all with all', () => {
  const small = fc
    .record({ first: fc.constantFrom(0n, 1n, 2n, 4n, 8n, 128n), length: fc.integer({ min: 24, max: 32 }) })
    .map(({ first, length }) => truncate(4, first, length));
  fc.assert(
    fc.property(fc.uniqueArray(small, { selector: formatCidr }), (cidrs) => {
      for (const { item, ancestors } of placeAll(cidrs, (cidr) => cidr)) {
        const expected = cidrs
          .filter((other) => other.length < item.length && other.length < 32 && covers(other, item))
          .sort((one, other) => one.length - other.length);
        expect(ancestors).toEqual(expected);
      }
    }),
  );
});
