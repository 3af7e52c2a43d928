import { microseconds } from '#kernel/context.ts';
import type { ConflictError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { mayRead } from '#resolvers/network/access.ts';
import { type Attribute, attributeFacts } from '#resolvers/network/attributes/attribute.ts';
import { insertAttributes } from '#resolvers/network/attributes/create.ts';
import { applyRules, defaultRules } from '#resolvers/network/attributes/rules.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import { appendAttributeUpdated, mustStayMulti, sameRules } from '#resolvers/network/attributes/update.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import type { Settled } from '#resolvers/network/imports/known.ts';
import { Docket, inSites, type Sited, verdictFor } from '#resolvers/network/imports/outline.ts';
import { alreadyThere, Overtaken, type Pass } from '#resolvers/network/imports/pass.ts';
import { failed } from '#resolvers/network/imports/row.ts';
import type { AttributeWish } from '#resolvers/network/imports/wish.ts';
import { siteFacts } from '#resolvers/network/sites/site.ts';

interface Located extends Sited<AttributeWish> {
  /** What there is, whether or not the viewer may read it. */
  readonly attribute: Attribute | null;
  /** As it is to be. */
  readonly wanted: Attribute;
  readonly differs: boolean;
}

/** Definitions. Those that a pass only plans are left for the steps behind it. */
export async function settleAttributes(pass: Pass, items: readonly Item<AttributeWish>[]): Promise<Settled> {
  const docket = new Docket<Located>();
  const { verdicts, ids } = docket;
  const located = await findDefinitions(pass, inSites(pass, items, verdicts));
  const narrowed = await refuseSingle(pass, located);
  for (const one of located) {
    const { item, siteId, attribute } = one;
    const need = ['network:admin', siteFacts({ id: siteId })] as const;
    const there =
      attribute && mayRead(pass.ctx, attributeFacts(attribute))
        ? { name: nameOf(item.wish), differs: one.differs }
        : null;
    const error = narrowed.get(one) ?? null;
    verdicts.set(item, verdictFor(pass, one, { there, create: [need], update: [need], error }));
    if (there && !docket.fails(one)) ids.set(item, one.wanted.id);
  }
  const [changed, fresh] = [docket.having('UPDATED', located), docket.having('CREATED', located)];
  if (!pass.writes) {
    for (const { item, wanted } of fresh) ids.set(item, wanted.id);
    for (const { wanted } of [...changed, ...fresh]) pass.known.definitions.push(wanted);
    return docket;
  }
  await update(pass, changed);
  const made = await insertAttributes(
    pass.ctx,
    fresh.map(({ siteId, item: { wish } }) => ({ ...wish, siteId })),
  );
  fresh.forEach(({ item, attribute }, index) => {
    const definition = made[index];
    if (definition) ids.set(item, definition.id);
    // One that the viewer may not see is in the way, and another look would find it again.
    else if (attribute) verdicts.set(item, failed(alreadyThere(item, nameOf(item.wish))));
    else throw new Overtaken(nameOf(item.wish));
  });
  return docket;
}

const nameOf = ({ name, resource }: AttributeWish): string => `Attribute ${name} for ${resource}`;

/** What there is of the definitions, locked where the pass may change them. */
async function findDefinitions({ ctx, writes }: Pass, sited: readonly Sited<AttributeWish>[]): Promise<Located[]> {
  if (sited.length === 0) return [];
  const store = ctx.use(attributeStore);
  const names = sited.map(({ siteId, item: { wish } }) => ({ siteId, resource: wish.resource, name: wish.name }));
  const matches = await store.match(names, 'all');
  const now = microseconds(ctx.clock.now());
  const located = sited.map((one, index) => withRules(one, matches[index]?.[0] ?? null, now));
  const differing = located.filter(({ differs }) => differs).flatMap(({ attribute }) => attribute?.id ?? []);
  if (!writes || differing.length === 0) return located;
  const locked = new Map((await store.lock(differing)).map((attribute) => [attribute?.id, attribute]));
  return located.map((one) => {
    const { differs, attribute } = one;
    return differs && attribute ? withRules(one, locked.get(attribute.id) ?? null, now) : one;
  });
}

function withRules({ item, siteId }: Sited<AttributeWish>, attribute: Attribute | null, now: string): Located {
  const { resource, name, ...given } = item.wish;
  const former = attribute ?? { id: newId(), siteId, resource, name, ...defaultRules, createdAt: now, updatedAt: now };
  const wanted = applyRules(former, given);
  const differs = !(attribute && sameRules(attribute, wanted));
  return { item, siteId, attribute, wanted: differs ? { ...wanted, updatedAt: now } : wanted, differs };
}

/** Those that are to hold one value while a thing carries several. */
async function refuseSingle(pass: Pass, located: readonly Located[]): Promise<ReadonlyMap<Located, ConflictError>> {
  const narrowed = located.filter(({ attribute, wanted }) => attribute?.multi && !wanted.multi);
  if (narrowed.length === 0) return new Map();
  const held = new Set(await pass.ctx.use(attributeStore).carriedTwice(narrowed.map(({ wanted }) => wanted.id)));
  return new Map(
    narrowed.filter(({ wanted }) => held.has(wanted.id)).map((one) => [one, mustStayMulti(one.wanted.name, ['multi'])]),
  );
}

async function update({ ctx }: Pass, changed: readonly Located[]): Promise<void> {
  if (changed.length === 0) return;
  await ctx.use(attributeStore).updateMany(changed.map(({ wanted }) => wanted));
  for (const { attribute, wanted } of changed) if (attribute) appendAttributeUpdated(ctx, attribute, wanted);
}
