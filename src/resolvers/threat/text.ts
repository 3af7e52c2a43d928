import { prose } from '#kernel/input.ts';

/** A text of several lines that may be missing: an empty one is kept as none. */
export const optionalText = (name: string, max = 10_000) =>
  prose(name, { max })
    .nullable()
    .transform((text) => text || null);

/** What is given of a change: a key without a value leaves what it names as it is. */
export const given = <Change extends object>(change: Change): Given<Change> =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Given<Change>;

type Given<Change> = { readonly [Key in keyof Change]?: Exclude<Change[Key], undefined> };
