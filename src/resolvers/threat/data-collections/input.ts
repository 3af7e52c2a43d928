import { z } from 'zod';
import { contentBindings } from '#resolvers/threat/content-blocks/binding.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';
import { flag, optionalText } from '#resolvers/threat/input.ts';

/** What a URI may hold: names go into messages and permissions as they are. */
const uriForm = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;

export const dataCollectionName = z
  .string('name must be a text.')
  .min(1, 'name may not be empty.')
  .max(300, 'name may not be longer than 300 characters.')
  .regex(uriForm, 'name may hold only what a URI may: no blanks, and nothing beyond ASCII.');

/** What a data collection is given. Absent ones are left to who asks: they stay, or become their defaults. */
export const dataCollectionFields = {
  name: dataCollectionName,
  type: z.enum(['DATA_FEED', 'DATA_SET'], 'type must be DATA_FEED or DATA_SET.').optional(),
  description: optionalText('description').optional(),
  acceptAllContent: flag('acceptAllContent').optional(),
  supportedContent: contentBindings.optional(),
  available: flag('available').optional(),
};

/** What a data collection is of which nothing is said. */
export const dataCollectionDefaults = {
  type: 'DATA_FEED',
  description: null,
  acceptAllContent: false,
  supportedContent: [],
  available: true,
} as const satisfies Partial<DataCollection>;
