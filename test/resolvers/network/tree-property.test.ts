import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cidr, covers, formatCidr, isHost, toCidr, truncate } from '#kernel/cidr.ts';
import type { Context } from '#kernel/context.ts';
import { GatehouseError } from '#kernel/errors.ts';
import { createNetworks } from '#resolvers/network/networks/create.ts';
import { deleteNetworks } from '#resolvers/network/networks/delete.ts';
import { listNetworks } from '#resolvers/network/networks/find.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import { verifyTree } from '#resolvers/network/networks/verify.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

/** Whatever is inserted and deleted, the tree is the one that comparing all with all gives, in SQL and in memory. */
let nets: TestNetwork[];
beforeAll(async () => {
  nets = [await openNetwork('memory'), await openNetwork('embedded')];
});
afterAll(async () => {
  for (const net of nets) await net.gateway.dispose();
});

/** Few addresses and lengths, so that prefixes nest and meet. */
const cidr = fc
  .record({
    version: fc.constantFrom<4 | 6>(4, 6),
    bits: fc.integer({ min: 0, max: 15 }),
    length: fc.constantFrom(0, 1, 2, 3, 4, 'host' as const),
  })
  .map(({ version, bits, length }): string => {
    const width = version === 4 ? 32 : 128;
    const first = BigInt(bits) << BigInt(width - 4);
    return formatCidr(truncate(version, first, length === 'host' ? width : length));
  });
const site = fc.constantFrom(0, 1);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ create: fc.array(fc.record({ site, cidr }), { minLength: 1, maxLength: 6 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      remove: fc.uniqueArray(fc.record({ site, cidr }), {
        minLength: 1,
        maxLength: 3,
        selector: ({ site, cidr }) => `${site} ${cidr}`,
      }),
      force: fc.boolean(),
    }),
  },
);
type Step = { create: { site: number; cidr: string }[] } | { remove: { site: number; cidr: string }[]; force: boolean };

async function run(ctx: Context, sites: readonly Site[], step: Step): Promise<string> {
  const named = ({ site, cidr }: { site: number; cidr: string }) => ({ site: { id: sites[site]?.id ?? '' }, cidr });
  try {
    if ('create' in step) await createNetworks(ctx, step.create.map(named));
    else
      await deleteNetworks(
        ctx,
        step.remove.map((item) => ({ site: named(item).site, by: { cidr: item.cidr }, force: step.force })),
      );
    return 'done';
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    return `${error.code} ${error.path.join('.')} ${error.message}`;
  }
}

/** The networks of a Site with their parents, by stored id. */
async function treeOf(ctx: Context, site: Site): Promise<[cidr: string, parent: string | null][]> {
  const list = { site: { id: site.id }, orderBy: { by: 'NATURAL' as const } };
  const networks = (await listNetworks(ctx, list, wholePage)).items.map(({ node }) => node);
  const byId = new Map(networks.map((network) => [network.id, network.cidr]));
  return networks.map(({ cidr, parentId }) => [cidr, parentId === null ? null : (byId.get(parentId) ?? 'gone')]);
}

function bruteForce(texts: readonly string[]): [cidr: string, parent: string | null][] {
  const all = texts.map(toCidr);
  const parentOf = (one: Cidr) =>
    all
      .filter((other) => !isHost(other) && other.length < one.length && covers(other, one))
      .sort((a, b) => b.length - a.length)[0] ?? null;
  return all.map((one) => {
    const parent = parentOf(one);
    return [formatCidr(one), parent && formatCidr(parent)];
  });
}

test('the tree is right after every step, and both storages answer the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const sites = await Promise.all(nets.map(async (net) => [await net.site(), await net.site()]));
      for (const step of steps) {
        const outcomes: string[] = [];
        for (const [index, net] of nets.entries()) outcomes.push(await run(net.all, sites[index] ?? [], step));
        expect(outcomes[1], JSON.stringify(step)).toBe(outcomes[0]);
      }
      for (const place of [0, 1]) {
        const trees = await Promise.all(nets.map((net, index) => treeOf(net.all, sites[index]?.[place] as Site)));
        expect(trees[1]).toEqual(trees[0]);
        expect(trees[0]).toEqual(bruteForce((trees[0] ?? []).map(([cidr]) => cidr)));
        const told = await Promise.all(nets.map((net, index) => eventsOf(net, sites[index]?.[place] as Site)));
        expect(told[1]).toEqual(told[0]);
      }
    }),
    { numRuns: 40 },
  );
  for (const net of nets) expect(await verifyTree(net.all, {})).toMatchObject({ faultCount: 0 });
}, 120_000);

/** What the events say, with prefixes in place of ids. */
async function eventsOf(net: TestNetwork, site: Site): Promise<unknown[]> {
  const events = await net.events(site, 'network.network.*');
  return events.map(({ name, before, after, data }) => {
    const { cidr, parent } = ((after ?? before) as Network & { parent: string | null }) ?? {};
    const { adoptedCount, movedCount } = data as { adoptedCount?: number; movedCount?: number };
    return { name, cidr, parent, adoptedCount, movedCount };
  });
}
