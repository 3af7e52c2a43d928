import { InputError } from '#kernel/errors.ts';
import type { Builder } from '#schema/builder.ts';
import { mutation } from '#schema/mutation.ts';

/** What concerns the open connection itself. */
export function connections(builder: Builder): void {
  mutation(builder, 'connectionRenew', {
    description:
      'Swaps the credential of the open socket for another one of the same account. What is subscribed goes on untouched.',
    input: (t) => ({
      credential: t.string({ required: true, description: 'A token, or a whole `Authorization` value.' }),
    }),
    resolve: async (ctx, { credential }): Promise<{ expiresAt: string | null }> => {
      if (!ctx.connection)
        throw InputError.at([], 'Only a socket has a credential to renew. Send the new one instead.');
      const { credential: renewed } = await ctx.connection.renew(credential);
      return { expiresAt: renewed?.expiresAt == null ? null : new Date(renewed.expiresAt).toISOString() };
    },
    success: (t) => ({
      expiresAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When the new credential ends; null for one without an end.',
        resolve: (success) => success.expiresAt,
      }),
    }),
  });
}
