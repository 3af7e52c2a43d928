import { z } from 'zod';
import { isUuid } from '#kernel/id.ts';
import { prose } from '#kernel/input.ts';

export const flag = (name: string) => z.boolean(`${name} must be true or false.`);

/** A UUID that its owner chose. */
export const givenTaxiiId = z
  .string('taxiiId must be a text.')
  .refine(isUuid, 'taxiiId must be a UUID.')
  .transform((text) => text.toLowerCase());

/** A text of several lines that may be missing: an empty one is kept as none. */
export const optionalText = (name: string, max = 10_000) =>
  prose(name, { max })
    .nullable()
    .transform((text) => text || null);

/** What is given of a change: a key without a value leaves what it names as it is. */
export const given = <Change extends object>(change: Change): Given<Change> =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Given<Change>;

type Given<Change> = { readonly [Key in keyof Change]?: Exclude<Change[Key], undefined> };
