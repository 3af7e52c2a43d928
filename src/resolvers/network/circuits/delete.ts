import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { attributesOf, dropAttributes } from '#resolvers/network/attributes/values.ts';
import { bulkItems, type Items, only, refuseRepeats, singleItem } from '#resolvers/network/bulk.ts';
import { circuitFacts, circuitGlobalId, circuitStore } from '#resolvers/network/circuits/circuit.ts';
import { circuitFinder, circuitKey } from '#resolvers/network/circuits/find.ts';
import { appendCircuitDeleted, slugsOfEnds } from '#resolvers/network/circuits/snapshot.ts';
import { notFound, type Reference } from '#resolvers/network/keys.ts';
import { expectAll } from '#resolvers/network/lookup.ts';
import { removeProtocolsOf } from '#resolvers/network/protocols/remove.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

const circuitDelete = z.object({ site: siteKey.nullish(), by: circuitKey });
export type CircuitDelete = z.input<typeof circuitDelete>;

/**
 * Deletes a circuit and the protocols that run over it.
 * @returns its row id.
 */
export const deleteCircuit = async (ctx: Context, input: CircuitDelete): Promise<string> =>
  only(await remove(ctx, singleItem(circuitDelete, input)));

export const deleteCircuits = async (ctx: Context, inputs: readonly CircuitDelete[]): Promise<string[]> =>
  remove(ctx, bulkItems(ctx, circuitDelete, inputs));

async function remove(ctx: Context, items: Items<Reference>): Promise<string[]> {
  allowSomewhere(ctx, 'network:delete');
  return ctx.atomically(async (ctx) => {
    const named = await expectAll(ctx, circuitFinder, items, 'delete');
    for (const circuit of named) allow(ctx, 'network:delete', circuitFacts(circuit));
    const ids = named.map(({ id }) => id);
    refuseRepeats(items, ids);
    const circuits = (await ctx.use(circuitStore).lock(ids)).map((circuit, index) => {
      if (!circuit) throw notFound('Circuit', items, index, 'delete');
      // Its ends may have moved until it was locked, and with them the right to it.
      allow(ctx, 'network:delete', circuitFacts(circuit));
      return circuit;
    });
    await removeProtocolsOf(
      ctx,
      ids.map((id) => ({ kind: 'circuit', id })),
      ({ circuitId }) => circuitGlobalId(circuitId ?? ''),
    );
    const slugs = await slugsOfEnds(ctx, circuits);
    const attributes = await attributesOf(ctx, ids);
    await dropAttributes(ctx, ids);
    await ctx.use(circuitStore).deleteMany(ids);
    for (const [index, circuit] of circuits.entries())
      appendCircuitDeleted(ctx, circuit, slugs, attributes[index] ?? {});
    return ids;
  });
}
