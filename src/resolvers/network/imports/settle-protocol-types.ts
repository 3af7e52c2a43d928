import { microseconds } from '#kernel/context.ts';
import { newId } from '#kernel/id.ts';
import { mayRead } from '#resolvers/network/access.ts';
import { attributeFinder } from '#resolvers/network/attributes/find.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import type { Settled } from '#resolvers/network/imports/known.ts';
import { Docket, inSites, type Sited, verdictFor } from '#resolvers/network/imports/outline.ts';
import { alreadyThere, Overtaken, type Pass } from '#resolvers/network/imports/pass.ts';
import { findReferences, firstRefusal, idOf } from '#resolvers/network/imports/references.ts';
import { failed } from '#resolvers/network/imports/row.ts';
import type { ProtocolTypeWish } from '#resolvers/network/imports/wish.ts';
import { insertProtocolTypes } from '#resolvers/network/protocol-types/create.ts';
import {
  type ProtocolType,
  protocolTypeFacts,
  protocolTypeStore,
} from '#resolvers/network/protocol-types/protocol-type.ts';
import { updateProtocolTypes } from '#resolvers/network/protocol-types/update.ts';
import { siteFacts } from '#resolvers/network/sites/site.ts';

interface Placed extends Sited<ProtocolTypeWish> {
  /** Row ids of the attributes that it is to require, sorted; undefined where the row does not say it. */
  readonly required: readonly string[] | undefined;
}

interface Located extends Placed {
  /** What there is, whether or not the viewer may read it. */
  readonly type: ProtocolType | null;
  readonly wanted: ProtocolType;
  readonly differs: boolean;
}

/** Types of protocols. What they require is left for the protocols behind them. */
export async function settleProtocolTypes(pass: Pass, items: readonly Item<ProtocolTypeWish>[]): Promise<Settled> {
  const docket = new Docket<Located>();
  const { verdicts, ids } = docket;
  const located = await findTypes(pass, await findRequired(pass, inSites(pass, items, verdicts), docket));
  for (const one of located) {
    const { item, siteId, type, differs } = one;
    const need = ['network:admin', siteFacts({ id: siteId })] as const;
    const there = type && mayRead(pass.ctx, protocolTypeFacts(type)) ? { name: type.name, differs } : null;
    verdicts.set(item, verdictFor(pass, one, { there, create: [need], update: [need], error: null }));
    if (there && !docket.fails(one)) ids.set(item, one.wanted.id);
  }
  const [changed, fresh] = [docket.having('UPDATED', located), docket.having('CREATED', located)];
  if (!pass.writes) {
    for (const { item, wanted } of fresh) ids.set(item, wanted.id);
    for (const { wanted } of [...changed, ...fresh]) pass.known.protocolTypes.set(wanted.id, wanted);
    return docket;
  }
  const changes = changed.flatMap(({ type, wanted }) => (type ? [{ before: type, after: wanted }] : []));
  const [taken] = await updateProtocolTypes(pass.ctx, changes);
  if (taken) throw new Overtaken(taken.name);
  const made = await insertProtocolTypes(
    pass.ctx,
    fresh.map(({ wanted: { siteId, name, description, requiredAttributeIds } }) => ({
      siteId,
      name,
      description,
      requiredAttributeIds,
    })),
  );
  fresh.forEach(({ item, type }, index) => {
    const one = made[index];
    if (one) ids.set(item, one.id);
    // One that the viewer may not see is in the way, and another look would find it again.
    else if (type) verdicts.set(item, failed(alreadyThere(item, item.wish.name)));
    else throw new Overtaken(item.wish.name);
  });
  return docket;
}

/** The attributes that types are to require, held where the pass writes. Types whose attributes cannot be had fail. */
async function findRequired(
  pass: Pass,
  sited: readonly Sited<ProtocolTypeWish>[],
  { verdicts }: Docket<Located>,
): Promise<Placed[]> {
  const asked = sited.flatMap(({ item: { wish }, siteId }) =>
    (wish.requiredAttributes ?? []).map((name) => ({
      siteId,
      site: wish.site,
      key: `PROTOCOL ${name}`,
      wish: { kind: 'ATTRIBUTE', site: wish.site, resource: 'PROTOCOL', name } as const,
      field: 'requiredAttributes',
    })),
  );
  const found = await findReferences(pass, attributeFinder, asked);
  if (pass.writes && asked.length > 0) {
    const held = await pass.ctx.use(attributeStore).hold(
      [...Map.groupBy(asked, ({ siteId }) => siteId)].map(([siteId, group]) => ({
        siteId,
        resource: 'PROTOCOL',
        names: [...new Set(group.map(({ wish }) => wish.name))],
      })),
    );
    const ids = new Set(held.map(({ id }) => id));
    // Somebody deleted it since it was found: on another look it is not found.
    const gone = asked.find((_, index) => !ids.has(idOf(found[index]) ?? '') && idOf(found[index]) !== null);
    if (gone) throw new Overtaken(gone.wish.name);
  }
  let next = 0;
  return sited.flatMap((one): Placed[] => {
    const names = one.item.wish.requiredAttributes;
    const own = (names ?? []).map(() => found[next++]);
    const refused = firstRefusal(...own);
    if (refused) verdicts.set(one.item, refused);
    return refused ? [] : [{ ...one, required: names && own.map((attribute) => idOf(attribute) ?? '').sort() }];
  });
}

/** What there is of the types, locked where the pass may change them. */
async function findTypes({ ctx, writes }: Pass, placed: readonly Placed[]): Promise<Located[]> {
  if (placed.length === 0) return [];
  const store = ctx.use(protocolTypeStore);
  const keys = placed.map(({ siteId, item }) => ({ siteId, key: item.wish.name }));
  const matches = await store.match(keys, 'all');
  const now = microseconds(ctx.clock.now());
  const located = placed.map((one, index) => asWanted(one, matches[index]?.[0] ?? null, now));
  const differing = located.filter(({ differs }) => differs).flatMap(({ type }) => type?.id ?? []);
  if (!writes || differing.length === 0) return located;
  const locked = new Map((await store.lock(differing)).map((type) => [type?.id, type]));
  return located.map((one) => {
    if (!one.differs || !one.type) return one;
    const type = locked.get(one.type.id) ?? null;
    // Somebody may have given it another name since it was found.
    return asWanted(one, type?.name === one.item.wish.name ? type : null, now);
  });
}

function asWanted({ item, siteId, required }: Placed, type: ProtocolType | null, now: string): Located {
  const { name, description } = item.wish;
  const former = type ?? {
    id: newId(),
    siteId,
    name,
    description: '',
    requiredAttributeIds: [],
    createdAt: now,
    updatedAt: now,
  };
  const wanted = {
    ...former,
    description: description ?? former.description,
    requiredAttributeIds: required ?? former.requiredAttributeIds,
  };
  const same =
    type !== null &&
    wanted.description === type.description &&
    String(wanted.requiredAttributeIds) === String(type.requiredAttributeIds);
  return { item, siteId, required, type, wanted: same ? wanted : { ...wanted, updatedAt: now }, differs: !same };
}
