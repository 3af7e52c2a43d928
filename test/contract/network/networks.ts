import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import { type NetworkScope, networkStore, type Occupancy } from '#resolvers/network/networks/store.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { aNetwork, natural, naturalDown, query, sees } from './support.ts';

/** What every storage of networks holds. */
export function networkContract(name: string, open: OpenStorage): void {
  describe(`networks in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(networkStore);
    const [here, there] = [newId(), newId()];

    /** 10.0.0.0/8 ← /16 ← (/24 ← .5, .9), and two other roots. */
    async function plant() {
      const eight = aNetwork(here, '10.0.0.0/8');
      const sixteen = aNetwork(here, '10.1.0.0/16', eight);
      const twentyFour = aNetwork(here, '10.1.2.0/24', sixteen);
      const five = aNetwork(here, '10.1.2.5/32', twentyFour);
      const nine = aNetwork(here, '10.1.2.9/32', twentyFour);
      const other = aNetwork(here, '172.16.0.0/12');
      const six = aNetwork(here, '2001:db8::/32');
      const networks = { eight, sixteen, twentyFour, five, nine, other, six };
      await store().insertMany(Object.values(networks));
      return networks;
    }

    const cidrs = (page: { items: readonly { node: Network }[] } | undefined) =>
      page?.items.map(({ node }) => node.cidr);

    test('gives back what was inserted, addresses in canonical form', async () => {
      const texts = [
        '10.0.0.0/8',
        '10.0.0.1/32',
        '0.0.0.0/0',
        '::/0',
        '2001:db8::1/128',
        '::ffff:1.2.3.0/120',
        '::1.2.3.4/128',
      ];
      const networks = texts.map((cidr) => aNetwork(here, cidr.replace('::1.2.3.4', '::102:304')));
      expect(await store().insertMany(networks)).toEqual(networks);
      expect(await store().getMany([...networks.map(({ id }) => id), newId(), 'no id'])).toEqual([
        ...networks,
        null,
        null,
      ]);
    });

    test('refuses a prefix that the Site has, also one before it in the call, and takes it in another Site', async () => {
      await store().insertMany([aNetwork(here, '10.0.0.0/8')]);
      const [again, elsewhere, first, second] = [
        aNetwork(here, '10.0.0.0/8'),
        aNetwork(there, '10.0.0.0/8'),
        aNetwork(here, '10.0.0.0/9'),
        aNetwork(here, '10.0.0.0/9'),
      ];
      expect(await store().insertMany([again, elsewhere, first, second])).toEqual([null, elsewhere, first, null]);
    });

    test('matches visible networks by prefix, two at most', async () => {
      const [one, two, three] = [here, there, newId()].map((site) => aNetwork(site, '10.0.0.0/8')) as [
        Network,
        Network,
        Network,
      ];
      await store().insertMany([one, two, three]);
      const keys = [
        { siteId: here, key: '10.0.0.0/8' },
        { siteId: null, key: '10.0.0.0/8' },
        { siteId: null, key: '10.0.0.0/9' },
      ];
      expect(await store().match(keys, 'all')).toEqual([[one], [one, two], []]);
      expect(await store().match(keys, sees(['site', three.siteId]))).toEqual([[], [three], []]);
    });

    test('finds what equals or holds prefixes, hosts only where equal, in one read', async () => {
      const { eight, sixteen, twentyFour, five, six } = await plant();
      await store().insertMany([aNetwork(there, '10.0.0.0/8')]);
      const found = async (...texts: string[]) =>
        (await store().containing(texts.map((cidr) => ({ siteId: here, cidr })))).map(({ id }) => id).sort();
      expect(await found('10.1.2.5/32')).toEqual([eight, sixteen, twentyFour, five].map(({ id }) => id).sort());
      expect(await found('10.1.0.0/16', '2001:db8:1::/48')).toEqual([eight, sixteen, six].map(({ id }) => id).sort());
      expect(await found('0.0.0.0/0', '::/0', '11.0.0.0/8')).toEqual([]);
      expect(await found()).toEqual([]);
      const statements = await storage.countStatements(() =>
        store().containing(
          Array.from({ length: 300 }, (_, index) => ({ siteId: here, cidr: `10.1.2.${index % 256}/32` })),
        ),
      );
      expect(statements ?? 1).toBe(1);
    });

    test('finds the closest visible network of each Site, the longest first, in one read', async () => {
      const { eight, sixteen, twentyFour, five } = await plant();
      const [afar, host] = [aNetwork(there, '10.0.0.0/8'), aNetwork(there, '10.1.2.5/32')];
      await store().insertMany([afar, host]);
      const ids = async (...args: Parameters<ReturnType<typeof store>['closest']>) =>
        (await store().closest(...args)).map((list) => list.map(({ id }) => id));
      const asked = ['10.1.2.5/32', '10.1.3.0/24', '11.0.0.0/8', '10.0.0.0/8'];
      const statements = await storage.countStatements(async () => {
        expect(await ids(asked, 'all', 100)).toEqual([
          [five.id, host.id].sort(),
          [sixteen.id, afar.id],
          [],
          [eight.id, afar.id].sort(),
        ]);
      });
      expect(statements ?? 1).toBe(1);
      expect(await ids(['10.1.2.6/32', '10.1.2.5/32'], 'all', 1)).toEqual([
        [twentyFour.id],
        [[five.id, host.id].sort()[0]],
      ]);
      expect(await ids(['10.1.2.5/32'], sees(['site', there]), 100)).toEqual([[host.id]]);
      expect(await ids(['10.1.2.5/32'], sees(['network', sixteen.id]), 100)).toEqual([[five.id]]);
      expect(await ids(['10.1.3.1/32'], sees(['network', twentyFour.id], ['network', afar.id]), 100)).toEqual([
        [afar.id],
      ]);
      expect(await ids([], 'all', 100)).toEqual([]);
    });

    test('lists children, siblings, and what a network holds and is held by, in the order of addresses', async () => {
      const { eight, sixteen, twentyFour, five, nine, other, six } = await plant();
      const list = async (kind: 'children' | 'siblings' | 'inside' | 'containing', network: Network, filter = {}) =>
        cidrs((await store().pages([{ kind, network }], query({ filter, order: natural })))[0]);
      expect(await list('children', twentyFour)).toEqual([five.cidr, nine.cidr]);
      expect(await list('siblings', five)).toEqual([five.cidr, nine.cidr]);
      expect(await list('siblings', five, { withoutSelf: true })).toEqual([nine.cidr]);
      expect(await list('siblings', eight)).toEqual([eight.cidr, other.cidr]);
      expect(await list('siblings', six)).toEqual([six.cidr]);
      expect(await list('inside', eight)).toEqual([sixteen, twentyFour, five, nine].map(({ cidr }) => cidr));
      expect(await list('inside', eight, { hosts: true })).toEqual([five.cidr, nine.cidr]);
      expect(await list('inside', eight, { hosts: false })).toEqual([sixteen.cidr, twentyFour.cidr]);
      expect(await list('inside', five)).toEqual([]);
      expect(await list('containing', five)).toEqual([eight, sixteen, twentyFour].map(({ cidr }) => cidr));
      expect(await list('containing', five, { ids: [twentyFour.id] })).toEqual([twentyFour.cidr]);
      expect(await list('containing', eight)).toEqual([]);
    });

    test('holds everything of its version under the zero prefixes and nothing of the other', async () => {
      await plant();
      const zero = aNetwork(here, '0.0.0.0/0');
      const nought = aNetwork(here, '::/0');
      const last = aNetwork(here, '255.255.255.255/32');
      const end = aNetwork(here, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128');
      await store().insertMany([zero, nought, last, end]);
      const scopes: NetworkScope[] = [zero, nought].map((network) => ({ kind: 'inside', network }));
      const [four, six] = await store().pages(scopes, query({ order: natural }));
      expect(cidrs(four)).toEqual([
        '10.0.0.0/8',
        '10.1.0.0/16',
        '10.1.2.0/24',
        '10.1.2.5/32',
        '10.1.2.9/32',
        '172.16.0.0/12',
        '255.255.255.255/32',
      ]);
      expect(cidrs(six)).toEqual(['2001:db8::/32', end.cidr]);
      expect(await store().countHosts([zero, nought, last])).toEqual([3, 1, 0]);
    });

    test('pages many scopes in a constant number of reads, each with its bounds and count', async () => {
      const { eight, sixteen, twentyFour, five } = await plant();
      const scopes = [five, eight, twentyFour, sixteen].map((network): NetworkScope => ({ kind: 'inside', network }));
      const ask = query({ order: natural, page: { limit: 2 } });
      const statements = await storage.countStatements(() => store().pages(scopes, ask));
      expect(statements ?? 1).toBe(1);
      const pages = await store().pages(scopes, ask);
      expect(pages.map(cidrs)).toEqual([
        [],
        ['10.1.0.0/16', '10.1.2.0/24'],
        ['10.1.2.5/32', '10.1.2.9/32'],
        ['10.1.2.0/24', '10.1.2.5/32'],
      ]);
      expect(pages.map((page) => page.hasNextPage)).toEqual([false, true, false, true]);
      expect(await Promise.all(pages.map((page) => page.count()))).toEqual([0, 4, 2, 3]);
      const after = pages[1]?.items.at(-1)?.position ?? null;
      const inEight: NetworkScope[] = [{ kind: 'inside', network: eight }];
      const next = await store().pages(inEight, query({ order: natural, page: { limit: 2, after } }));
      expect(cidrs(next[0])).toEqual(['10.1.2.5/32', '10.1.2.9/32']);
      const back = query({ order: natural, page: { limit: 1, direction: 'backward', before: after } });
      expect(cidrs((await store().pages(inEight, back))[0])).toEqual(['10.1.0.0/16']);
      const down = await store().pages(inEight, query({ order: naturalDown, page: { limit: 1 } }));
      expect(cidrs(down[0])).toEqual(['10.1.2.9/32']);
    });

    test('orders IPv4 before IPv6, then by address, then the shorter prefix', async () => {
      const texts = [
        '::/0',
        '10.0.0.0/24',
        '9.0.0.0/8',
        '10.0.0.0/8',
        '0.0.0.0/0',
        '::1/128',
        '10.0.0.0/16',
        '100.0.0.0/8',
      ];
      await store().insertMany(texts.map((cidr) => aNetwork(here, cidr)));
      const [page] = await store().pages([{ kind: 'site', siteId: here }], query({ order: natural }));
      expect(cidrs(page)).toEqual([
        '0.0.0.0/0',
        '9.0.0.0/8',
        '10.0.0.0/8',
        '10.0.0.0/16',
        '10.0.0.0/24',
        '100.0.0.0/8',
        '::/0',
        '::1/128',
      ]);
    });

    test('filters by every condition it knows', async () => {
      const { eight, sixteen, five } = await plant();
      await store().updateMany([{ ...sixteen, state: 'RESERVED' }]);
      const list = async (filter: object) => cidrs((await store().pages([{ kind: 'all' }], query({ filter })))[0]);
      expect(await list({ cidrs: ['10.1.2.5/32', '10.0.0.0/8'] })).toEqual([eight.cidr, five.cidr]);
      expect(await list({ cidrs: [] })).toEqual([]);
      expect(await list({ prefixLength: 32 })).toEqual([five.cidr, '10.1.2.9/32', '2001:db8::/32']);
      expect(await list({ prefixLength: 32, hosts: true })).toEqual([five.cidr, '10.1.2.9/32']);
      expect(await list({ version: 6 })).toEqual(['2001:db8::/32']);
      expect(await list({ state: 'RESERVED' })).toEqual([sixteen.cidr]);
      expect(await list({ parentIds: [eight.id] })).toEqual([sixteen.cidr]);
      expect(await list({ parentIds: [] })).toEqual([]);
      expect(await list({ rootOnly: true })).toEqual([eight.cidr, '172.16.0.0/12', '2001:db8::/32']);
      expect(await store().count([{ kind: 'all' }], { filter: { rootOnly: true }, visibility: 'all' })).toEqual([3]);
    });

    test('shows what a granted network holds, in its Site alone', async () => {
      const { sixteen } = await plant();
      await store().insertMany([aNetwork(there, '10.1.0.0/16'), aNetwork(there, '10.1.2.0/24')]);
      const visibility = sees(['network', sixteen.id]);
      const [page] = await store().pages([{ kind: 'all' }], query({ visibility, order: natural }));
      expect(cidrs(page)).toEqual(['10.1.0.0/16', '10.1.2.0/24', '10.1.2.5/32', '10.1.2.9/32']);
      expect(page?.items.every(({ node }) => node.siteId === here)).toBe(true);
      expect(await page?.count()).toBe(4);
      const both = { allOf: [...(visibility as { allOf: [] }).allOf, [{ kind: 'site', value: `${there}/network` }]] };
      expect(await store().count([{ kind: 'all' }], { filter: {}, visibility: both })).toEqual([0]);
    });

    test('lets newcomers adopt what is theirs, the longest of them first', async () => {
      const { eight, sixteen, twentyFour, other, five } = await plant();
      const fifteen = aNetwork(here, '10.0.0.0/15', eight);
      const twenty = aNetwork(here, '10.1.0.0/20', sixteen);
      const foreign = aNetwork(there, '0.0.0.0/0');
      const zero = aNetwork(here, '0.0.0.0/0');
      await store().insertMany([fifteen, twenty, zero, foreign]);
      const gathered = await store().adopt(
        [
          { network: fifteen, formerParentId: eight.id },
          { network: twenty, formerParentId: sixteen.id },
          { network: zero, formerParentId: null },
          { network: foreign, formerParentId: null },
        ],
        1,
      );
      expect(gathered).toEqual([
        { count: 1, first: [sixteen.id] },
        { count: 1, first: [twentyFour.id] },
        { count: 2, first: [eight.id] },
        { count: 0, first: [] },
      ]);
      const parents = await store().getMany([sixteen, twentyFour, eight, other, five].map(({ id }) => id));
      expect(parents.map((network) => network?.parentId)).toEqual([
        fifteen.id,
        twenty.id,
        zero.id,
        zero.id,
        twentyFour.id,
      ]);
    });

    test('gives a child to the longest of nested newcomers', async () => {
      const { eight, sixteen } = await plant();
      const [twelve, fourteen] = [aNetwork(here, '10.0.0.0/12', eight), aNetwork(here, '10.0.0.0/14')];
      await store().insertMany([twelve, { ...fourteen, parentId: twelve.id }]);
      const newcomers = [twelve, fourteen].map((network) => ({ network, formerParentId: eight.id }));
      expect(await store().adopt(newcomers, 10)).toEqual([
        { count: 0, first: [] },
        { count: 1, first: [sixteen.id] },
      ]);
    });

    test('tells the children of networks as if these were gone', async () => {
      const { eight, sixteen, twentyFour, five, nine, other } = await plant();
      expect(await store().childrenWithout([twentyFour.id, eight.id, other.id], 10)).toEqual([
        { count: 2, first: [five.id, nine.id], someLeaf: true },
        { count: 1, first: [sixteen.id], someLeaf: false },
        { count: 0, first: [], someLeaf: false },
      ]);
      expect(await store().childrenWithout([sixteen.id, twentyFour.id], 1)).toEqual([
        { count: 0, first: [], someLeaf: false },
        { count: 2, first: [five.id], someLeaf: true },
      ]);
      expect(await store().childrenWithout([eight.id, twentyFour.id, five.id, nine.id], 10)).toEqual([
        { count: 1, first: [sixteen.id], someLeaf: true },
        { count: 0, first: [], someLeaf: false },
        { count: 0, first: [], someLeaf: false },
        { count: 0, first: [], someLeaf: false },
      ]);
    });

    test('moves children, sets parents and deletes', async () => {
      const { eight, sixteen, twentyFour, five, other } = await plant();
      await store().moveChildren([
        { from: twentyFour.id, to: eight.id },
        { from: eight.id, to: null },
      ]);
      await store().setParents([{ id: twentyFour.id, parentId: other.id }]);
      await store().deleteMany([five.id, newId()]);
      const networks = await store().getMany([sixteen, twentyFour, five].map(({ id }) => id));
      expect(networks.map((network) => network?.parentId ?? null)).toEqual([null, other.id, null]);
      expect(networks[2]).toBeNull();
      expect(await store().insertMany([aNetwork(here, five.cidr)])).not.toEqual([null]);
    });

    test('knows which trees there are, and gives one in the order of addresses piece by piece', async () => {
      await plant();
      await store().insertMany([aNetwork(there, '::/0')]);
      const all = [
        { siteId: here, version: 4 as const },
        { siteId: here, version: 6 as const },
        { siteId: there, version: 6 as const },
      ];
      const bySite = (one: { siteId: string }, other: { siteId: string }) => (one.siteId < other.siteId ? -1 : 1);
      expect(await store().trees(null)).toEqual(
        all.toSorted((one, other) => (one.siteId === other.siteId ? 0 : bySite(one, other))),
      );
      expect(await store().trees(there)).toEqual([all[2]]);
      const tree = { siteId: here, version: 4 as const };
      const first = await store().scan(tree, null, 4);
      expect(first.map(({ cidr }) => cidr)).toEqual(['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '10.1.2.5/32']);
      const rest = await store().scan(tree, first.at(-1)?.cidr ?? null, 4);
      expect(rest.map(({ cidr }) => cidr)).toEqual(['10.1.2.9/32', '172.16.0.0/12']);
    });

    test('tells what is taken of networks as merged ranges of whole blocks, in one read', async () => {
      const { eight, sixteen, twentyFour, other, six } = await plant();
      const thirty = aNetwork(here, '10.1.2.64/30', twentyFour);
      const last = aNetwork(here, '10.255.255.255/32', eight);
      await store().insertMany([
        thirty,
        last,
        { ...aNetwork(here, '10.64.0.0/10', eight), state: 'RESERVED' },
        aNetwork(here, '2001:db8:0:1::/64', six),
        aNetwork(there, '10.200.0.0/16'),
      ]);
      const taken = async (network: Network, occupancy: Occupancy, limit = 10) =>
        (await store().occupied([network], occupancy, limit))[0]?.map(({ first, last }) => `${first}-${last}`);
      // As children: the /16, the reserved /10 and the last address, each as the block that it lies in.
      expect(await taken(eight, { by: 'children', length: 12 })).toEqual([
        '10.0.0.0-10.15.255.255',
        '10.64.0.0-10.127.255.255',
        '10.240.0.0-10.255.255.255',
      ]);
      // Networks shorter than a block do not count, whatever is in them does.
      expect(await taken(eight, { by: 'long', length: 24 })).toEqual([
        '10.1.2.0-10.1.2.255',
        '10.64.0.0-10.127.255.255',
        '10.255.255.0-10.255.255.255',
      ]);
      expect(await taken(eight, { by: 'long', length: 24 }, 2)).toHaveLength(2);
      expect(await taken(sixteen, { by: 'hosts', length: 32 })).toEqual([
        '10.1.2.0-10.1.2.0',
        '10.1.2.5-10.1.2.5',
        '10.1.2.9-10.1.2.9',
        '10.1.2.64-10.1.2.64',
        '10.1.2.67-10.1.2.67',
        '10.1.2.255-10.1.2.255',
      ]);
      expect(await taken(six, { by: 'long', length: 48 })).toEqual(['2001:db8::-2001:db8:0:ffff:ffff:ffff:ffff:ffff']);
      expect(await taken(six, { by: 'hosts', length: 128 })).toEqual([
        '2001:db8:0:1::-2001:db8:0:1::',
        '2001:db8:0:1:ffff:ffff:ffff:ffff-2001:db8:0:1:ffff:ffff:ffff:ffff',
      ]);
      expect(await taken(other, { by: 'children', length: 24 })).toEqual([]);
      const many = [other, twentyFour, eight];
      const statements = await storage.countStatements(() => store().occupied(many, { by: 'children', length: 32 }, 1));
      expect(statements ?? 1).toBe(1);
      expect(await store().occupied(many, { by: 'children', length: 32 }, 1)).toEqual([
        [],
        [{ first: '10.1.2.5', last: '10.1.2.5' }],
        [{ first: '10.1.0.0', last: '10.1.255.255' }],
      ]);
      expect(await store().occupied([], { by: 'children', length: 32 }, 1)).toEqual([]);
    });

    test('keeps a locked tree from others until the unit ends, and readers never wait', async () => {
      const order: string[] = [];
      let locking = () => {};
      const locked = new Promise<void>((resolve) => {
        locking = resolve;
      });
      const trees = [
        { siteId: there, version: 4 as const },
        { siteId: here, version: 4 as const },
      ];
      const first = storage.atomically(async (use) => {
        await use(networkStore).lockTrees(trees);
        locking();
        await new Promise((resolve) => setTimeout(resolve, 200));
        await use(networkStore).insertMany([aNetwork(here, '10.0.0.0/8')]);
        order.push('first');
      });
      await locked;
      const second = storage.atomically(async (use) => {
        await use(networkStore).lockTrees(trees.toReversed());
        expect(await use(networkStore).containing([{ siteId: here, cidr: '10.0.0.0/9' }])).toHaveLength(1);
        order.push('second');
      });
      await Promise.all([first, second]);
      expect(order).toEqual(['first', 'second']);
    });

    test('forgets what a rolled back unit did', async () => {
      const { eight, sixteen } = await plant();
      const failing = storage.atomically(async (use) => {
        const networks = use(networkStore);
        const nine = aNetwork(here, '10.0.0.0/9', eight);
        await networks.insertMany([nine]);
        await networks.adopt([{ network: nine, formerParentId: eight.id }], 10);
        await networks.updateMany([{ ...eight, state: 'RESERVED' }]);
        await networks.deleteMany([sixteen.id]);
        throw new Error('given up');
      });
      await expect(failing).rejects.toThrow('given up');
      expect(await store().getMany([eight.id, sixteen.id])).toEqual([eight, sixteen]);
      expect(await store().count([{ kind: 'site', siteId: here }], { filter: {}, visibility: 'all' })).toEqual([7]);
    });
  });
}
