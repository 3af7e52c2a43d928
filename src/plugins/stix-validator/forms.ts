import { isJsonObject } from '#kernel/json.ts';

/** Why a value is not what a property holds, without its name; null where it is. */
export type Form = (value: unknown) => string | null;

const text: Form = (value) => (typeof value === 'string' ? null : 'must be a text');

const isTime = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length <= 64 &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value) &&
  !Number.isNaN(Date.parse(value));

const idForm = /^([a-z0-9-]{3,250})--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** An id, of one of the types where any are named. */
const ref =
  (types: readonly string[]): Form =>
  (value) => {
    const type = typeof value === 'string' ? idForm.exec(value)?.[1] : undefined;
    if (type === undefined) return 'must be the id of an object';
    // Custom types stand in the place of those of the specification.
    return types.length === 0 || types.includes(type) || type.startsWith('x-')
      ? null
      : `must be the id of ${oneOf(types)}`;
  };

const number =
  (whole: boolean, [min, max]: readonly (number | undefined)[]): Form =>
  (value) => {
    const bounds = `${min === undefined ? '' : ` from ${min}`}${max === undefined ? '' : ` to ${max}`}`;
    const fits =
      typeof value === 'number' &&
      (whole ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
      value >= (min ?? value) &&
      value <= (max ?? value);
    return fits ? null : `must be a ${whole ? 'whole ' : ''}number${bounds}`;
  };

const among =
  (words: readonly string[]): Form =>
  (value) =>
    typeof value === 'string' && words.includes(value) ? null : `must be ${oneOf(words)}`;

const object: Form = (value) =>
  isJsonObject(value) && Object.keys(value).length > 0 ? null : 'must be an object that is not empty';

/** A list that is not empty, each member of one form. */
export const listOf =
  (member: Form): Form =>
  (value) => {
    if (!Array.isArray(value) || value.length === 0) return 'must be a list that is not empty';
    for (const [index, one] of value.entries()) {
      const fault = member(one);
      if (fault !== null) return `[${index}]: ${fault}`;
    }
    return null;
  };

const objects: Form = (value) => {
  if (!isJsonObject(value)) return object(value);
  const faulty = Object.entries(value).find(([, member]) => !isJsonObject(member));
  return faulty ? `${JSON.stringify(faulty[0])} must be an object` : object(value);
};

/** How many hexadecimal digits the hashes have whose length is known. */
const lengths: ReadonlyMap<string, number> = new Map([
  ['MD5', 32],
  ['SHA-1', 40],
  ['SHA-256', 64],
  ['SHA-512', 128],
  ['SHA3-256', 64],
  ['SHA3-512', 128],
]);

const hashes: Form = (value) => {
  if (!isJsonObject(value)) return object(value);
  for (const [algorithm, hash] of Object.entries(value)) {
    const length = lengths.get(algorithm);
    const fits = typeof hash === 'string' && (length === undefined || (hash.length === length && isHex(hash)));
    if (!fits) return `${algorithm} must be ${length === undefined ? 'a text' : `${length} hexadecimal digits`}`;
  }
  return object(value);
};

const isHex = (value: string): boolean => value.length % 2 === 0 && !/[^0-9a-fA-F]/.test(value);

const named: Readonly<Record<string, (parts: readonly string[]) => Form>> = {
  text: () => text,
  texts: () => listOf(text),
  boolean: () => (value) => (typeof value === 'boolean' ? null : 'must be true or false'),
  integer: (bounds) => number(true, bounds.map(Number)),
  float: (bounds) => number(false, bounds.map(Number)),
  time: () => (value) => (isTime(value) ? null : 'must be an instant in UTC such as 2016-04-06T20:03:48.000Z'),
  ref,
  refs: (types) => listOf(ref(types)),
  one: among,
  several: (words) => listOf(among(words)),
  object: () => object,
  objects: () => objects,
  hashes: () => hashes,
  hex: () => (value) => (typeof value === 'string' && isHex(value) ? null : 'must be hexadecimal digits in pairs'),
  binary: () => (value) => (typeof value === 'string' && !/[^A-Za-z0-9+/=\s]/.test(value) ? null : 'must be in base64'),
};

/** @param name such as `text`, `integer(0,100)` or `refs(file,directory)`. */
export function formNamed(name: string): Form {
  const [, word = '', parts = ''] = /^([a-z]+)(?:\((.*)\))?$/.exec(name) ?? [];
  const form = Object.hasOwn(named, word) ? named[word] : undefined;
  if (!form) throw new Error(`No form is called ${name}.`);
  return form(parts === '' ? [] : parts.split(','));
}

const oneOf = (words: readonly string[]): string =>
  words.length === 1 ? `${words[0]}` : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
