import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { accountEmail, accountStore } from '#resolvers/platform/accounts/account.ts';
import { mailTokenLater } from '#resolvers/platform/password-resets/mail.ts';

const ResetRequest = z.object({ email: accountEmail });

/**
 * Has a token for a new password mailed to the account with this email, if there is one. The answer is the same, and
 * comes as soon, where there is none: nothing is looked up before it.
 */
export async function requestPasswordReset(
  ctx: Context,
  input: z.input<typeof ResetRequest>,
): Promise<{ requested: true }> {
  const { email } = parse(ResetRequest, input);
  mailTokenLater(ctx, () => ctx.use(accountStore).find({ email }), 'RESET');
  return { requested: true };
}
