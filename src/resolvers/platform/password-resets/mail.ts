import { randomBytes } from 'node:crypto';
import { background } from '#kernel/background.ts';
import type { Context } from '#kernel/context.ts';
import { type Mail, type Mailer, mailer } from '#kernel/mailer.ts';
import type { Account } from '#resolvers/platform/accounts/account.ts';
import { hashSecret } from '#resolvers/platform/api-keys/api-key.ts';
import { type ResetPurpose, resetStore } from '#resolvers/platform/password-resets/reset.ts';
import { signInRules } from '#resolvers/platform/rules.ts';

/** The most mails with a token to one account within an hour. */
const mostMails = 3;
const hour = 3_600_000;

/** Gateways that were told in their log that no mail leaves them. */
const told = new WeakSet<Mailer>();

/** Whether mail leaves this gateway; that it does not is said in the log once. */
export function canMail(ctx: Context): boolean {
  const post = ctx.find(mailer);
  if (post?.sends) return true;
  if (post && !told.has(post)) {
    told.add(post);
    ctx.log.warn('Nobody is sent a token for a password: this gateway sends no mail. List the plugin mail-smtp.');
  }
  return false;
}

/**
 * Makes the one token of an account and mails it, unless too many were mailed lately. What was mailed before is worth
 * nothing then. The token is in the mail alone.
 */
export async function mailToken(ctx: Context, account: Account, purpose: ResetPurpose): Promise<void> {
  if (account.email === null) return;
  const now = ctx.clock.now();
  const life = ctx.use(signInRules).resetLife;
  const token = `gr_${randomBytes(32).toString('base64url')}`;
  const expiresAt = new Date(now + life).toISOString();
  const isIssued = await ctx.use(resetStore).issue(
    {
      accountId: account.id,
      tokenHash: hashSecret(token),
      purpose,
      expiresAt,
      mailedAt: new Date(now).toISOString(),
    },
    { since: new Date(now - hour).toISOString(), most: mostMails },
  );
  if (isIssued)
    await ctx.use(mailer).send(mailOf({ to: account.email, name: account.name, purpose, token, expiresAt }));
}

/** The same after what was begun is answered: so nobody learns from the time that it takes. */
export function mailTokenLater(ctx: Context, find: () => Promise<Account | null>, purpose: ResetPurpose): void {
  if (!canMail(ctx)) return;
  ctx.use(background).run('mail of a token for a password', async () => {
    const account = await find();
    if (account?.isActive && account.kind === 'HUMAN') await mailToken(ctx, account, purpose);
  });
}

interface Letter {
  readonly to: string;
  readonly name: string;
  readonly purpose: ResetPurpose;
  readonly token: string;
  readonly expiresAt: string;
}

function mailOf({ to, name, purpose, token, expiresAt }: Letter): Mail {
  const begin =
    purpose === 'FIRST'
      ? `An account was made for you: ${name}. Choose its password with this token:`
      : `Somebody asked for a new password of your account ${name}. Choose it with this token:`;
  const end =
    purpose === 'FIRST'
      ? 'Give it to nobody else.'
      : 'Was it not you? Then leave it: your password stays as it is. Give the token to nobody else.';
  return {
    to,
    subject: purpose === 'FIRST' ? 'Choose a password' : 'Choose a new password',
    text: `${begin}\n\n${token}\n\nIt serves once, until ${expiresAt}. ${end}\n`,
  };
}
