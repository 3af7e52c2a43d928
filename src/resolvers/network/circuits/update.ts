import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { InUseError, OutdatedError } from '#kernel/errors.ts';
import { mayRead } from '#resolvers/network/access.ts';
import { attributesInput, type GivenAttributes } from '#resolvers/network/attributes/check.ts';
import { changeAttributes } from '#resolvers/network/attributes/values.ts';
import { bulkItems, type Items, only, refuseRepeats, singleItem } from '#resolvers/network/bulk.ts';
import { type Circuit, circuitFacts, circuitStore, deviceIdsOf } from '#resolvers/network/circuits/circuit.ts';
import { circuitName, nameAll, nameTaken } from '#resolvers/network/circuits/create.ts';
import { claimEnds, type Ends, type EndsGiven, lockEnds, readEnds } from '#resolvers/network/circuits/ends.ts';
import { circuitFinder, circuitKey } from '#resolvers/network/circuits/find.ts';
import { appendCircuitUpdated, slugsOfEnds, toNameSlug } from '#resolvers/network/circuits/snapshot.ts';
import { shownBlockers } from '#resolvers/network/in-use.ts';
import { interfaceKey } from '#resolvers/network/interfaces/input.ts';
import { notFound, type Reference } from '#resolvers/network/keys.ts';
import { expectAll } from '#resolvers/network/lookup.ts';
import { toProtocolBlockers } from '#resolvers/network/protocols/name.ts';
import { type Protocol, protocolFacts, protocolStore } from '#resolvers/network/protocols/protocol.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

const reference = { site: siteKey.nullish(), by: circuitKey };
const circuitUpdate = z.object({
  ...reference,
  endpointA: interfaceKey.optional(),
  endpointZ: interfaceKey.nullable().optional(),
  name: circuitName.optional(),
  attributes: attributesInput.optional(),
});
const circuitReplace = z.object({
  ...reference,
  endpointA: interfaceKey,
  endpointZ: interfaceKey.nullable().default(null),
  name: circuitName.optional(),
  attributes: attributesInput.default({}),
});

type InterfaceKey = z.input<typeof interfaceKey>;
interface Said {
  readonly site?: z.input<typeof siteKey> | null;
  readonly by: z.input<typeof circuitKey>;
  readonly endpointZ?: InterfaceKey | null;
  readonly name?: string | null;
  readonly attributes?: GivenAttributes | null;
}
export type CircuitUpdate = Said & { readonly endpointA?: InterfaceKey | null };
export type CircuitReplace = Said & { readonly endpointA: InterfaceKey };

/** Changes what is given and leaves the rest; the name too. */
export const updateCircuit = async (ctx: Context, input: CircuitUpdate): Promise<Circuit> =>
  only(await change(ctx, singleItem(circuitUpdate, input), 'kept'));

/** Changes circuits, which may exchange ends and names. */
export const updateCircuits = async (ctx: Context, inputs: readonly CircuitUpdate[]): Promise<Circuit[]> =>
  change(ctx, bulkItems(ctx, circuitUpdate, inputs), 'kept');

/** Sets everything that can change; without a name it gets the one that follows from its ends. */
export const replaceCircuit = async (ctx: Context, input: CircuitReplace): Promise<Circuit> =>
  only(await change(ctx, singleItem(circuitReplace, input), 'automatic'));

export const replaceCircuits = async (ctx: Context, inputs: readonly CircuitReplace[]): Promise<Circuit[]> =>
  change(ctx, bulkItems(ctx, circuitReplace, inputs), 'automatic');

type Change = Reference &
  EndsGiven & { readonly name?: string | undefined; readonly attributes?: GivenAttributes | undefined };

