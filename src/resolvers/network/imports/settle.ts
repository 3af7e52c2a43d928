import type { Context } from '#kernel/context.ts';
import type { Item, Sorted } from '#resolvers/network/imports/items.ts';
import { Known, type Settled } from '#resolvers/network/imports/known.ts';
import { takeLocks } from '#resolvers/network/imports/locks.ts';
import { type Pass, unchanged, type Verdicts } from '#resolvers/network/imports/pass.ts';
import type { SourceRow, Verdict } from '#resolvers/network/imports/row.ts';
import { settleAttributes } from '#resolvers/network/imports/settle-attributes.ts';
import { settleCircuits } from '#resolvers/network/imports/settle-circuits.ts';
import { settleDevices } from '#resolvers/network/imports/settle-devices.ts';
import { settleInterfaces } from '#resolvers/network/imports/settle-interfaces.ts';
import { settleNetworks } from '#resolvers/network/imports/settle-networks.ts';
import { settleProtocolTypes } from '#resolvers/network/imports/settle-protocol-types.ts';
import { settleProtocols } from '#resolvers/network/imports/settle-protocols.ts';
import { settleSites } from '#resolvers/network/imports/settle-sites.ts';

/** What is settled behind the Sites, in this order: each step may need what those before it left. */
const steps: readonly ((pass: Pass, sorted: Sorted) => Promise<Settled>)[] = [
  (pass, sorted) => settleAttributes(pass, sorted.of('ATTRIBUTE')),
  (pass, sorted) => settleProtocolTypes(pass, sorted.of('PROTOCOL_TYPE')),
  (pass, sorted) => settleDevices(pass, sorted.of('DEVICE')),
  (pass, sorted) => settleNetworks(pass, sorted.of('NETWORK')),
  (pass, sorted) => settleInterfaces(pass, sorted.of('INTERFACE')),
  (pass, sorted) => settleCircuits(pass, sorted.of('CIRCUIT')),
  (pass, sorted) => settleProtocols(pass, sorted.of('PROTOCOL')),
];

/**
 * Says what becomes of every item, and does it when `writes` says so: inside a transaction, with the same checks under
 * locks. Items that fail are left aside, and so are those that need them.
 * @param told called after each step with what is settled.
 */
export async function settle(
  ctx: Context,
  sorted: Sorted,
  order: Pass['order'],
  { writes, told }: { readonly writes: boolean; told(verdicts: Verdicts): Promise<void> },
): Promise<Verdicts> {
  const verdicts = new Map<Item, Verdict>();
  const keep = async (settled: Verdicts) => {
    for (const [item, verdict] of settled) verdicts.set(item, verdict);
    await told(verdicts);
  };
  const sites = await settleSites({ ctx, order, writes }, sorted);
  await keep(sites.verdicts);
  const pass: Pass = { ctx, order, writes, known: new Known(sites.find, sorted.lost) };
  if (writes) await takeLocks(pass, sorted);
  for (const step of steps) {
    const settled = await step(pass, sorted);
    pass.known.keep(settled);
    await keep(settled.verdicts);
  }
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
