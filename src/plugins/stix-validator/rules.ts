import { isJsonObject, type JsonObject } from '#kernel/json.ts';
import { type Form, formNamed, listOf } from '#plugins/stix-validator/forms.ts';

export interface PropertyRule {
  readonly name: string;
  readonly isRequired: boolean;
  readonly form: Form;
}

/** What holds for the objects of a type, or for a part of some. */
export interface TypeRules {
  readonly properties: readonly PropertyRule[];
  /** At least one of each of these lists is there. */
  readonly someOf: readonly (readonly string[])[];
  readonly notBoth: readonly (readonly [string, string])[];
  /** Who has the first has the second. */
  readonly demands: readonly (readonly [string, string])[];
  /** Instants of which the second is not before the first. */
  readonly inOrder: readonly (readonly [string, string])[];
  /** Instants of which the second is after the first. */
  readonly rising: readonly (readonly [string, string])[];
  /** Whether one property at least is there of those that not all types have. */
  readonly needsAny: boolean;
  /** What else may be wrong with one whose properties are right by themselves. */
  readonly fault: (object: JsonObject) => string | null;
  /** The names that all types of its sort have. */
  readonly sharedNames: ReadonlySet<string>;
}

const noRules: TypeRules = {
  properties: [],
  someOf: [],
  notBoth: [],
  demands: [],
  inOrder: [],
  rising: [],
  needsAny: false,
  fault: () => null,
  sharedNames: new Set(),
};

/**
 * The rules in a list of properties such as `name! aliases:texts`, with others.
 * @param base what all types of its sort have.
 */
export function typeRules(list: string, more: Partial<TypeRules> = {}, base: TypeRules = noRules): TypeRules {
  const own = list.split(' ').map((item) => {
    const [name = '', form = 'text'] = item.split(':');
    return { name: name.replace('!', ''), isRequired: name.endsWith('!'), form: formNamed(form) };
  });
  return {
    ...noRules,
    ...more,
    properties: [...base.properties, ...own, ...(more.properties ?? [])],
    sharedNames: new Set(base.properties.map(({ name }) => name)),
  };
}

/** A property whose value is a list of structures. */
export const property = (name: string, { list }: { readonly list: Form }): PropertyRule => ({
  name,
  isRequired: false,
  form: listOf(list),
});

/** A value with properties of its own. Others than those of the specification are taken there. */
export function structure(list: string, more: Partial<TypeRules> = {}): Form {
  const rules = typeRules(list, more);
  return (value) => (isJsonObject(value) ? faultOf(value, rules) : 'must be an object');
}

/** What is wrong with an object by the rules of its type; null where nothing is. */
export function faultOf(object: JsonObject, rules: TypeRules): string | null {
  const has = (name: string) => Object.hasOwn(object, name);
  const missing = rules.properties.filter(({ name, isRequired }) => isRequired && !has(name));
  if (missing.length > 0) return `No values for required properties: ${missing.map(({ name }) => name).join(', ')}`;
  for (const { name, form } of rules.properties) {
    const fault = has(name) ? form(object[name]) : null;
    if (fault !== null) return fault.startsWith('[') ? `${name}${fault}` : `${name}: ${fault}`;
  }
  return faultOfSets(rules, has) ?? faultOfTimes(object, rules) ?? rules.fault(object);
}

function faultOfSets(rules: TypeRules, has: (name: string) => boolean): string | null {
  const lacking = rules.someOf.find((names) => !names.some(has));
  if (lacking) return `No values for required properties: at least one of ${lacking.join(', ')}`;
  const both = rules.notBoth.find((names) => names.every(has));
  if (both) return `${both[1]}: is not for an object that has ${both[0]}`;
  const alone = rules.demands.find(([name, needed]) => has(name) && !has(needed));
  if (alone) return `No values for required properties: ${alone[1]}, which ${alone[0]} demands`;
  const isEmpty = rules.needsAny && !rules.properties.some(({ name }) => has(name) && !rules.sharedNames.has(name));
  return isEmpty ? 'No values for required properties: at least one beside those of all types' : null;
}

function faultOfTimes(object: JsonObject, { inOrder, rising }: TypeRules): string | null {
  const compared = ([first, second]: readonly [string, string]): number | null => {
    const [one, other] = [object[first], object[second]];
    return typeof one === 'string' && typeof other === 'string' ? compareTimes(one, other) : null;
  };
  const reversed = inOrder.find((pair) => (compared(pair) ?? 0) > 0);
  if (reversed) return `${reversed[1]}: may not be before ${reversed[0]}`;
  const still = rising.find((pair) => (compared(pair) ?? -1) >= 0);
  return still ? `${still[1]}: must be after ${still[0]}` : null;
}

/** Instants in UTC with any number of digits after the second. */
function compareTimes(one: string, other: string): number {
  const [first, second] = [one, other].map((time) =>
    time
      .slice(0, -1)
      .replace(/^([^.]*)$/, '$1.')
      .replace(/0+$/, ''),
  );
  return (first ?? '') === (second ?? '') ? 0 : (first ?? '') < (second ?? '') ? -1 : 1;
}
