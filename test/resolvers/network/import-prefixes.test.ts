import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventLog } from '#kernel/event.ts';
import { findImports } from '#resolvers/network/imports/find.ts';
import { importInventory } from '#resolvers/network/imports/import.ts';
import type { ImportInput } from '#resolvers/network/imports/input.ts';
import type { InventoryImport } from '#resolvers/network/imports/inventory-import.ts';
import { findNetwork, listNetworks, type NetworkList } from '#resolvers/network/networks/find.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import { nextAddresses, nextNetworks } from '#resolvers/network/networks/space.ts';
import { verifyTree } from '#resolvers/network/networks/verify.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');
const ipv4 = fixture('prefixes-ipv4.txt');
const ipv6 = fixture('prefixes-ipv6.txt');

let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork();
});
afterAll(() => net.gateway.dispose());

async function run(text: string, site: { id: string }, more: Partial<ImportInput> = {}): Promise<InventoryImport> {
  try {
    return await importInventory(net.all, { text, format: 'PREFIX_LIST', site: { id: site.id }, ...more });
  } catch (error) {
    const [rejected] = await findImports(net.all, [(error as { importId: string }).importId]);
    if (!rejected) throw error;
    return rejected;
  }
}

const count = async (site: { id: string }, filter: NetworkList['filter'] = {}) =>
  (await listNetworks(net.all, { site: { id: site.id }, filter }, { ...wholePage, limit: 1 })).count();

const networkOf = async (site: { id: string }, cidr: string): Promise<Network> => {
  const network = await findNetwork(net.all, { site: { id: site.id }, by: { cidr } });
  if (!network) throw new Error(`${cidr} is not there.`);
  return network;
};

const headOf = async () => (await net.all.use(eventLog).state()).head;

describe('a large list of prefixes', () => {
  const base = { baseNetworks: ['0.0.0.0/0'] };

  test('is rejected while addresses have no base network, and says which', async () => {
    const site = await net.site();
    const { state, counts } = await run(ipv4, site);
    expect([state, counts]).toEqual([
      'REJECTED',
      [{ kind: 'NETWORK', created: 0, updated: 0, unchanged: 0, skipped: 12_600, failed: 1257 }],
    ]);
    expect(await count(site)).toBe(0);
  });

  test('comes in without them when told to', async () => {
    const site = await net.site();
    const { state, counts } = await run(ipv4, site, { onError: 'SKIP_ROW' });
    expect([state, counts[0]?.created, counts[0]?.failed]).toEqual(['COMPLETED', 12_600, 1257]);
    expect([await count(site), await count(site, { rootOnly: true })]).toEqual([12_600, 9902]);
  }, 180_000);

  test('comes in whole with a base, at the right places, and a second time changes nothing', async () => {
    const site = await net.site();
    expect((await run(ipv4, site, base)).counts[0]?.created).toBe(13_858);
    expect(await count(site)).toBe(13_858);
    expect(await count(site, { parent: { cidr: '0.0.0.0/0' } })).toBe(11_159);
    expect(await count(site, { parent: { cidr: '3.224.0.0/12' } })).toBe(107);
    expect(await verifyTree(net.all, { site: { id: site.id } })).toMatchObject({ checked: 13_858, faultCount: 0 });
    await net.events(site);
    const before = await headOf();
    const again = await run(ipv4, site, base);
    expect(again.counts).toEqual([
      { kind: 'NETWORK', created: 0, updated: 0, unchanged: 13_858, skipped: 0, failed: 0 },
    ]);
    await net.events(site);
    // Only that the import began and ended.
    expect((await headOf()) - before).toBe(2);
    const block = await networkOf(site, '64.252.64.0/18');
    expect(await nextNetworks(net.all, block, { prefixLength: 24, num: 2 })).toEqual([
      '64.252.90.0/24',
      '64.252.91.0/24',
    ]);
    expect(await nextAddresses(net.all, block, {})).toEqual(['64.252.64.1/32']);
    expect(await nextAddresses(net.all, block, { strict: true })).toEqual(['64.252.90.0/32']);
  }, 180_000);

  test('gives the same tree when its lines are shuffled', async () => {
    const parents = async (text: string) => {
      const site = await net.site();
      await run(text, site, base);
      const networks: Network[] = [];
      for (;;) {
        const page = await listNetworks(net.all, { site: { id: site.id } }, { ...wholePage, offset: networks.length });
        networks.push(...page.items.map(({ node }) => node));
        if (!page.hasNextPage) break;
      }
      const cidrOf = new Map(networks.map(({ id, cidr }) => [id, cidr]));
      return networks.map(({ cidr, parentId }) => `${cidr} in ${cidrOf.get(parentId ?? '')}`).sort();
    };
    const lines = ipv4.split('\n');
    // Far apart from how they stand, and the same in every run.
    const shuffled = lines
      .map((line, index) => [(index * 7919) % lines.length, line] as const)
      .sort(([a], [b]) => a - b);
    expect(await parents(shuffled.map(([, line]) => line).join('\n'))).toEqual(await parents(ipv4));
  }, 180_000);

  test('of IPv6 comes in the same way', async () => {
    const site = await net.site();
    expect((await run(ipv6, site)).counts[0]?.failed).toBe(13);
    await run(ipv6, site, { baseNetworks: ['::/0'] });
    expect(await count(site)).toBe(3109);
    const block = await networkOf(site, '2600:f0f0:1100::/40');
    expect(await nextNetworks(net.all, block, { prefixLength: 48, num: 2 })).toEqual([
      '2600:f0f0:111b::/48',
      '2600:f0f0:111e::/48',
    ]);
    expect(await verifyTree(net.all, { site: { id: site.id } })).toMatchObject({ faultCount: 0 });
  }, 180_000);
});

describe('any list of prefixes', () => {
  /** Close together, so that they nest, repeat and need bases. */
  const prefix = fc.tuple(fc.integer({ min: 24, max: 32 }), fc.nat(255)).map(([length, low]) => {
    const kept = low & (0xff << (32 - length));
    return `10.0.0.${kept & 0xff}/${length}`;
  });
  const shuffled = fc
    .array(prefix, { minLength: 1, maxLength: 25 })
    .chain((lines) => fc.tuple(fc.constant(lines), fc.shuffledSubarray(lines, { minLength: lines.length })));

  async function treeOf(memory: TestNetwork, lines: readonly string[]) {
    const site = await memory.site();
    const { counts } = await importInventory(memory.all, {
      text: lines.join('\n'),
      format: 'PREFIX_LIST',
      site: { id: site.id },
      onError: 'SKIP_ROW',
    });
    const { items } = await listNetworks(memory.all, { site: { id: site.id }, orderBy: { by: 'NATURAL' } }, wholePage);
    const cidrOf = new Map(items.map(({ node }) => [node.id, node.cidr]));
    return { counts, tree: items.map(({ node }) => [node.cidr, cidrOf.get(node.parentId ?? '')]) };
  }

  test('gives the same tree in whatever order its lines stand', async () => {
    const memory = await openNetwork('memory');
    await fc.assert(
      fc.asyncProperty(shuffled, async ([lines, others]) => {
        const one = await treeOf(memory, lines);
        const other = await treeOf(memory, others);
        expect(other).toEqual(one);
        for (const [cidr, parent] of one.tree) expect(parent !== undefined || !cidr?.endsWith('/32')).toBe(true);
      }),
      { numRuns: 60 },
    );
    await memory.gateway.dispose();
  });
});
