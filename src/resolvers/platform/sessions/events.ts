import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { defineEvent } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import { accountFacts } from '#resolvers/platform/accounts/events.ts';
import type { Session } from '#resolvers/platform/sessions/session.ts';

/** A session as events keep it. Ids are global ids. */
const SessionData = z.object({ session: z.string(), accountId: z.string(), label: z.string().nullable() });

const options = { subject: 'Session', seenWith: 'session:read', seenByOwner: true, retain: 'AUDIT' } as const;

export const sessionStarted = defineEvent('platform.session.started', SessionData, {
  ...options,
  description: 'Somebody signed in.',
});
export const sessionEnded = defineEvent('platform.session.ended', SessionData.extend({ reason: z.string() }), {
  ...options,
  description: 'A session ended before its time; `reason` says why.',
});

export const sessionEvents = [sessionStarted, sessionEnded] as const;

const facts = (session: Session) => ({
  session: toGlobalId('Session', session.id),
  accountId: toGlobalId('Account', session.accountId),
  label: session.label,
});

const about = (session: Session) => ({
  subject: toGlobalId('Session', session.id),
  scope: { ...accountFacts(session.accountId), session: session.id },
});

export const tellStarted = (ctx: Context, session: Session): void =>
  ctx.events.append(sessionStarted, facts(session), about(session));

/** Why a session ends, as its owner reads it. */
export type EndReason =
  | 'Signed out'
  | 'Session ended'
  | 'Too many sessions'
  | 'Password changed'
  | 'Password reset'
  | 'Account deactivated'
  | 'Account deleted';

export const tellEnded = (ctx: Context, sessions: readonly Session[], reason: EndReason): void => {
  for (const session of sessions) ctx.events.append(sessionEnded, { ...facts(session), reason }, about(session));
};
