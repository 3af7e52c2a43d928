import { type Context, microseconds } from '#kernel/context.ts';
import { type GatehouseError, InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { mayRead } from '#resolvers/network/access.ts';
import { storeAttributes } from '#resolvers/network/attributes/values.ts';
import { type Circuit, circuitFacts, circuitStore, deviceIdsOf } from '#resolvers/network/circuits/circuit.ts';
import { longestName } from '#resolvers/network/circuits/create.ts';
import {
  appendCircuitCreated,
  appendCircuitUpdated,
  automaticName,
  type Slugs,
  slugsOfEnds,
  toNameSlug,
} from '#resolvers/network/circuits/snapshot.ts';
import { sameEnds } from '#resolvers/network/circuits/update.ts';
import { type Carried, judgeCarried, toCarry } from '#resolvers/network/imports/carried.ts';
import { type Ended, findEnds, judgeEnds } from '#resolvers/network/imports/circuit-ends.ts';
import { findIdentified } from '#resolvers/network/imports/identity.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import type { Settled } from '#resolvers/network/imports/known.ts';
import { Docket, inSites, refuseTaken, verdictFor } from '#resolvers/network/imports/outline.ts';
import { alreadyThere, Overtaken, type Pass } from '#resolvers/network/imports/pass.ts';
import { failed, type Verdict } from '#resolvers/network/imports/row.ts';
import type { CircuitWish } from '#resolvers/network/imports/wish.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';

interface Located extends Ended {
  /** What there is of it, as far as the viewer may read it. */
  readonly thing: Circuit | null;
}

interface Draft extends Located {
  /** As it is to be. */
  readonly row: Circuit;
  readonly carried: Carried;
  /** Another circuit that has the name now. */
  readonly holder: Circuit | null;
}

/** Circuits. Ends and names may go from one to another. */
export async function settleCircuits(pass: Pass, items: readonly Item<CircuitWish>[]): Promise<Settled> {
  const docket = new Docket<Draft>();
  const { verdicts, ids } = docket;
  const ended = await findEnds(pass, inSites(pass, items, verdicts), verdicts);
  const drafts = await draft(pass, await findCircuits(pass, ended));
  for (const one of drafts) verdicts.set(one.item, verdictOf(pass, one));
  await failRivals(pass, drafts, docket);
  for (const one of drafts) if (!docket.fails(one)) ids.set(one.item, one.row.id);
  const [changed, fresh] = [docket.having('UPDATED', drafts), docket.having('CREATED', drafts)];
  if (pass.writes) await write(pass.ctx, changed, fresh);
  else for (const { row } of [...changed, ...fresh]) pass.known.circuits.set(row.id, row);
  return docket;
}

/** Those fail that are to have an end or a name that is not given up. */
async function failRivals(pass: Pass, drafts: readonly Draft[], docket: Docket<Draft>): Promise<void> {
  const { verdicts } = docket;
  const namings = drafts.map((one) => ({
    ...one,
    leaves: one.thing !== null && one.thing.nameSlug !== one.row.nameSlug,
  }));
  for (let failures = -1, now = 0; failures !== now; ) {
    failures = now;
    refuseTaken(namings, verdicts, ({ item, row }) => alreadyThere(item, row.name));
    const writing = [...docket.having('UPDATED', drafts), ...docket.having('CREATED', drafts)];
    for (const [{ item }, error] of await judgeEnds(pass, writing)) verdicts.set(item, failed(error));
    now = drafts.filter((one) => docket.fails(one)).length;
  }
}

/**
 * By what identifies them first, by name second, and those without a name by their first end. The devices of all ends are
 * locked where the pass writes, former ones too: so nobody changes one of the circuits meanwhile.
 */
async function findCircuits(pass: Pass, ended: readonly Ended[]): Promise<Located[]> {
  if (ended.length === 0) return [];
  const { ctx, writes } = pass;
  const found = await matchCircuits(ctx, ended);
  if (!writes) return found;
  const devices = [...ended, ...found.flatMap(({ thing }) => thing ?? [])].flatMap(({ endpointA, endpointZ }) =>
    deviceIdsOf({ endpointA, endpointZ: endpointZ ?? null }),
  );
  await ctx.use(interfaceStore).lockDevices([...new Set(devices)]);
  await ctx.use(circuitStore).lock(found.flatMap(({ thing }) => thing?.id ?? []));
  const again = await matchCircuits(ctx, ended);
  const another = again.find(({ thing }, index) => {
    const former = found[index]?.thing ?? null;
    return thing?.id !== former?.id || (thing && former && !sameEnds(thing, former));
  });
  if (another) throw new Overtaken(another.item.wish.name ?? another.item.wish.endpointA);
  return again;
}

async function matchCircuits(ctx: Context, ended: readonly Ended[]): Promise<Located[]> {
  const store = ctx.use(circuitStore);
  const identified = await findIdentified(
    ctx,
    'CIRCUIT',
    ended.map(({ item, siteId }) => ({ siteId, wish: item.wish })),
  );
  const wanted = [...new Set(identified.flat())];
  const rows = wanted.length === 0 ? [] : await store.getMany(wanted);
  const known = new Map(rows.flatMap((one) => (one ? [[one.id, one] as const] : [])));
  const named = await bySlug(
    ctx,
    ended.map(({ siteId, item: { wish } }) => ({
      siteId,
      slug: wish.name === undefined ? null : toNameSlug(wish.name),
    })),
  );
  const users = await store.ofInterfaces(ended.map(({ endpointA }) => endpointA.interfaceId));
  const readable = (circuit: Circuit | null | undefined) =>
    circuit && mayRead(ctx, circuitFacts(circuit)) ? circuit : null;
  const own = ended.map((_, index) => {
    const mine = (identified[index] ?? []).flatMap((id) => readable(known.get(id)) ?? []);
    return mine.find(({ id }) => id === named[index]?.id) ?? mine[0] ?? null;
  });
  const claimed = new Set(own.map((circuit) => circuit?.id));
  return ended.map((one, index) => {
    const user = users[index] ?? null;
    const begins = user?.endpointA.interfaceId === one.endpointA.interfaceId ? user : null;
    const natural = readable(one.item.wish.name === undefined ? begins : named[index]);
    return { ...one, thing: own[index] ?? (natural && !claimed.has(natural.id) ? natural : null) };
  });
}

/** The circuits with these slugs, by position; null for null. They need not be visible to the viewer. */
async function bySlug(
  ctx: Context,
  keys: readonly { readonly siteId: string; readonly slug: string | null }[],
): Promise<(Circuit | null)[]> {
  const asked = keys.flatMap(({ siteId, slug }) => (slug === null ? [] : [{ siteId, key: slug }]));
  const found = asked.length === 0 ? [] : await ctx.use(circuitStore).match(asked, 'all');
  let next = 0;
  return keys.map(({ slug }) => (slug === null ? null : (found[next++]?.[0] ?? null)));
}

async function draft(pass: Pass, located: readonly Located[]): Promise<Draft[]> {
  if (located.length === 0) return [];
  const { ctx } = pass;
  const carried = await judgeCarried(
    pass,
    'CIRCUIT',
    located.map(({ item, siteId, thing }) => ({ siteId, targetId: thing?.id ?? null, given: item.wish.attributes })),
  );
  const slugs = await slugsIn(pass, located);
  const now = microseconds(ctx.clock.now());
  const rows = located.map((one) => toRow(one, slugs, now));
  const named = await bySlug(
    ctx,
    rows.map(({ siteId, nameSlug }) => ({ siteId, slug: nameSlug })),
  );
  return located.map((one, index) => {
    const row = rows[index] as Circuit;
    const holder = named[index] ?? null;
    return { ...one, row, carried: carried[index] as Carried, holder: holder?.id === row.id ? null : holder };
  });
}

/** How interfaces are called, also those that the pass only plans. */
async function slugsIn(pass: Pass, located: readonly Located[]): Promise<Slugs> {
  const ends = located.map(({ endpointA, endpointZ }) => ({ endpointA, endpointZ: endpointZ ?? null }));
  const slugs = new Map(await slugsOfEnds(pass.ctx, ends));
  for (const { endpointA, endpointZ, item } of located) {
    if (!slugs.has(endpointA.interfaceId)) slugs.set(endpointA.interfaceId, item.wish.endpointA);
    if (endpointZ && !slugs.has(endpointZ.interfaceId)) slugs.set(endpointZ.interfaceId, item.wish.endpointZ ?? '');
  }
  return slugs;
}

function toRow({ item: { wish }, siteId, thing, endpointA, endpointZ }: Located, slugs: Slugs, now: string): Circuit {
  const ends = { endpointA, endpointZ: endpointZ === undefined ? (thing?.endpointZ ?? null) : endpointZ };
  const name = wish.name ?? thing?.name ?? automaticName(ends, slugs);
  return {
    id: thing?.id ?? newId(),
    siteId,
    name,
    nameSlug: toNameSlug(name),
    ...ends,
    createdAt: thing?.createdAt ?? now,
    updatedAt: now,
  };
}

function verdictOf(pass: Pass, one: Draft): Verdict {
  const { thing, row, carried } = one;
  const differs = thing === null || row.name !== thing.name || !sameEnds(thing, row) || carried.changed;
  return verdictFor(pass, one, {
    there: thing && { name: row.name, differs },
    create: [['network:create', circuitFacts({ ...row, id: undefined })]],
    update: [...(thing ? [thing] : []), row].map((circuit) => ['network:update', circuitFacts(circuit)] as const),
    error: tooLong(row) ?? tooShort(row) ?? carried.error,
  });
}

const tooLong = ({ name }: Circuit): GatehouseError | null =>
  [...name].length > longestName
    ? InputError.at(
        ['name'],
        `The name that follows from the ends is longer than ${longestName} characters. Give a name.`,
      )
    : null;

/** An end that stays may be the one that the other side is to have. */
const tooShort = ({ endpointA, endpointZ }: Circuit): GatehouseError | null =>
  endpointA.interfaceId === endpointZ?.interfaceId
    ? InputError.at(['endpointA'], 'A circuit cannot begin and end at one interface.')
    : null;

async function write(ctx: Context, changed: readonly Draft[], fresh: readonly Draft[]): Promise<void> {
  if (changed.length + fresh.length === 0) return;
  const store = ctx.use(circuitStore);
  const moved = changed.filter(({ thing, row }) => thing && !sameEnds(thing, row));
  const claiming = [...moved, ...fresh].map(({ row }) => row);
  const [refused] = claiming.length === 0 ? [] : await store.claimEnds(claiming);
  if (refused) throw new Overtaken('An end of a circuit');
  const [taken] = changed.length === 0 ? [] : await store.updateMany(changed.map(({ row }) => row));
  if (taken) throw new Overtaken(taken.name);
  const made = fresh.length === 0 ? [] : await store.insertMany(fresh.map(({ row }) => row));
  const missing = fresh.find((_, index) => !made[index]);
  if (missing) throw new Overtaken(missing.row.name);
  await storeAttributes(
    ctx,
    'CIRCUIT',
    [...changed, ...fresh].flatMap(({ row, carried }) => toCarry(row, carried)),
  );
  const slugs = await slugsOfEnds(
    ctx,
    [...changed, ...fresh].flatMap(({ thing, row }) => (thing ? [thing, row] : [row])),
  );
  for (const { row, carried } of fresh) appendCircuitCreated(ctx, row, slugs, carried.after);
  for (const { thing, row, carried } of changed)
    if (thing) appendCircuitUpdated(ctx, { before: thing, after: row }, slugs, carried);
}
