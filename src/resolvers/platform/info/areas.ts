import type { PermissionArea, ScopeKind } from '#kernel/catalogue.ts';

/** Tenants are names that routes know; nobody keeps a list of them. */
const tenantKind: ScopeKind = {
  resolve: async (_, text) => text,
  display: async (_, text) => text,
};

/** The areas of permissions on what plugins mount. */
export const mountAreas: readonly PermissionArea[] = [
  {
    name: 'api',
    description:
      'Routes, links and folders of plugins, by a pattern on their names that is held against the beginning.',
    scope: 'pattern',
    implies: { use: ['read', 'create', 'update', 'delete'] },
    verbs: {
      read: { description: 'GET and HEAD.' },
      create: { description: 'POST.' },
      update: { description: 'PUT and PATCH.' },
      delete: { description: 'DELETE.' },
      use: { description: 'All of them.' },
    },
  },
  {
    name: 'tenant',
    description: 'Tenants, by their whole names: `a/b` is not within `a`.',
    scope: 'kinds',
    kinds: { tenant: tenantKind },
    verbs: { use: { description: 'Enter routes of the tenant.' } },
  },
  {
    name: 'app',
    description: 'Keys that plugins give a meaning.',
    scope: 'key',
    verbs: { use: { description: 'Whatever the key stands for.' } },
  },
];
