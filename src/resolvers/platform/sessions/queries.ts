import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { accountKey } from '#resolvers/platform/accounts/account.ts';
import { permittedOwner } from '#resolvers/platform/accounts/queries.ts';
import { type Session, sessionStore } from '#resolvers/platform/sessions/session.ts';

const SessionList = z.object({ account: accountKey.nullish() });

/** The sessions of an account, one's own when none is named, newest first. */
export async function listSessions(
  ctx: Context,
  input: z.input<typeof SessionList>,
  page: PageRequest,
): Promise<Page<Session>> {
  const { account } = parse(SessionList, input);
  const owner = await permittedOwner(ctx, account ?? null, 'session:read');
  return ctx.use(sessionStore).page(owner, new Date(ctx.clock.now()).toISOString(), page);
}

/** The sessions with these ids that the viewer may see: his own, all of them with `session:read`. */
export async function findSessions(ctx: Context, ids: readonly string[]): Promise<(Session | null)[]> {
  const { id: self, rights, mustChangePassword } = ctx.viewer;
  const sessions = await ctx.use(sessionStore).getMany(ids);
  return sessions.map((session) => {
    if (!session || mustChangePassword) return null;
    return session.accountId === self || rights.covers('session:read') ? session : null;
  });
}
