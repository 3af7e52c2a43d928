import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError, InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { line } from '#kernel/input.ts';
import {
  attributesInput,
  type CheckedAttributes,
  checkAttributes,
  type GivenAttributes,
  noAttributes,
} from '#resolvers/network/attributes/check.ts';
import { storeAttributes } from '#resolvers/network/attributes/values.ts';
import { bulkItems, type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import { type Circuit, circuitFacts, circuitStore } from '#resolvers/network/circuits/circuit.ts';
import { claimEnds, type Ends, lockEnds, readEnds } from '#resolvers/network/circuits/ends.ts';
import {
  appendCircuitCreated,
  automaticName,
  type Slugs,
  slugsOfEnds,
  toNameSlug,
} from '#resolvers/network/circuits/snapshot.ts';
import { interfaceKey } from '#resolvers/network/interfaces/input.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

export const longestName = 255;
export const circuitName = line('name', { min: 1, max: longestName });

const circuitCreate = z.object({
  site: siteKey.nullish(),
  endpointA: interfaceKey,
  endpointZ: interfaceKey.nullable().default(null),
  name: circuitName.optional(),
  attributes: attributesInput.default({}),
});
export type CircuitCreate = {
  /** Only where the keys are looked for. */
  readonly site?: z.input<typeof siteKey> | null;
  readonly endpointA: z.input<typeof interfaceKey>;
  readonly endpointZ?: z.input<typeof interfaceKey> | null;
  readonly name?: string | null;
  readonly attributes?: GivenAttributes | null;
};
type Fresh = z.output<typeof circuitCreate>;

/** Creates a circuit between two interfaces of one Site, or from one to somewhere else. */
export const createCircuit = async (ctx: Context, input: CircuitCreate): Promise<Circuit> =>
  only(await create(ctx, singleItem(circuitCreate, input)));

export const createCircuits = async (ctx: Context, inputs: readonly CircuitCreate[]): Promise<Circuit[]> =>
  create(ctx, bulkItems(ctx, circuitCreate, inputs));

async function create(ctx: Context, items: Items<Fresh>): Promise<Circuit[]> {
  allowSomewhere(ctx, 'network:create');
  return ctx.atomically(async (ctx) => {
    const ends = await readEnds(ctx, items, []);
    for (const pair of ends) allow(ctx, 'network:create', circuitFacts(pair));
    await lockEnds(ctx, items, ends);
    const checked = await checkAttributes(
      ctx,
      'CIRCUIT',
      ends.map(({ siteId }, index) => ({
        siteId,
        given: items.values[index]?.attributes ?? {},
        path: items.path(index, 'attributes'),
      })),
    );
    const slugs = await slugsOfEnds(ctx, ends);
    const names = nameAll(
      items,
      ends,
      items.values.map(({ name }) => name),
      slugs,
    );
    const fresh = ends.map((pair, index) => ({
      ...pair,
      name: names[index] ?? '',
      attributes: checked[index] ?? noAttributes,
    }));
    return insertCircuits(ctx, items, fresh, slugs);
  });
}

/**
 * The names that circuits have: those given, and for the others what follows from their ends.
 * @throws InputError for those whose automatic name is too long.
 */
export function nameAll(
  items: Items<unknown>,
  ends: readonly Ends[],
  given: readonly (string | undefined)[],
  slugs: Slugs,
): string[] {
  const names = ends.map((pair, index) => given[index] ?? automaticName(pair, slugs));
  const faults = names.flatMap((name, index) =>
    [...name].length > longestName
      ? [
          {
            path: items.path(index, 'name'),
            message: `The name that follows from the ends is longer than ${longestName} characters. Give a name.`,
          },
        ]
      : [],
  );
  if (faults.length > 0) throw new InputError(faults);
  return names;
}

/** A circuit to be, with what it is to carry. */
interface FreshCircuit extends Ends {
  readonly name: string;
  readonly attributes: CheckedAttributes;
}

/** Inserts circuits with their ends, attributes and events. The caller has checked rights and locked the devices. */
async function insertCircuits(
  ctx: Context,
  items: Items<unknown>,
  fresh: readonly FreshCircuit[],
  slugs: Slugs,
): Promise<Circuit[]> {
  const now = microseconds(ctx.clock.now());
  const circuits = fresh.map(
    ({ siteId, endpointA, endpointZ, name }): Circuit => ({
      id: newId(),
      siteId,
      name,
      nameSlug: toNameSlug(name),
      endpointA,
      endpointZ,
      createdAt: now,
      updatedAt: now,
    }),
  );
  // Ends first: who makes the same circuit again hears of them, and not of the name that follows from them.
  await claimEnds(ctx, items, circuits);
  const made = await ctx.use(circuitStore).insertMany(circuits);
  const taken = made.indexOf(null);
  if (taken >= 0) throw nameTaken(fresh[taken]?.name ?? '', items, taken);
  await storeAttributes(
    ctx,
    'CIRCUIT',
    circuits.flatMap(({ id, siteId }, index) => {
      const checked = fresh[index]?.attributes ?? noAttributes;
      return checked.parts.length > 0 ? [{ targetId: id, siteId, checked }] : [];
    }),
  );
  for (const [index, circuit] of circuits.entries())
    appendCircuitCreated(ctx, circuit, slugs, fresh[index]?.attributes.attributes ?? {});
  return circuits;
}

export const nameTaken = (name: string, items: Items<unknown>, index: number): ConflictError =>
  new ConflictError(`${name} already exists in this site.`, items.path(index, 'name'));
