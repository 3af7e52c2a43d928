import { ConflictError, type GatehouseError, InputError, InUseError } from '#kernel/errors.ts';
import { type Circuit, type CircuitEnd, circuitStore, endsOf, type Side } from '#resolvers/network/circuits/circuit.ts';
import { sameEnds, strandedBy, strandingMessage } from '#resolvers/network/circuits/update.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import { withPlanned } from '#resolvers/network/imports/known.ts';
import type { Sited } from '#resolvers/network/imports/outline.ts';
import type { Pass } from '#resolvers/network/imports/pass.ts';
import { findReferences, firstRefusal, idOf } from '#resolvers/network/imports/references.ts';
import { failed, type Verdict } from '#resolvers/network/imports/row.ts';
import type { CircuitWish } from '#resolvers/network/imports/wish.ts';
import { interfaceFinder } from '#resolvers/network/interfaces/find.ts';
import { readSlug } from '#resolvers/network/interfaces/interface.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { protocolStore } from '#resolvers/network/protocols/protocol.ts';

/** A row with the ends that it names. */
export interface Ended extends Sited<CircuitWish> {
  readonly endpointA: CircuitEnd;
  /** Undefined where the row does not say it. */
  readonly endpointZ: CircuitEnd | null | undefined;
}

/** What a row would ask for to mean the interface with a slug. */
export function interfaceWish(site: string, text: string) {
  const slug = readSlug(text);
  return slug && ({ kind: 'INTERFACE', site, device: slug.hostname, name: slug.name } as const);
}

/** Rows whose ends cannot be had fail. */
export async function findEnds(
  pass: Pass,
  sited: readonly Sited<CircuitWish>[],
  verdicts: Map<Item, Verdict>,
): Promise<Ended[]> {
  const found = await findReferences(
    pass,
    interfaceFinder,
    sited.flatMap(({ siteId, item: { wish } }) =>
      (['endpointA', 'endpointZ'] as const).map((field) => {
        const key = wish[field];
        return key == null ? null : { siteId, site: wish.site, key, wish: interfaceWish(wish.site, key), field };
      }),
    ),
  );
  const rows = await withPlanned(
    pass.known.interfaces,
    found.flatMap((one) => idOf(one) ?? []),
    (ids) => pass.ctx.use(interfaceStore).getMany(ids),
  );
  const endOf = (index: number): CircuitEnd | null => {
    const row = rows.get(idOf(found[index]) ?? '');
    return row ? { interfaceId: row.id, deviceId: row.deviceId } : null;
  };
  return sited.flatMap((one, index): Ended[] => {
    const [endpointA, endpointZ] = [endOf(index * 2), endOf(index * 2 + 1)];
    const same = endpointA && endpointZ?.interfaceId === endpointA.interfaceId;
    const refused = firstRefusal(found[index * 2], found[index * 2 + 1]) ?? (same ? oneEnd : null);
    if (refused) verdicts.set(one.item, refused);
    if (refused || !endpointA) return [];
    return [{ ...one, endpointA, endpointZ: one.item.wish.endpointZ === undefined ? undefined : endpointZ }];
  });
}

const oneEnd = failed(InputError.at(['endpointZ'], 'A circuit cannot begin and end at one interface.'));

/** A circuit as it is to be, with what there is of it. */
export interface Claim {
  readonly item: Item<CircuitWish>;
  readonly thing: Circuit | null;
  readonly row: Circuit;
}

/**
 * What is wrong with the ends that circuits are to have, by circuit: an interface is an end of one circuit at most, and a
 * protocol keeps an end on its device.
 * @param claims all that are to be written.
 */
export async function judgeEnds({ ctx }: Pass, claims: readonly Claim[]): Promise<ReadonlyMap<Claim, GatehouseError>> {
  const errors = new Map<Claim, GatehouseError>(findClashes(claims));
  const moving = claims.filter(({ thing, row }) => !thing || !sameEnds(thing, row));
  const wanted = [...new Set(moving.flatMap(({ row }) => endsOf(row).map(({ interfaceId }) => interfaceId)))];
  const users = wanted.length === 0 ? [] : await ctx.use(circuitStore).ofInterfaces(wanted);
  const userOf = new Map(wanted.map((id, index) => [id, users[index] ?? null]));
  const moved = moving.flatMap(({ thing, row }) => (thing ? [row] : []));
  const over =
    moved.length === 0
      ? []
      : await ctx.use(protocolStore).lockWithin(moved.map(({ id }) => ({ kind: 'circuit', id }) as const));
  for (const claim of moving) {
    const count = claim.thing ? strandedBy(claim.row, over).length : 0;
    if (count > 0 && !errors.has(claim))
      errors.set(claim, new InUseError(strandingMessage(claim.row, count), [], count));
  }
  const byId = new Map(claims.map((claim) => [claim.row.id, claim]));
  // An end is free when its circuit gives it up in this file; one that fails does not, which may fail another one.
  for (let failures = -1; failures !== errors.size; ) {
    failures = errors.size;
    for (const claim of moving) {
      const error = errors.has(claim)
        ? null
        : inUse(claim, userOf, (circuit) => {
            const other = byId.get(circuit.id);
            return other && !errors.has(other) ? other.row : circuit;
          });
      if (error) errors.set(claim, error);
    }
  }
  return errors;
}

/** Two circuits that are to have one end: which of them gets it would be a guess. */
function findClashes(claims: readonly Claim[]): [Claim, GatehouseError][] {
  const ends = claims.flatMap((claim) =>
    endsOf(claim.row).map(({ interfaceId }, index) => ({ claim, interfaceId, side: sides[index] as Side })),
  );
  return [...Map.groupBy(ends, ({ interfaceId }) => interfaceId).values()].flatMap((group) => {
    if (group.length === 1) return [];
    const names = group.map(({ claim }) => claim.row.name).sort();
    const message = `The circuits ${names.join(' and ')} are to have one interface as an end.`;
    return group.map(({ claim, side }): [Claim, GatehouseError] => [
      claim,
      new ConflictError(message, [`endpoint${side}`]),
    ]);
  });
}

const sides: readonly Side[] = ['A', 'Z'];

/** @param after a circuit as it will be. */
function inUse(
  { row }: Claim,
  userOf: ReadonlyMap<string, Circuit | null>,
  after: (circuit: Circuit) => Circuit,
): GatehouseError | null {
  for (const [index, { interfaceId }] of endsOf(row).entries()) {
    const user = userOf.get(interfaceId) ?? null;
    if (!user || user.id === row.id) continue;
    const side = sides[endsOf(after(user)).findIndex((end) => end.interfaceId === interfaceId)];
    if (side)
      return new ConflictError(`Interface already used as an endpoint_${side.toLowerCase()}`, [
        `endpoint${sides[index]}`,
      ]);
  }
  return null;
}
