import { newId } from '#kernel/id.ts';
import type { Page } from '#kernel/page.ts';
import type { TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import type { TaxiiCollection } from '#resolvers/threat/collections/collection.ts';

const now = '2026-03-01T09:30:00.123456Z';

export const aRoot = (title: string, parts: Partial<TaxiiApiRoot> = {}): TaxiiApiRoot => ({
  id: newId(),
  slug: null,
  title,
  description: null,
  isDefault: false,
  isPublic: false,
  createdAt: now,
  updatedAt: now,
  ...parts,
});

export const aCollection = (
  apiRootId: string,
  title: string,
  parts: Partial<TaxiiCollection> = {},
): TaxiiCollection => ({
  id: newId(),
  apiRootId,
  title,
  description: null,
  alias: null,
  isPublic: false,
  isPublicWrite: false,
  objectCount: 0,
  createdAt: now,
  updatedAt: now,
  ...parts,
});

export const firstPage = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 } as const;

export const titlesOf = ({ items }: Page<{ readonly title: string }>): string[] => items.map(({ node }) => node.title);
