import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { type FieldFault, InputError } from '#kernel/errors.ts';
import { line } from '#kernel/input.ts';
import { compilePattern, type Pattern } from '#kernel/pattern.ts';
import type { Attribute, AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';

/** The attributes of a thing: a text under each name, or a list of texts where the attribute is multi. By name. */
export type Attributes = Readonly<Record<string, string | readonly string[]>>;

/** The same within a snapshot. */
export const attributesSnapshot = z.record(z.string(), z.union([z.string(), z.array(z.string()).readonly()]));

/** Attributes as they are given: names and whatever stands under them. What is wrong with them is told by the check. */
export type GivenAttributes = Readonly<Record<string, unknown>>;

/** The field `attributes` of an input. The content is checked by `checkAttributes`, against the definitions. */
export const attributesInput = z.custom<GivenAttributes>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'attributes must be an object of names, each with a text or a list of texts.',
);

/** A value as a cell of a table gives it, which does not tell one text from a list of one. */
export class Cell {
  readonly values: readonly string[];

  constructor(values: readonly string[]) {
    this.values = values;
  }

  valueFor(multi: boolean): string | readonly string[] {
    return !multi && this.values.length === 1 ? (this.values[0] ?? '') : this.values;
  }
}

/** Attributes that fit their definitions, ready to be stored. */
export interface CheckedAttributes {
  readonly attributes: Attributes;
  readonly parts: readonly { readonly definition: Attribute; readonly values: readonly string[] }[];
}

export const noAttributes: CheckedAttributes = { attributes: {}, parts: [] };

/** What one thing is to carry, all of it. */
export interface AttributesWish {
  readonly siteId: string;
  readonly given: GivenAttributes;
  /** Names that are required beside those whose definition says so. */
  readonly alsoRequired?: readonly string[];
  /** Of the field `attributes`. */
  readonly path: readonly string[];
}

/**
 * Checks what things of a kind are to carry, however many, with one read, and holds the definitions until the unit of
 * work ends. Answers each wish with what to store or with all that is wrong.
 * @param planned definitions for any kind as they will be, in place of those that are stored.
 */
export async function judgeAttributes(
  ctx: Context,
  resource: AttributeResource,
  wishes: readonly AttributesWish[],
  planned: readonly Attribute[] = [],
): Promise<(CheckedAttributes | { readonly faults: readonly FieldFault[] })[]> {
  if (wishes.length === 0) return [];
  const wanted = [...Map.groupBy(wishes, ({ siteId }) => siteId)].map(([siteId, group]) => ({
    siteId,
    resource,
    names: [...new Set(group.flatMap(({ given, alsoRequired = [] }) => [...Object.keys(given), ...alsoRequired]))],
  }));
  const definitions = [...(await ctx.use(attributeStore).hold(wanted)), ...planned];
  const latest = new Map(
    definitions.filter((one) => one.resource === resource).map((one) => [`${one.siteId}/${one.name}`, one]),
  );
  const held = Map.groupBy(latest.values(), ({ siteId }) => siteId);
  const rules = new Map([...held].map(([siteId, definitions]) => [siteId, new Rules(definitions)]));
  return wishes.map((wish) => (rules.get(wish.siteId) ?? new Rules([])).judge(wish));
}

/** @throws InputError with everything that is wrong with any of them. */
export async function checkAttributes(
  ctx: Context,
  resource: AttributeResource,
  wishes: readonly AttributesWish[],
): Promise<CheckedAttributes[]> {
  const judged = await judgeAttributes(ctx, resource, wishes);
  const faults = judged.flatMap((verdict) => ('faults' in verdict ? verdict.faults : []));
  if (faults.length > 0) throw new InputError(faults);
  return judged as CheckedAttributes[];
}

const longestValue = 255;
const text = line('An attribute value', { max: longestValue });

/** The definitions of one kind of things in a Site, with their patterns compiled once. */
class Rules {
  readonly #byName: ReadonlyMap<string, Attribute>;
  readonly #required: readonly string[];
  readonly #patterns = new Map<string, Pattern>();

  constructor(definitions: readonly Attribute[]) {
    this.#byName = new Map(definitions.map((definition) => [definition.name, definition]));
    this.#required = definitions.filter(({ required }) => required).map(({ name }) => name);
  }

  judge({ given, alsoRequired = [], path }: AttributesWish): CheckedAttributes | { faults: FieldFault[] } {
    const faults: FieldFault[] = [];
    for (const name of Object.keys(given)) {
      if (!this.#byName.has(name))
        faults.push({ path: [...path, name], message: `Attribute name (${name}) does not exist.` });
    }
    const missing = [...new Set([...this.#required, ...alsoRequired])].filter((name) => !isSet(given, name)).sort();
    if (missing.length > 0) faults.push({ path, message: `Missing required attributes: ${missing.join(', ')}` });
    const parts = Object.keys(given)
      .sort()
      .flatMap((name) => {
        const definition = this.#byName.get(name);
        if (!definition) return [];
        const read = this.#read(definition, given[name]);
        if (Array.isArray(read)) return read.length === 0 ? [] : [{ definition, values: read }];
        faults.push(...read.faults.map((message) => ({ path: [...path, name], message })));
        return [];
      });
    if (faults.length > 0) return { faults };
    const attributes = Object.fromEntries(
      parts.map(({ definition, values }) => [definition.name, definition.multi ? values : (values[0] ?? '')]),
    );
    return { attributes, parts };
  }

  #read(definition: Attribute, said: unknown): string[] | { faults: readonly string[] } {
    const given = said instanceof Cell ? said.valueFor(definition.multi) : said;
    if (definition.multi && !Array.isArray(given)) return { faults: ['Attribute values must be a list type'] };
    const list: readonly unknown[] = definition.multi ? (given as unknown[]) : [given];
    if (!list.every((value) => typeof value === 'string'))
      return { faults: ['Attribute values must be a string type'] };
    const values = list.map((value) => value.normalize('NFC'));
    const repeated = values.find((value, index) => values.indexOf(value) < index);
    const faults = [...new Set(values.flatMap((value) => this.#faultsOf(definition, value)))];
    if (repeated !== undefined) faults.push(`Attribute ${definition.name} holds the value '${repeated}' twice.`);
    return faults.length > 0 ? { faults } : values;
  }

  #faultsOf(definition: Attribute, value: string): string[] {
    const { name, constraints } = definition;
    if (value === '' && !constraints.allowEmpty) return [`Attribute ${name} doesn't allow empty values`];
    const faults = text.safeParse(value).error?.issues.map(({ message }) => message) ?? [];
    if (constraints.pattern !== '' && !this.#pattern(constraints.pattern).matchesStart(value))
      faults.push(`Attribute value '${value}' for '${name}' didn't match pattern '${constraints.pattern}'`);
    if (constraints.validValues.length > 0 && !constraints.validValues.includes(value))
      faults.push(`Attribute value '${value}' for '${name}' not a valid value: ${constraints.validValues.join(', ')}`);
    return faults;
  }

  #pattern(source: string): Pattern {
    const pattern = this.#patterns.get(source) ?? compilePattern(source);
    this.#patterns.set(source, pattern);
    return pattern;
  }
}

/** An empty list means that the name is not set. */
function isSet(given: GivenAttributes, name: string): boolean {
  const value = Object.hasOwn(given, name) ? given[name] : [];
  return !(Array.isArray(value) && value.length === 0);
}
