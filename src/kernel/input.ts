import { z } from 'zod';
import { InputError } from '#kernel/errors.ts';

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
    .refine((text) => !control.test(text), `${name} may not hold control characters.`);
}

/** Text in NFC that may hold tabs and newlines. */
export function prose(name: string, { max = Number.POSITIVE_INFINITY }: { max?: number } = {}) {
  return z
    .string(`${name} must be a text.`)
    .normalize('NFC')
    .refine((text) => codePoints(text) <= max, `${name} may not be longer than ${max} characters.`)
    .refine((text) => !controlButLayout.test(text), `${name} may not hold control characters but tab and newline.`);
}
