import { z } from 'zod';
import { isUuid } from '#kernel/id.ts';
import { line } from '#kernel/input.ts';
import { flag, optionalText } from '#resolvers/threat/input.ts';

export const titleInput = line('title', { min: 1, max: 100 });

const slugForm = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const slugInput = z
  .string('slug must be a text.')
  .refine(
    (text) => text === '' || slugForm.test(text),
    'slug takes a-z, 0-9 and hyphens between them, 63 characters at most.',
  )
  .refine((text) => !isUuid(text), 'slug may not have the form of a UUID.')
  .nullable()
  .transform((text) => text || null);

/** What an API root is given. Absent ones are left to who asks: they stay, or become their defaults. */
export const apiRootFields = {
  title: titleInput,
  slug: slugInput.optional(),
  description: optionalText('description').optional(),
  isDefault: flag('isDefault').optional(),
  isPublic: flag('isPublic').optional(),
};

export const apiRootDefaults = { slug: null, description: null, isDefault: false, isPublic: false } as const;