async function change(ctx: Context, items: Items<Change>, nameless: 'kept' | 'automatic'): Promise<Circuit[]> {
  allowSomewhere(ctx, 'network:update');
  return ctx.atomically(async (ctx) => {
    const { before, ends } = await lockCircuits(ctx, items);
    const attributes = await changeAttributes(
      ctx,
      'CIRCUIT',
      before.map(({ id, siteId }, index) => ({
        targetId: id,
        siteId,
        given: items.values[index]?.attributes,
        path: items.path(index, 'attributes'),
      })),
    );
    const slugs = await slugsOfEnds(ctx, [...before, ...ends]);
    const given = items.values.map(
      ({ name }, index) => name ?? (nameless === 'kept' ? before[index]?.name : undefined),
    );
    const names = nameAll(items, ends, given, slugs);
    const now = microseconds(ctx.clock.now());
    const after = before.map((circuit, index) => {
      const { endpointA, endpointZ } = ends[index] ?? circuit;
      const name = names[index] ?? circuit.name;
      const next = { ...circuit, name, nameSlug: toNameSlug(name), endpointA, endpointZ, updatedAt: now };
      const same = name === circuit.name && sameEnds(circuit, next) && !attributes[index]?.changed;
      return same ? circuit : next;
    });
    await write(ctx, items, before, after);
    for (const [index, circuit] of after.entries()) {
      const former = before[index];
      const carried = attributes[index];
      if (former && carried && circuit !== former)
        appendCircuitUpdated(ctx, { before: former, after: circuit }, slugs, carried);
    }
    return after;
  });
}

export const sameEnds = (
  one: Pick<Ends, 'endpointA' | 'endpointZ'>,
  other: Pick<Ends, 'endpointA' | 'endpointZ'>,
): boolean =>
  one.endpointA.interfaceId === other.endpointA.interfaceId &&
  one.endpointZ?.interfaceId === other.endpointZ?.interfaceId;

/** The circuits of a call with the ends they are to have, all locked, after a check of the rights. */
async function lockCircuits(ctx: Context, items: Items<Change>): Promise<{ before: Circuit[]; ends: Ends[] }> {
  const named = await expectAll(ctx, circuitFinder, items, 'update');
  for (const circuit of named) allow(ctx, 'network:update', circuitFacts(circuit));
  const ids = named.map(({ id }) => id);
  refuseRepeats(items, ids);
  const ends = await readEnds(ctx, items, named);
  ends.forEach((pair, index) => {
    allow(ctx, 'network:update', circuitFacts({ ...pair, id: ids[index] ?? '' }));
  });
  await lockEnds(ctx, items, ends, named);
  const before = (await ctx.use(circuitStore).lock(ids)).map((circuit, index) => {
    if (!circuit) throw notFound('Circuit', items, index, 'update');
    // Its devices were locked as they were when it was found.
    if (!sameEnds(circuit, named[index] ?? circuit))
      throw new OutdatedError('The ends of the circuit were changed by somebody else just now. Try again.');
    return circuit;
  });
  return { before, ends };
}

async function write(
  ctx: Context,
  items: Items<unknown>,
  before: readonly Circuit[],
  after: readonly Circuit[],
): Promise<void> {
  const moved = after.map((circuit, index) => (sameEnds(circuit, before[index] ?? circuit) ? null : circuit));
  await refuseStranded(
    ctx,
    moved.filter((circuit) => circuit !== null),
  );
  await claimEnds(ctx, items, moved);
  const changed = after.filter((circuit, index) => circuit !== before[index]);
  const [taken] = changed.length === 0 ? [] : await ctx.use(circuitStore).updateMany(changed);
  if (taken)
    throw nameTaken(
      taken.name,
      items,
      after.findIndex(({ id }) => id === taken.id),
    );
}

/** @throws InUseError when a protocol would run over a circuit that has no end on its device any more. */
async function refuseStranded(ctx: Context, circuits: readonly Circuit[]): Promise<void> {
  if (circuits.length === 0) return;
  const over = await ctx.use(protocolStore).lockWithin(circuits.map(({ id }) => ({ kind: 'circuit', id })));
  for (const circuit of circuits) {
    const stranded = strandedBy(circuit, over);
    if (stranded.length === 0) continue;
    const blockers = stranded.filter((protocol) => mayRead(ctx, protocolFacts(protocol))).slice(0, shownBlockers);
    throw new InUseError(
      strandingMessage(circuit, stranded.length),
      await toProtocolBlockers(ctx, blockers),
      stranded.length,
    );
  }
}

/** The protocols over a circuit that has no end on their device any more. */
export function strandedBy(circuit: Circuit, protocols: readonly Protocol[]): Protocol[] {
  const devices = deviceIdsOf(circuit);
  return protocols.filter(({ circuitId, deviceId }) => circuitId === circuit.id && !devices.includes(deviceId));
}

export const strandingMessage = ({ name }: Circuit, count: number): string =>
  `Cannot change the ends of circuit ${name}: ${count === 1 ? '1 object depends' : `${count} objects depend`} on it.`;
