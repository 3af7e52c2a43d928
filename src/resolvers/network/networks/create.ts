import { z } from 'zod';
import { allowSomewhere } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { type FieldFault, type GatehouseError, InputError } from '#kernel/errors.ts';
import { attributesInput } from '#resolvers/network/attributes/check.ts';
import { bulkItems, type Given, type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import { prefixFields, readPrefix, stateInput } from '#resolvers/network/networks/input.ts';
import { insertNetworks } from '#resolvers/network/networks/insert.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import { holdSites, siteKey } from '#resolvers/network/sites/find.ts';

const networkCreate = z
  .object({ site: siteKey, ...prefixFields, state: stateInput.optional(), attributes: attributesInput.optional() })
  .transform((given, check) => readPrefix(given, check));
export type NetworkCreate = Given<z.input<typeof networkCreate>>;

/** Creates a network at its place in the tree. */
export const createNetwork = async (ctx: Context, input: NetworkCreate): Promise<Network> =>
  only(await create(ctx, singleItem(networkCreate, input)));

/** Creates networks that may hold one another, in any order. */
export const createNetworks = async (ctx: Context, inputs: readonly NetworkCreate[]): Promise<Network[]> =>
  create(ctx, bulkItems(ctx, networkCreate, inputs));

async function create(ctx: Context, items: Items<z.output<typeof networkCreate>>): Promise<Network[]> {
  allowSomewhere(ctx, 'network:create');
  return ctx.atomically(async (ctx) => {
    const sites = await holdSites(ctx, items);
    const outcomes = await insertNetworks(
      ctx,
      items.values.map(({ cidr, state, attributes, site }, index) => ({
        site: sites[index] ?? { id: '' },
        cidr,
        state,
        attributes,
        named: site,
        path: items.path(index),
      })),
    );
    const refused = outcomes.flatMap((outcome) => ('error' in outcome ? outcome.error : []));
    if (refused.length > 0) throw together(refused);
    return outcomes.flatMap((outcome) => ('network' in outcome ? outcome.network : []));
  });
}

/** Faults of the input are told all at once; they come before anything else that is wrong. */
function together(errors: readonly GatehouseError[]): GatehouseError {
  const faults: FieldFault[] = errors.flatMap((error) => (error instanceof InputError ? error.fields : []));
  return faults.length > 0 ? new InputError(faults) : only(errors);
}
