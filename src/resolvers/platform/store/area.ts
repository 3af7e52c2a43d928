import type { PermissionArea } from '#kernel/catalogue.ts';

/** Documents are covered by the paths that they lie at and below. */
export const storeArea: PermissionArea = {
  name: 'store',
  description: 'Documents, by path: one covers the document there and everything below it.',
  scope: 'path',
  fact: 'path',
  verbs: {
    read: { description: 'See documents, with what they inherit.' },
    write: { description: 'Make, change and delete documents.' },
  },
};
