import { passwordChanged } from '#resolvers/platform/accounts/events.ts';
import { requestPasswordReset } from '#resolvers/platform/password-resets/request.ts';
import { resetPassword } from '#resolvers/platform/password-resets/use.ts';
import { sessionEnded } from '#resolvers/platform/sessions/events.ts';
import type { Builder } from '#schema/builder.ts';
import { mutation } from '#schema/mutation.ts';

/** How people come to a password without the old one. */
export function passwordResets(builder: Builder): void {
  mutation(builder, 'passwordResetRequest', {
    description:
      'Mails a token for a new password to the account with this email. The answer is the same where there is none. Anonymous may ask.',
    input: (t) => ({ email: t.string({ required: true, description: 'The email of the account.' }) }),
    resolve: (ctx, input) => requestPasswordReset(ctx, input),
    success: (t) => ({
      requested: t.exposeBoolean('requested', { description: 'Always true: it tells nothing of who has an account.' }),
    }),
  });
  mutation(builder, 'passwordReset', {
    description:
      'Gives the account of a mailed token a new password and ends all that is signed in to it. A token serves once. Anonymous may ask.',
    emits: [passwordChanged, sessionEnded],
    input: (t) => ({
      token: t.string({ required: true, description: 'The token of the mail.' }),
      password: t.string({ required: true, description: 'The new password.' }),
    }),
    resolve: (ctx, input) => resetPassword(ctx, input),
    success: (t) => ({ sessionsEnded: t.exposeInt('sessionsEnded', { description: 'How many sessions ended.' }) }),
  });
}
