import { isUuid } from '#kernel/id.ts';
import { line } from '#kernel/input.ts';
import { titleInput } from '#resolvers/threat/api-roots/input.ts';
import { flag, optionalText } from '#resolvers/threat/input.ts';

const aliasInput = line('alias', { max: 100 })
  .refine((text) => !/[/?#\s]/.test(text), 'alias may hold no blanks and none of / ? #.')
  // A URL with such a segment means another place.
  .refine((text) => text !== '.' && text !== '..', 'alias may not be only dots.')
  .refine((text) => !isUuid(text), 'alias may not have the form of a UUID.')
  .nullable()
  .transform((text) => text || null);

/** What a collection is given. Absent ones are left to who asks: they stay, or become their defaults. */
export const collectionFields = {
  title: titleInput,
  description: optionalText('description').optional(),
  alias: aliasInput.optional(),
  isPublic: flag('isPublic').optional(),
  isPublicWrite: flag('isPublicWrite').optional(),
};

export const collectionDefaults = { description: null, alias: null, isPublic: false, isPublicWrite: false } as const;
