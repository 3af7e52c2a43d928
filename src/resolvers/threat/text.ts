import { prose } from '#kernel/input.ts';

/** A text of several lines that may be missing: an empty one is kept as none. */
export const optionalText = (name: string, max = 10_000) =>
  prose(name, { max })
    .nullable()
    .transform((text) => text || null);
