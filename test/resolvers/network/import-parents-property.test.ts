import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { listInterfaces } from '#resolvers/network/interfaces/list.ts';
import { json, runImport } from '../../support/imports.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork('memory');
});
afterAll(() => net.gateway.dispose());

/** What each of some interfaces is to hang below: one of them, or none. */
const parents = fc
  .integer({ min: 1, max: 8 })
  .chain((size) => fc.array(fc.option(fc.integer({ min: 0, max: size - 1 })), { minLength: size, maxLength: size }));

/** Whether the way up from one comes to its end. */
function ends(above: readonly (number | null)[], from: number): boolean {
  let at: number | null = from;
  for (let steps = 0; at !== null && steps <= above.length; steps += 1) at = above[at] ?? null;
  return at === null;
}

describe('interfaces of a file', () => {
  test('hang where a walk up from each says, in whatever order they come, and fail where it has no end', async () => {
    await fc.assert(
      fc.asyncProperty(parents, fc.infiniteStream(fc.nat()), async (above, keys) => {
        const site = await net.site();
        const rows = above
          .map((parent, index) => ({
            key: Number(keys.next().value),
            row: {
              kind: 'interface',
              device: 'r1',
              name: `i${index}`,
              ...(parent !== null && { parent: `r1:i${parent}` }),
            },
          }))
          .toSorted((one, other) => one.key - other.key)
          .map(({ row }) => row);
        const file = { ...json({ kind: 'device', hostname: 'r1' }, ...rows), site: { id: site.id } };
        const { notes } = await runImport(net, { ...file, onError: 'SKIP_ROW' });
        const good = above.flatMap((_, index) => (ends(above, index) ? [index] : []));
        expect(notes).toHaveLength(above.length - good.length);
        const made = (await listInterfaces(net.all, { site: { id: site.id } }, wholePage)).items.map(
          ({ node }) => node,
        );
        const nameOf = (id: string | null) => made.find((one) => one.id === id)?.name ?? null;
        const shape = ({ name, parentId }: NetworkInterface) => `${name} below ${nameOf(parentId)}`;
        const expected = good.map((index) => `i${index} below ${above[index] === null ? null : `i${above[index]}`}`);
        expect(made.map(shape).toSorted()).toEqual(expected.toSorted());
        // What others hang below is made before them.
        const names = made.map(({ name }) => name);
        for (const { name, parentId } of made)
          expect(names.indexOf(nameOf(parentId) ?? '')).toBeLessThan(names.indexOf(name));
        const again = await runImport(net, { ...file, onError: 'SKIP_ROW' });
        expect(again.ended.counts.reduce((sum, { created, updated }) => sum + created + updated, 0)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
