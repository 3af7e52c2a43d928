import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { isHost, toCidr } from '#kernel/cidr.ts';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { defineEvent } from '#kernel/event.ts';
import { parse } from '#kernel/input.ts';
import { mayRead } from '#resolvers/network/access.ts';
import { readable } from '#resolvers/network/networks/find.ts';
import { type Network, namedInEvent, networkGlobalId } from '#resolvers/network/networks/network.ts';
import { networkStore, type Tree } from '#resolvers/network/networks/store.ts';
import { siteKey, sitesByKey, unknownSite } from '#resolvers/network/sites/find.ts';
import { siteFacts, siteGlobalId } from '#resolvers/network/sites/site.ts';
import { TreeSweep } from '#resolvers/network/tree.ts';

export const faultCodes = ['WRONG_PARENT', 'ORPHAN_ADDRESS'] as const;

/** Something wrong with the place of a network. */
export interface TreeFault {
  readonly code: (typeof faultCodes)[number];
  readonly network: Network;
  /** The parent as it should be; null for a root, and for an address without any base network. */
  readonly parent: Network | null;
  readonly repaired: boolean;
}

export interface TreeReport {
  /** How many networks were looked at. */
  readonly checked: number;
  /** The first 1,000, in the order of Site, version and address. */
  readonly faults: readonly TreeFault[];
  readonly faultCount: number;
  readonly repairedCount: number;
}

const parentChange = z.object({ networkId: z.string(), before: z.string().nullable(), after: z.string().nullable() });

/** `repaired`: the first networks whose parent was set, with the parents before and after. */
export const treeRepaired = defineEvent(
  'network.tree.repaired',
  z.object({ site: z.object({ id: z.string() }), repairedCount: z.number().int(), repaired: z.array(parentChange) }),
  {
    type: 'NetworkTreeRepaired',
    description: 'Stored parents of networks of a Site were wrong and were set right.',
    subject: 'Site',
    retain: 'AUDIT',
    seenWith: 'network:admin',
  },
);

const verifyInput = z.object({
  site: siteKey.nullish(),
  ipVersion: z.union([z.literal(4), z.literal(6)], 'ipVersion is 4 or 6.').nullish(),
  repair: z.boolean().nullish(),
});

export type TreeVerify = z.input<typeof verifyInput>;

/** How many networks are read at once. */
const stretch = 5000;

/**
 * Compares every stored parent with the one that follows from the addresses, for one Site or all, and sets it right
 * where `repair` says so. Parts of a network cannot disagree with its prefix, since they are worked out from it.
 *
 * Works under the locks of the trees: what changes meanwhile would look like a fault.
 */
export async function verifyTree(ctx: Context, input: TreeVerify): Promise<TreeReport> {
  const { site: key, ipVersion, repair } = parse(verifyInput, input);
  allowSomewhere(ctx, 'network:admin');
  return ctx.atomically(async (ctx) => {
    const siteId = key ? await adminSite(ctx, key) : allSites(ctx);
    const store = ctx.use(networkStore);
    const trees = (await store.trees(siteId)).filter(({ version }) => ipVersion == null || version === ipVersion);
    await store.lockTrees(trees);
    const found: Finding[] = [];
    for (const tree of trees) found.push(await examine(ctx, tree, repair ?? false));
    appendRepaired(ctx, found);
    return {
      checked: found.reduce((sum, { checked }) => sum + checked, 0),
      faults: await shownFaults(ctx, found.flatMap(({ faults }) => faults).slice(0, namedInEvent)),
      faultCount: found.reduce((sum, { faultCount }) => sum + faultCount, 0),
      repairedCount: found.reduce((sum, { repairedCount }) => sum + repairedCount, 0),
    };
  });
}

/** Who administers a Site need not see its networks: he is told how many faults there are. */
async function shownFaults(ctx: Context, faults: readonly TreeFault[]): Promise<TreeFault[]> {
  const networks = await readable(
    ctx,
    faults.map(({ network }) => network),
  );
  const parents = await readable(
    ctx,
    faults.map(({ parent }) => parent),
  );
  return faults
    .map((fault, index) => ({ ...fault, parent: parents[index] ?? null }))
    .filter((_, index) => networks[index]);
}

async function adminSite(ctx: Context, key: z.output<typeof siteKey>): Promise<string> {
  const [site] = await sitesByKey(ctx, [key]);
  if (!site || !mayRead(ctx, siteFacts(site))) throw new InputError([unknownSite(key, ['site'])]);
  allow(ctx, 'network:admin', siteFacts(site));
  return site.id;
}

function allSites(ctx: Context): null {
  allow(ctx, 'network:admin', { kind: 'site' });
  return null;
}

interface Finding extends TreeReport {
  readonly siteId: string;
}

async function examine(ctx: Context, tree: Tree, repair: boolean): Promise<Finding> {
  const store = ctx.use(networkStore);
  const sweep = new TreeSweep<Network>((network) => toCidr(network.cidr));
  const faults: TreeFault[] = [];
  let [checked, faultCount, repairedCount] = [0, 0, 0];
  let after: string | null = null;
  for (;;) {
    const networks: Network[] = await store.scan(tree, after, stretch);
    const wrong = networks.flatMap((network) =>
      faultOf(network, sweep.place(network).ancestors.at(-1) ?? null, repair),
    );
    const mended = wrong.filter((fault) => fault.repaired);
    if (mended.length > 0)
      await store.setParents(mended.map(({ network, parent }) => ({ id: network.id, parentId: parent?.id ?? null })));
    checked += networks.length;
    faultCount += wrong.length;
    repairedCount += mended.length;
    faults.push(...wrong.slice(0, namedInEvent - faults.length));
    after = networks.at(-1)?.cidr ?? null;
    if (networks.length < stretch) return { siteId: tree.siteId, checked, faults, faultCount, repairedCount };
  }
}

function faultOf(network: Network, parent: Network | null, repair: boolean): TreeFault[] {
  const right = network.parentId === (parent?.id ?? null);
  if (!parent && isHost(toCidr(network.cidr))) {
    return [{ code: 'ORPHAN_ADDRESS', network, parent, repaired: repair && !right }];
  }
  return right ? [] : [{ code: 'WRONG_PARENT', network, parent, repaired: repair }];
}

/** One event for each Site where something was set right. */
function appendRepaired(ctx: Context, found: readonly Finding[]): void {
  for (const [siteId, findings] of Map.groupBy(found, (finding) => finding.siteId)) {
    const repairedCount = findings.reduce((sum, finding) => sum + finding.repairedCount, 0);
    if (repairedCount === 0) continue;
    const repaired = findings
      .flatMap(({ faults }) => faults)
      .filter((fault) => fault.repaired)
      .slice(0, namedInEvent)
      .map(({ network, parent }) => ({
        networkId: networkGlobalId(network.id),
        before: network.parentId === null ? null : networkGlobalId(network.parentId),
        after: parent ? networkGlobalId(parent.id) : null,
      }));
    ctx.events.append(
      treeRepaired,
      { site: { id: siteGlobalId(siteId) }, repairedCount, repaired },
      { subject: siteGlobalId(siteId), scope: siteFacts({ id: siteId }) },
    );
  }
}
