import type { Builder } from '#schema/builder.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Version: Version;
  }
}

/** What runs here. */
export interface Version {
  readonly gatehouse: string;
  readonly node: string;
}

/** @param read gives it once the gateway runs. */
export function version(builder: Builder, read: () => Version): void {
  builder.objectType('Version', {
    description: 'What runs here.',
    fields: (t) => ({
      gatehouse: t.exposeString('gatehouse', { description: 'The version of Gatehouse.' }),
      node: t.exposeString('node', { description: 'The version of Node.js.' }),
    }),
  });
  builder.queryField('version', (t) =>
    t.field({ type: 'Version', description: 'What runs here. Everybody may ask.', resolve: () => read() }),
  );
}
