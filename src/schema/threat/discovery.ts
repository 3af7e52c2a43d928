import { apiRootPath } from '#resolvers/threat/api-roots/api-root.ts';
import { type Discovery, discover, seenRoots } from '#resolvers/threat/api-roots/find.ts';
import type { Builder } from '#schema/builder.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    TaxiiDiscovery: Discovery;
  }
}

export function discovery(builder: Builder): void {
  builder.objectType('TaxiiDiscovery', {
    description: 'What a client of TAXII 2.1 begins with.',
    fields: (t) => ({
      title: t.exposeString('title', { description: 'How this gateway is called.' }),
      description: t.exposeString('description', { nullable: true, description: 'What is said of it.' }),
      contact: t.exposeString('contact', { nullable: true, description: 'Whom to turn to.' }),
      default: t.field({
        type: 'TaxiiApiRoot',
        nullable: true,
        description: 'The API root to begin with; null where there is none that the viewer may see.',
        resolve: ({ roots }, _, ctx) => seenRoots(ctx, roots).find(({ isDefault }) => isDefault) ?? null,
      }),
      apiRoots: t.field({
        type: ['TaxiiApiRoot'],
        description: 'The API roots that the viewer may see, by title.',
        resolve: ({ roots }, _, ctx) => seenRoots(ctx, roots),
      }),
      defaultPath: t.string({
        nullable: true,
        description: 'The path of the API root to begin with, whoever asks: one of `apiRootPaths`.',
        resolve({ roots }) {
          const root = roots.find(({ isDefault }) => isDefault);
          return root ? apiRootPath(root) : null;
        },
      }),
      apiRootPaths: t.stringList({
        description: 'The paths of all API roots, also of those that the viewer may not see without signing in.',
        resolve: ({ roots }) => roots.map(apiRootPath),
      }),
    }),
  });
  builder.queryField('taxiiDiscovery', (t) =>
    t.field({
      type: 'TaxiiDiscovery',
      description: 'What there is of TAXII 2.1. Without a credential only where `taxii.publicDiscovery` allows it.',
      resolve: (_, __, ctx) => discover(ctx),
    }),
  );
}
