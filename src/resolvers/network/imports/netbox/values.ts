import { Cell } from '#resolvers/network/attributes/check.ts';
import { type NetboxFile, type NetboxObject, refOf, typeOf } from '#resolvers/network/imports/netbox/objects.ts';
import type { RowWarning } from '#resolvers/network/imports/row.ts';
import { identityAttribute } from '#resolvers/network/imports/wish.ts';

/** Code points of a value of an attribute. */
const longestValue = 255;
const longestName = 64;

/** Lists where NetBox has lists; all else fits any definition. */
export type NetboxValues = Readonly<Record<string, Cell | readonly string[]>>;

/** Gathers what an object carries, as attributes. What is empty is left out, and what is not in the file is too. */
export class Values {
  readonly warnings: RowWarning[] = [];
  readonly #file: NetboxFile;
  readonly #object: NetboxObject;
  readonly #values = new Map<string, Cell | readonly string[]>();

  constructor(file: NetboxFile, object: NetboxObject) {
    this.#file = file;
    this.#object = object;
  }

  get attributes(): NetboxValues {
    return Object.fromEntries(this.#values);
  }

  add(name: string, given: unknown): this {
    const isList = Array.isArray(given);
    const values = [...new Set((isList ? given : [given]).flatMap((value) => this.cut(name, toText(value))))];
    if (values.length > 0) this.#values.set(name, isList ? values : new Cell(values));
    return this;
  }

  /** A field of the object under its own name. */
  field(...names: readonly string[]): this {
    for (const name of names) this.add(name, this.#object.fields[name]);
    return this;
  }

  /** The name of the row of another model that a field refers to. */
  reference(name: string, model: string, { field = name, shown = 'name' } = {}): this {
    return this.add(name, this.find(name, model, this.#object.fields[field])?.fields[shown]);
  }

  /** A row of another model, or null with a warning when the reference leads nowhere. */
  find(name: string, model: string, pk: unknown): NetboxObject | null {
    if (pk === null || pk === undefined || pk === '') return null;
    const found = this.#file.find(model, pk);
    if (!found) this.missing(name, model, pk);
    return found;
  }

  missing(name: string, model: string, pk: unknown): void {
    const message = `${name} is left out: ${model}:${String(pk)} is not in the file.`;
    this.warnings.push({ code: 'REFERENCE_MISSING', message });
  }

  /** What every imported object carries: its key, its tags and its custom fields. */
  common(): this {
    if (this.#object.pk !== null) this.add(identityAttribute, refOf(this.#object));
    this.add('tags', this.#tags());
    const custom = this.#object.fields.custom_field_data ?? this.#object.fields.custom_fields;
    if (typeof custom !== 'object' || custom === null || Array.isArray(custom)) return this;
    for (const [field, value] of Object.entries(custom).sort(([one], [other]) => (one < other ? -1 : 1)))
      this.add(customName(field), value);
    return this;
  }

  #tags(): string[] {
    const names = this.#file
      .tagsOf(refOf(this.#object))
      .flatMap((pk) => this.find('a tag', 'extras.tag', pk)?.fields.name ?? []);
    return names.filter((name) => typeof name === 'string').sort();
  }

  /** A text that is short enough, with a warning when it was not. */
  cut(name: string, text: string | null, longest = longestValue): string[] {
    if (text === null) return [];
    const characters = [...text];
    if (characters.length <= longest) return [text];
    const message = `${name} is cut: it has ${characters.length} characters, and there may be ${longest}.`;
    this.warnings.push({ code: 'VALUE_CUT', message });
    return [characters.slice(0, longest).join('')];
  }
}

/** Null for what is empty. Line breaks and other characters that no value may hold become blanks. */
export function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const clean = text
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
    .normalize('NFC');
  return clean.trim() === '' ? null : clean;
}

/** Names of custom fields may hold capitals and be as long as they like. */
function customName(field: string): string {
  const name = `cf_${field.toLowerCase().replace(/[^a-z0-9_]+/g, '_')}`.slice(0, longestName);
  // Set queries could not name it otherwise.
  return name.endsWith('_regex') ? `${name.slice(0, longestName - 1)}_` : name;
}

/** The object that a pair of fields refers to, when it is of that model. */
export const referred = (type: unknown, pk: unknown, model: string): unknown =>
  typeOf(type) === model ? (pk ?? null) : null;
