import { type Context, microseconds } from '#kernel/context.ts';
import { newId } from '#kernel/id.ts';
import type { AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import {
  type Attributes,
  type CheckedAttributes,
  checkAttributes,
  type GivenAttributes,
} from '#resolvers/network/attributes/check.ts';
import { attributeStore, type CarriedValue } from '#resolvers/network/attributes/store.ts';

/**
 * What things carry, empty for those that carry nothing, in one read however many. A batch: `ctx.load(attributesOf, id)`.
 * @param targetIds row ids of things of any kind.
 */
export async function attributesOf(ctx: Context, targetIds: readonly string[]): Promise<Attributes[]> {
  if (targetIds.length === 0) return [];
  const carried = Map.groupBy(await ctx.use(attributeStore).valuesOf(targetIds), ({ targetId }) => targetId);
  return targetIds.map((id) => toAttributes(carried.get(id) ?? []));
}

function toAttributes(carried: readonly CarriedValue[]): Attributes {
  return Object.fromEntries(
    [...Map.groupBy(carried, ({ name }) => name)].map(([name, values]) => [
      name,
      values[0]?.multi ? values.map(({ value }) => value) : (values[0]?.value ?? ''),
    ]),
  );
}

/** Whether two things carry the same. */
const sameAttributes = (one: Attributes, other: Attributes): boolean =>
  JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());

/** A thing with all that it carries from now on. */
export interface Carrying {
  readonly targetId: string;
  readonly siteId: string;
  readonly checked: CheckedAttributes;
}

/** Stores what things of a kind carry, in place of what they carried, with one statement however many. */
export async function storeAttributes(
  ctx: Context,
  resource: AttributeResource,
  things: readonly Carrying[],
): Promise<void> {
  if (things.length === 0) return;
  const now = microseconds(ctx.clock.now());
  const values = things.flatMap(({ targetId, siteId, checked }) =>
    checked.parts.flatMap(({ definition, values }) =>
      values.map((value, position) => ({
        id: newId(),
        attributeId: definition.id,
        siteId,
        resource,
        targetId,
        name: definition.name,
        value,
        position,
        createdAt: now,
        updatedAt: now,
      })),
    ),
  );
  await ctx.use(attributeStore).replaceValues(
    things.map(({ targetId }) => targetId),
    values,
  );
}

/**
 * Attributes that follow from those that a thing carries, which are read when it is locked. It stands in the place of
 * given attributes.
 */
export class AttributesEdit {
  readonly apply: (carried: Attributes) => GivenAttributes;

  private constructor(apply: (carried: Attributes) => GivenAttributes) {
    this.apply = apply;
  }

  static of(apply: (carried: Attributes) => GivenAttributes): GivenAttributes {
    return new AttributesEdit(apply) as unknown as GivenAttributes;
  }
}

/** What a write makes of what a thing carries. */
export interface AttributesChange {
  readonly before: Attributes;
  readonly after: Attributes;
  readonly changed: boolean;
}

/** A thing whose attributes may be given: all of them, or undefined to leave them unread and unchecked. */
export interface AttributesGiven {
  readonly targetId: string;
  readonly siteId: string;
  readonly given: GivenAttributes | undefined;
  readonly alsoRequired?: readonly string[];
  /** Of the field `attributes`. */
  readonly path: readonly string[];
}

/**
 * Checks what things of a kind are to carry, stores what differs, and tells what was and is. The caller has locked the
 * things.
 * @throws InputError with everything that is wrong with any of them.
 */
export async function changeAttributes(
  ctx: Context,
  resource: AttributeResource,
  things: readonly AttributesGiven[],
): Promise<AttributesChange[]> {
  const carried = await attributesOf(
    ctx,
    things.map(({ targetId }) => targetId),
  );
  const given = things.flatMap(({ given, ...rest }, index) => {
    if (given === undefined) return [];
    return [{ ...rest, given: given instanceof AttributesEdit ? given.apply(carried[index] ?? {}) : given }];
  });
  const checked = new Map<string, CheckedAttributes>();
  for (const [index, verdict] of (await checkAttributes(ctx, resource, given)).entries())
    checked.set(given[index]?.targetId ?? '', verdict);
  const changes = things.map(({ targetId }, index): AttributesChange => {
    const before = carried[index] ?? {};
    const after = checked.get(targetId)?.attributes ?? before;
    return { before, after, changed: !sameAttributes(before, after) };
  });
  await storeAttributes(
    ctx,
    resource,
    things.flatMap(({ targetId, siteId }, index) => {
      const verdict = changes[index]?.changed ? checked.get(targetId) : undefined;
      return verdict ? [{ targetId, siteId, checked: verdict }] : [];
    }),
  );
  return changes;
}

/** Forgets what deleted things carried. */
export async function dropAttributes(ctx: Context, targetIds: readonly string[]): Promise<void> {
  if (targetIds.length > 0) await ctx.use(attributeStore).replaceValues(targetIds, []);
}
