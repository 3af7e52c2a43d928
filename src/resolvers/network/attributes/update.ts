import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import {
  type Attribute,
  attributeFacts,
  attributeGlobalId,
  attributeUpdated,
  toAttributeSnapshot,
} from '#resolvers/network/attributes/attribute.ts';
import { attributeFinder, attributeKey } from '#resolvers/network/attributes/find.ts';
import { applyRules, defaultRules, type GivenRules, ruleFields } from '#resolvers/network/attributes/rules.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import { bulkItems, type Given, type Items, only, refuseRepeats, singleItem } from '#resolvers/network/bulk.ts';
import { notFound, type Reference } from '#resolvers/network/keys.ts';
import { expectAll } from '#resolvers/network/lookup.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';
import { siteFacts } from '#resolvers/network/sites/site.ts';

const attributeChange = z.object({ site: siteKey.nullish(), by: attributeKey, ...ruleFields });
export type AttributeUpdate = Given<z.input<typeof attributeChange>>;

/** Changes what is given and leaves the rest. What things carry stays as it is: the next write of it is checked. */
export const updateAttribute = async (ctx: Context, input: AttributeUpdate): Promise<Attribute> =>
  only(await change(ctx, singleItem(attributeChange, input), patched));

export const updateAttributes = async (ctx: Context, inputs: readonly AttributeUpdate[]): Promise<Attribute[]> =>
  change(ctx, bulkItems(ctx, attributeChange, inputs), patched);

/** Sets everything that can change; what is not given gets its default. */
export const replaceAttribute = async (ctx: Context, input: AttributeUpdate): Promise<Attribute> =>
  only(await change(ctx, singleItem(attributeChange, input), replaced));

export const replaceAttributes = async (ctx: Context, inputs: readonly AttributeUpdate[]): Promise<Attribute[]> =>
  change(ctx, bulkItems(ctx, attributeChange, inputs), replaced);

type Change = Reference & GivenRules;
type Apply = (former: Attribute, given: GivenRules) => Attribute;

const patched: Apply = applyRules;
const replaced: Apply = (former, given) => applyRules({ ...former, ...defaultRules }, given);

async function change(ctx: Context, items: Items<Change>, apply: Apply): Promise<Attribute[]> {
  allowSomewhere(ctx, 'network:admin');
  return ctx.atomically(async (ctx) => {
    const before = await lockAttributes(ctx, items, 'update');
    const now = microseconds(ctx.clock.now());
    const after = before.map((attribute, index) => {
      const wanted = apply(attribute, items.values[index] ?? {});
      return sameRules(attribute, wanted) ? attribute : { ...wanted, updatedAt: now };
    });
    await refuseSingle(ctx, items, before, after);
    const changed = after.filter((attribute, index) => attribute !== before[index]);
    if (changed.length > 0) await ctx.use(attributeStore).updateMany(changed);
    for (const [index, attribute] of after.entries()) {
      const former = before[index];
      if (former && attribute !== former) appendAttributeUpdated(ctx, former, attribute);
    }
    return after;
  });
}

/** Appends the event of a change that was written. */
export function appendAttributeUpdated(ctx: Context, before: Attribute, after: Attribute): void {
  const snapshot = toAttributeSnapshot(after);
  ctx.events.append(
    attributeUpdated,
    { attribute: snapshot },
    {
      subject: attributeGlobalId(after.id),
      scope: attributeFacts(after),
      before: toAttributeSnapshot(before),
      after: snapshot,
    },
  );
}

export const sameRules = (one: Attribute, other: Attribute): boolean =>
  JSON.stringify(toAttributeSnapshot(one)) === JSON.stringify(toAttributeSnapshot(other));

/** @throws ConflictError for an attribute that is to hold one value while a thing carries several. */
async function refuseSingle(
  ctx: Context,
  items: Items<unknown>,
  before: readonly Attribute[],
  after: readonly Attribute[],
): Promise<void> {
  const narrowed = after.filter((attribute, index) => before[index]?.multi && !attribute.multi);
  if (narrowed.length === 0) return;
  const held = new Set(await ctx.use(attributeStore).carriedTwice(narrowed.map(({ id }) => id)));
  const index = after.findIndex(({ id, multi }) => !multi && held.has(id));
  const attribute = after[index];
  if (attribute) throw mustStayMulti(attribute.name, items.path(index, 'multi'));
}

export const mustStayMulti = (name: string, path: readonly string[]): ConflictError =>
  new ConflictError(`Attribute ${name} must stay multi: something carries more than one value of it.`, path);

/** The attributes of a call, locked, after a check of the rights. */
export async function lockAttributes(
  ctx: Context,
  items: Items<Reference>,
  verb: 'update' | 'delete',
): Promise<Attribute[]> {
  const attributes = await expectAll(ctx, attributeFinder, items, verb);
  for (const { siteId } of attributes) allow(ctx, 'network:admin', siteFacts({ id: siteId }));
  const ids = attributes.map(({ id }) => id);
  refuseRepeats(items, ids);
  const locked = await ctx.use(attributeStore).lock(ids);
  return locked.map((attribute, index) => {
    if (!attribute) throw notFound('Attribute', items, index, verb);
    return attribute;
  });
}
