import { type Context, microseconds } from '#kernel/context.ts';
import { AmbiguousError, GatehouseError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { mayRead } from '#resolvers/network/access.ts';
import { noAttributes } from '#resolvers/network/attributes/check.ts';
import { storeAttributes } from '#resolvers/network/attributes/values.ts';
import { type Carried, judgeCarried, toCarry } from '#resolvers/network/imports/carried.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import type { Settled } from '#resolvers/network/imports/known.ts';
import { Docket, inSites, verdictFor } from '#resolvers/network/imports/outline.ts';
import type { Pass } from '#resolvers/network/imports/pass.ts';
import { findParts, namesRequired, type Placed } from '#resolvers/network/imports/protocol-parts.ts';
import { failed, type Verdict } from '#resolvers/network/imports/row.ts';
import type { ProtocolWish } from '#resolvers/network/imports/wish.ts';
import { changeAuthString, sealAuthString } from '#resolvers/network/protocols/auth-string.ts';
import { insertProtocols } from '#resolvers/network/protocols/create.ts';
import type { Parts } from '#resolvers/network/protocols/parts.ts';
import {
  type Protocol,
  protocolFacts,
  protocolStore,
  protocolUpdated,
  type SealedProtocol,
} from '#resolvers/network/protocols/protocol.ts';
import { appendProtocolEvent, namesOf, toProtocolSnapshot } from '#resolvers/network/protocols/snapshot.ts';

interface Located extends Placed {
  /** What there is of it, as far as the viewer may read it. */
  readonly thing: SealedProtocol | null;
}

interface Draft extends Located {
  readonly carried: Carried;
  /** As it is to be; null for one that is to be made. */
  readonly row: SealedProtocol | null;
  /** What is wrong with its secret. */
  readonly error: GatehouseError | null;
}

/**
 * Protocols, which have no key: a row means the one with its type, device, interface, circuit and description. Where it
 * does not say how it is described, the only one that is left.
 */
export async function settleProtocols(pass: Pass, items: readonly Item<ProtocolWish>[]): Promise<Settled> {
  const docket = new Docket<Draft>();
  const { verdicts, ids } = docket;
  const placed = await findParts(pass, inSites(pass, items, verdicts), verdicts);
  const drafts = await draft(pass, await findProtocols(pass, placed, verdicts));
  for (const one of drafts) verdicts.set(one.item, verdictOf(pass, one));
  for (const one of drafts) if (!docket.fails(one)) ids.set(one.item, one.thing?.id ?? newId());
  if (!pass.writes) return docket;
  await update(pass.ctx, docket.having('UPDATED', drafts));
  const fresh = docket.having('CREATED', drafts);
  const made =
    fresh.length === 0
      ? []
      : await insertProtocols(
          pass.ctx,
          fresh.map(({ parts, item: { wish }, carried }) => ({
            ...parts,
            description: wish.description ?? '',
            authString: wish.authString ?? '',
            attributes: carried.checked ?? noAttributes,
          })),
        );
  fresh.forEach(({ item }, index) => {
    ids.set(item, made[index]?.id ?? '');
  });
  return docket;
}

const placeOf = ({ typeId, deviceId, interfaceId, circuitId }: Parts): string =>
  JSON.stringify([typeId, deviceId, interfaceId, circuitId]);

/** What there is of the protocols, locked where the pass writes. Rows that could mean several fail. */
async function findProtocols(
  { ctx, writes }: Pass,
  placed: readonly Placed[],
  verdicts: Map<Item, Verdict>,
): Promise<Located[]> {
  if (placed.length === 0) return [];
  const store = ctx.use(protocolStore);
  const present = await store.ofDevices([...new Set(placed.map(({ parts }) => parts.deviceId))]);
  const byPlace = Map.groupBy(
    present.filter((protocol) => mayRead(ctx, protocolFacts(protocol))),
    placeOf,
  );
  const matched = new Map<Placed, Protocol | null>();
  for (const [place, group] of Map.groupBy(placed, ({ parts }) => placeOf(parts))) {
    let left = byPlace.get(place) ?? [];
    // Those that say how they are described first: what they mean is not left for the others.
    for (const one of group.toSorted((a, b) => said(a) - said(b))) {
      const { description } = one.item.wish;
      const fitting = description === undefined ? left : left.filter((other) => other.description === description);
      const plain = fitting.filter((other) => other.description === '');
      const [only, another] = fitting.length > 1 && plain.length > 0 ? plain : fitting;
      if (another) verdicts.set(one.item, failed(ambiguous(one.item.wish)));
      else matched.set(one, only ?? null);
      left = left.filter((other) => other !== only || another);
    }
  }
  const sealed = await readSealed(
    ctx,
    [...matched.values()].flatMap((one) => one ?? []),
    writes,
  );
  return placed.flatMap((one) => {
    const thing = matched.get(one);
    return thing === undefined ? [] : [{ ...one, thing: (thing && sealed.get(thing.id)) ?? null }];
  });
}

const said = ({ item: { wish } }: Placed): number => (wish.description === undefined ? 1 : 0);

const ambiguous = ({ type, device }: ProtocolWish): AmbiguousError =>
  new AmbiguousError(
    `Multiple protocols matched type='${type}', device='${device}'. Describe them in different ways.`,
    ['description'],
  );

async function readSealed(
  ctx: Context,
  protocols: readonly Protocol[],
  writes: boolean,
): Promise<ReadonlyMap<string, SealedProtocol>> {
  if (protocols.length === 0) return new Map();
  const store = ctx.use(protocolStore);
  const ids = protocols.map(({ id }) => id);
  if (writes) return new Map((await store.lock(ids)).flatMap((one) => (one ? [[one.id, one] as const] : [])));
  const sealed = await store.sealedOf(ids);
  return new Map(protocols.map((protocol, index) => [protocol.id, { ...protocol, sealed: sealed[index] ?? null }]));
}

async function draft(pass: Pass, located: readonly Located[]): Promise<Draft[]> {
  const required = await namesRequired(pass, [...new Set(located.map(({ parts }) => parts.typeId))]);
  const carried = await judgeCarried(
    pass,
    'PROTOCOL',
    located.map(({ item, siteId, thing, parts }) => ({
      siteId,
      targetId: thing?.id ?? null,
      given: item.wish.attributes,
      alsoRequired: required.get(parts.typeId) ?? [],
    })),
  );
  const now = microseconds(pass.ctx.clock.now());
  return located.map((one, index) => ({
    ...one,
    ...withSecret(pass.ctx, one, now),
    carried: carried[index] as Carried,
  }));
}

/** A secret that cannot be sealed, or compared, fails its row. */
function withSecret(ctx: Context, { thing, item }: Located, now: string): Pick<Draft, 'row' | 'error'> {
  const { authString } = item.wish;
  try {
    if (thing) return { row: { ...thing, ...changeAuthString(ctx, thing, authString), updatedAt: now }, error: null };
    // It is sealed when it is written, for the id that it then has.
    sealAuthString(ctx, newId(), authString ?? '');
    return { row: null, error: null };
  } catch (error) {
    if (error instanceof GatehouseError) return { row: null, error };
    throw error;
  }
}

function verdictOf(pass: Pass, one: Draft): Verdict {
  const { thing, row, carried, parts, item } = one;
  const differs = carried.changed || row?.authStringRevision !== thing?.authStringRevision;
  const facts = protocolFacts(parts);
  return verdictFor(pass, one, {
    there: thing && { name: `${item.wish.type} on ${item.wish.device}`, differs },
    create: [['network:create', facts]],
    update: [['network:update', facts]],
    error: one.error ?? carried.error,
  });
}

async function update(ctx: Context, drafts: readonly Draft[]): Promise<void> {
  const changes = drafts.flatMap(({ thing, row, carried }) => (thing && row ? [{ thing, row, carried }] : []));
  if (changes.length === 0) return;
  await ctx.use(protocolStore).updateMany(changes.map(({ row }) => row));
  await storeAttributes(
    ctx,
    'PROTOCOL',
    changes.flatMap(({ row, carried }) => toCarry(row, carried)),
  );
  const names = await namesOf(
    ctx,
    changes.map(({ row }) => row),
  );
  for (const { thing, row, carried } of changes) {
    const snapshot = toProtocolSnapshot(row, names, carried.after);
    appendProtocolEvent(ctx, protocolUpdated, row, {
      data: { protocol: snapshot },
      before: toProtocolSnapshot(thing, names, carried.before),
      after: snapshot,
    });
  }
}
