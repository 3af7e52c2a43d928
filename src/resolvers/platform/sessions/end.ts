import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import { parse, rowId } from '#kernel/input.ts';
import { accountKey } from '#resolvers/platform/accounts/account.ts';
import { permittedOwner } from '#resolvers/platform/accounts/queries.ts';
import { requireAccount } from '#resolvers/platform/rights/self.ts';
import { type EndReason, tellEnded } from '#resolvers/platform/sessions/events.ts';
import { type Session, sessionCredential, sessionIssuer, sessionStore } from '#resolvers/platform/sessions/session.ts';

/** Row id of the session that this request is part of. */
export const currentSession = (ctx: Context): string | null =>
  ctx.viewer.credential?.kind === sessionCredential ? ctx.viewer.credential.id : null;

/** Ends all sessions of an account but one, in the caller's unit of work. */
export async function endAllSessions(
  ctx: Context,
  accountId: string,
  reason: EndReason,
  except: string | null = null,
): Promise<readonly Session[]> {
  const ended = await ctx.use(sessionStore).endAll(accountId, except);
  tellEnded(ctx, ended, reason);
  return ended;
}

/** Ends the session that the request came with and forgets its cookie. With another credential nothing ends. */
export async function logout(ctx: Context): Promise<{ ended: boolean }> {
  const current = currentSession(ctx);
  const ended = current === null ? [] : await endSessions(ctx, [current], 'Signed out');
  ctx.find(sessionIssuer)?.clearCookie(ctx);
  return { ended: ended.length > 0 };
}

const SessionEnd = z.object({ id: rowId('Session') });

/** Ends one session: one's own, or anybody's with `session:write`. */
export async function endSession(ctx: Context, input: z.input<typeof SessionEnd>): Promise<Session> {
  const self = requireSignedIn(ctx);
  const { id } = parse(SessionEnd, input);
  const [found] = await ctx.use(sessionStore).getMany([id]);
  const isOwn = found != null && found.accountId === self;
  // A stranger learns nothing of whose session it is, or whether there is one.
  if (!isOwn && !ctx.viewer.rights.covers('session:write')) throw new NotFoundError('session not found', ['id']);
  const [ended] = await endSessions(ctx, [id], 'Session ended');
  if (!ended) throw new NotFoundError('session not found', ['id']);
  return ended;
}

const SessionEndAll = z.object({
  account: accountKey.nullish(),
  keepCurrent: z
    .boolean('keepCurrent must be true or false.')
    .nullish()
    .transform((keep) => keep ?? true),
});

/** Ends all sessions of an account, one's own when none is named, by default without the one that asks. */
export async function endAllSessionsOf(ctx: Context, input: z.input<typeof SessionEndAll>): Promise<{ ended: number }> {
  const { account, keepCurrent } = parse(SessionEndAll, input);
  const id = await permittedOwner(ctx, account ?? null, 'session:write');
  const ended = await ctx.atomically((ctx) =>
    endAllSessions(ctx, id, 'Session ended', keepCurrent ? currentSession(ctx) : null),
  );
  return { ended: ended.length };
}

/** The account that asks; null for the gateway itself, which may end what it likes. */
function requireSignedIn(ctx: Context): string | null {
  if (ctx.viewer.kind === 'SYSTEM') return null;
  if (ctx.viewer.kind === 'ANONYMOUS') allow(ctx, 'session:write');
  return requireAccount(ctx);
}

async function endSessions(ctx: Context, ids: readonly string[], reason: EndReason): Promise<readonly Session[]> {
  return ctx.atomically(async (ctx) => {
    const ended = await ctx.use(sessionStore).end(ids);
    tellEnded(ctx, ended, reason);
    return ended;
  });
}
