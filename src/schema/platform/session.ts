import { findAccounts } from '#resolvers/platform/accounts/queries.ts';
import { currentSession, endAllSessionsOf, endSession, logout } from '#resolvers/platform/sessions/end.ts';
import { sessionEnded } from '#resolvers/platform/sessions/events.ts';
import { findSessions, listSessions } from '#resolvers/platform/sessions/queries.ts';
import type { Session } from '#resolvers/platform/sessions/session.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { mutation, plainMutation } from '#schema/mutation.ts';
import { node } from '#schema/node.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Session: Session;
  }
}

export function sessions(builder: Builder): void {
  node(builder, 'Session', {
    description: 'That somebody signed in and is not gone yet.',
    find: findSessions,
    fields: (t) => ({
      account: t.field({
        type: 'Account',
        nullable: true,
        description: 'Whose it is; null for a viewer who may not read the account.',
        resolve: (session, _, ctx) => ctx.load(findAccounts, session.accountId),
      }),
      label: t.exposeString('label', { nullable: true, description: 'What its owner calls it.' }),
      userAgent: t.exposeString('userAgent', { nullable: true, description: 'The program that signed in.' }),
      address: t.exposeString('address', { nullable: true, description: 'The address it signed in from.' }),
      createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it began.' }),
      extendedAt: t.expose('extendedAt', { type: 'DateTime', description: 'When its end was last put off.' }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it ends unless it is used.' }),
      endsAt: t.expose('endsAt', { type: 'DateTime', description: 'When it ends however often it is used.' }),
      current: t.boolean({
        description: 'Whether this request is part of it.',
        extensions: { personal: true },
        resolve: (session, _, ctx) => session.id === currentSession(ctx),
      }),
    }),
  });
  builder.queryField('sessions', (t) =>
    connection(builder, t, 'Session', {
      description: 'The sessions of an account, newest first: one’s own, or with session:read another’s.',
      args: { account: t.arg({ type: 'AccountKey', description: 'Whose; one’s own unless said.' }) },
      resolve: (_, { account }, page, ctx) => listSessions(ctx, { account: account as never }, page),
    }),
  );
  plainMutation(builder, 'logout', {
    description: 'Ends the session that this request is part of. With another credential nothing ends.',
    emits: [sessionEnded],
    resolve: (ctx) => logout(ctx),
    success: (t) => ({ ended: t.exposeBoolean('ended', { description: 'Whether there was a session to end.' }) }),
  });
  mutation(builder, 'sessionEnd', {
    description: 'Ends a session: one’s own, or with session:write anybody’s.',
    emits: [sessionEnded],
    input: (t) => ({ id: t.id({ required: true, description: 'Which one.' }) }),
    resolve: async (ctx, input) => ({ session: await endSession(ctx, input as { id: string }) }),
    success: (t) => ({ session: t.expose('session', { type: 'Session', description: 'The session that ended.' }) }),
  });
  mutation(builder, 'sessionEndAll', {
    description: 'Ends all sessions of an account: of one’s own, or with session:write of another.',
    emits: [sessionEnded],
    input: (t) => ({
      account: t.field({ type: 'AccountKey', description: 'Whose; one’s own unless said.' }),
      keepCurrent: t.boolean({ defaultValue: true, description: 'Whether the one that asks goes on.' }),
    }),
    resolve: (ctx, input) => endAllSessionsOf(ctx, input as never),
    success: (t) => ({ ended: t.exposeInt('ended', { description: 'How many ended.' }) }),
  });
}
