import { UnavailableError } from '#kernel/errors.ts';
import { type AccessOffer, createAccessToken, listAccess } from '#resolvers/platform/access/access.ts';
import type { Builder } from '#schema/builder.ts';
import { mutation } from '#schema/mutation.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    AccessOffer: AccessOffer;
  }
}

export function access(builder: Builder): void {
  builder.objectType('AccessOffer', {
    description: 'Databases of another system for which one may have a token.',
    fields: (t) => ({
      protocol: t.exposeString('protocol', { description: 'The kind of system: `mongodb`.' }),
      databases: t.stringList({
        description: 'The databases: those of which one has `access:use@<protocol>/<database>`.',
        resolve: ({ databases }) => [...databases],
      }),
      tokenCreatedAt: t.expose('tokenCreatedAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When one was last given a token; null where there is none.',
      }),
    }),
  });
  builder.queryField('access', (t) =>
    t.field({
      type: ['AccessOffer'],
      description: 'What one may have tokens for. Which systems there are is for plugins to say.',
      extensions: { personal: true },
      resolve: (_, __, ctx) => listAccess(ctx),
    }),
  );
  mutation(builder, 'accessTokenCreate', {
    description:
      'A token of one’s own for all the databases of a system that one may use; the one before opens nothing more.',
    errors: [UnavailableError],
    input: (t) => ({ protocol: t.string({ required: true, description: 'The kind of system.' }) }),
    resolve: (ctx, input) => createAccessToken(ctx, input as { protocol: string }),
    success: (t) => ({
      token: t.exposeString('token', { description: 'The token itself. It is shown this once.' }),
      offer: t.expose('offer', { type: 'AccessOffer', description: 'What it opens.' }),
    }),
  });
}
