import { z } from 'zod';
import { InputError } from '#kernel/errors.ts';
import { fromGlobalId, isUuid } from '#kernel/id.ts';

/**
 * The value of an input after its schema's checks.
 * @param prefix put in front of every path, such as the index of an item in a bulk call.
 * @throws InputError with every fault, each at its path.
 */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  prefix: readonly string[] = [],
): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new InputError(
    result.error.issues.map((issue) => ({ path: [...prefix, ...issue.path.map(String)], message: issue.message })),
  );
}

const codePoints = (text: string): number => [...text].length;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const control = /[\u0000-\u001f\u007f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: all but tab and newline
const controlButLayout = /[\u0000-\u0008\u000b-\u001f\u007f]/;

/** One line of text in NFC, its length counted in code points. */
export function line(name: string, { min = 0, max }: { min?: number; max: number }) {
  return z
    .string(`${name} must be a text.`)
    .normalize('NFC')
    .refine((text) => codePoints(text) >= min, `${name} may not be empty.`)
    .refine((text) => codePoints(text) <= max, `${name} may not be longer than ${max} characters.`)
    .refine((text) => !control.test(text), `${name} may not hold control characters.`)
    .refine((text) => text.isWellFormed(), `${name} may not hold halves of surrogate pairs.`);
}

/** Text in NFC that may hold tabs and newlines. */
export function prose(name: string, { max = Number.POSITIVE_INFINITY }: { max?: number } = {}) {
  return z
    .string(`${name} must be a text.`)
    .normalize('NFC')
    .refine((text) => codePoints(text) <= max, `${name} may not be longer than ${max} characters.`)
    .refine((text) => !controlButLayout.test(text), `${name} may not hold control characters but tab and newline.`)
    .refine((text) => text.isWellFormed(), `${name} may not hold halves of surrogate pairs.`);
}

/** Text that is looked for: whatever it is, it may name nothing. Storages cannot compare with NUL. */
export function sought(name: string) {
  return z
    .string(`${name} must be a text.`)
    .normalize('NFC')
    .refine((text) => !text.includes('\u0000'), `${name} may not hold NUL.`);
}

/** The text of an id in a key: whether it names something is seen when it is looked up. */
export const idText = z.string('The id must be a text.');

/** An id of a thing of this type: its global id, or its row id. The value is the row id. */
export function rowId(type: string) {
  return z.string(`The id must be a text.`).transform((text, check) => {
    const known = isUuid(text) ? { type, id: text.toLowerCase() } : fromGlobalId(text);
    if (known?.type === type) return known.id;
    check.addIssue(`"${text.slice(0, 100)}" is no id of ${/^[AEIOU]/.test(type) ? 'an' : 'a'} ${type}.`);
    return z.NEVER;
  });
}

/** A look-up key: exactly one of several ways to name a thing, as `@oneOf` inputs of the graph are. */
export function oneKey<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = Object.keys(shape);
  const remedy = `Give exactly one of ${names.join(', ')}.`;
  return z
    .object(Object.fromEntries(Object.entries(shape).map(([name, schema]) => [name, z.nullish(schema)])), remedy)
    .refine((key) => names.filter((name) => key[name] != null).length === 1, remedy)
    .transform((key) => {
      const name = names.find((candidate) => key[candidate] != null) ?? '';
      return { [name]: key[name] } as OneOf<{ [Name in keyof Shape]: z.output<Shape[Name]> }>;
    });
}

/** An object that has exactly one of the keys. */
export type OneOf<Keys> = { [Name in keyof Keys]: { readonly [Key in Name]: Keys[Key] } }[keyof Keys];

/** A key as messages quote it. */
export const describeKey = (by: Readonly<Record<string, string>>): string =>
  Object.entries(by)
    .map(([name, text]) => `${name}='${text}'`)
    .join(', ');

/** An instant as ISO 8601 with its zone, read as UTC with microseconds. */
export const instant = () =>
  z.iso
    .datetime({ offset: true, error: 'Give an instant as ISO 8601 with its zone, such as 2026-03-01T09:30:00Z.' })
    .transform((text) => {
      const fraction = (/\.(\d+)/.exec(text)?.[1] ?? '').padEnd(6, '0').slice(0, 6);
      return new Date(text).toISOString().replace(/\.\d+Z$/, `.${fraction}Z`);
    });
