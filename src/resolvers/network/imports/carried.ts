import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import type { AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import {
  type Attributes,
  type AttributesWish,
  Cell,
  type CheckedAttributes,
  type GivenAttributes,
  judgeAttributes,
} from '#resolvers/network/attributes/check.ts';
import { attributesOf, type Carrying } from '#resolvers/network/attributes/values.ts';
import type { Pass } from '#resolvers/network/imports/pass.ts';

/** A thing with the attributes that rows name. */
export interface CarriedWish {
  readonly siteId: string;
  /** Row id; null for one that is to be made. */
  readonly targetId: string | null;
  readonly given: GivenAttributes | undefined;
  /** See `AttributesWish`. */
  readonly alsoRequired?: readonly string[];
}

/** What becomes of what a thing carries. */
export interface Carried {
  readonly before: Attributes;
  readonly after: Attributes;
  readonly changed: boolean;
  /** To be stored; null for what stays as it is. */
  readonly checked: CheckedAttributes | null;
  /** What is wrong with it. */
  readonly error: InputError | null;
}

/** What things carry, by position; nothing for null. */
export async function carriedBy(ctx: Context, targetIds: readonly (string | null)[]): Promise<Attributes[]> {
  const present = targetIds.filter((id) => id !== null);
  const carried = new Map((await attributesOf(ctx, present)).map((attributes, index) => [present[index], attributes]));
  return targetIds.map((id) => (id === null ? {} : (carried.get(id) ?? {})));
}

/**
 * Judges what things are to carry, in at most two reads however many. What exists keeps attributes that the rows do not
 * name, and is not checked where nothing changes; what is made gets those that the import gives to all.
 */
export async function judgeCarried(
  pass: Pass,
  resource: AttributeResource,
  wishes: readonly CarriedWish[],
): Promise<Carried[]> {
  const before = await carriedBy(
    pass.ctx,
    wishes.map(({ targetId }) => targetId),
  );
  const asked = wishes.map(({ targetId, given, ...rest }, index): AttributesWish | null => {
    const carried = before[index] ?? {};
    const path = ['attributes'];
    if (targetId === null) return { ...rest, given: { ...pass.order.defaults?.attributes, ...given }, path };
    return sayMore(given, carried) ? { ...rest, given: { ...carried, ...given }, path } : null;
  });
  const wanted = asked.filter((wish) => wish !== null);
  const judged = await judgeAttributes(pass.ctx, resource, wanted, pass.known.definitions);
  const verdicts = new Map(wanted.map((wish, index) => [wish, judged[index]]));
  return asked.map((wish, index): Carried => {
    const carried = before[index] ?? {};
    const verdict = wish && verdicts.get(wish);
    if (!verdict) return { before: carried, after: carried, changed: false, checked: null, error: null };
    if ('faults' in verdict) {
      const error = new InputError(verdict.faults);
      return { before: carried, after: carried, changed: true, checked: null, error };
    }
    const changed =
      sayMore(verdict.attributes, carried) ||
      Object.keys(carried).some((name) => !Object.hasOwn(verdict.attributes, name));
    return { before: carried, after: verdict.attributes, changed, checked: verdict, error: null };
  });
}

/** Whether attributes that are given are not what is carried already. */
export const sayMore = (given: GivenAttributes | undefined, carried: Attributes): boolean =>
  Object.entries(given ?? {}).some(
    ([name, value]) => !sameValue(value, Object.hasOwn(carried, name) ? carried[name] : undefined),
  );

function sameValue(given: unknown, carried: Attributes[string] | undefined): boolean {
  const value = given instanceof Cell ? given.valueFor(typeof carried === 'object') : given;
  return JSON.stringify(value)?.normalize('NFC') === JSON.stringify(carried);
}

/** What is to be stored of a thing, where its attributes change. */
export const toCarry = (
  { id, siteId }: { readonly id: string; readonly siteId: string },
  { changed, checked }: Carried,
): Carrying[] => (changed && checked ? [{ targetId: id, siteId, checked }] : []);
