import type { Context } from '#kernel/context.ts';
import type { Item, Sorted } from '#resolvers/network/imports/items.ts';
import { type Pass, unchanged, type Verdicts } from '#resolvers/network/imports/pass.ts';
import type { SourceRow, Verdict } from '#resolvers/network/imports/row.ts';
import { settleDevices } from '#resolvers/network/imports/settle-devices.ts';
import { settleNetworks } from '#resolvers/network/imports/settle-networks.ts';
import { settleSites } from '#resolvers/network/imports/settle-sites.ts';

/**
 * Says what becomes of every item, and does it when `writes` says so: inside a transaction, with the same checks under
 * locks. Sites come first, then devices, then networks. Items that fail are left aside, and so are those that need them.
 * @param told called after each step with the number of items that are settled.
 */
export async function settle(
  ctx: Context,
  sorted: Sorted,
  order: Pass['order'],
  { writes, told }: { readonly writes: boolean; told(done: number): void },
): Promise<Verdicts> {
  const pass: Pass = { ctx, order, writes };
  const verdicts = new Map<Item, Verdict>();
  const keep = (settled: Verdicts) => {
    for (const [item, verdict] of settled) verdicts.set(item, verdict);
    told(verdicts.size);
  };
  const names = [...sorted.devices, ...sorted.networks].map((item) => item.wish.site);
  const sites = await settleSites(pass, sorted.sites, new Set(names));
  keep(sites.verdicts);
  keep(await settleDevices(pass, sorted.devices, sites.find));
  keep(await settleNetworks(pass, sorted.networks, sites.find));
  return verdicts;
}

/** The verdict of every row: where several rows ask for one object, the first one made or changed it. */
export function rowVerdicts(sorted: Sorted, verdicts: Verdicts): Map<SourceRow, Verdict> {
  const all = new Map(sorted.refused);
  for (const [item, verdict] of verdicts) {
    const others: Verdict = verdict.outcome === 'CREATED' || verdict.outcome === 'UPDATED' ? unchanged : verdict;
    item.rows.forEach((row, index) => {
      all.set(row, index === 0 ? verdict : others);
    });
  }
  return all;
}
