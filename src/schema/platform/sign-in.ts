import { ConflictError, ThrottledError, UnavailableError } from '#kernel/errors.ts';
import type { Credential } from '#kernel/viewer.ts';
import { accountUpdated, passwordChanged } from '#resolvers/platform/accounts/events.ts';
import { findProfile, type Profile, profileRoles } from '#resolvers/platform/profile.ts';
import { type ProfileUpdateInput, updateProfile } from '#resolvers/platform/profile-update.ts';
import { showPermissions } from '#resolvers/platform/rights/permissions.ts';
import { sessionEnded, sessionStarted } from '#resolvers/platform/sessions/events.ts';
import { changePassword } from '#resolvers/platform/sign-in/change-password.ts';
import { login } from '#resolvers/platform/sign-in/login.ts';
import type { Builder } from '#schema/builder.ts';
import { mutation } from '#schema/mutation.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Profile: Profile;
    Credential: Credential;
  }
}

/** Who asks, and how he comes in. */
export function signIn(builder: Builder): void {
  builder.objectType('Credential', {
    description: 'What proves who a viewer is.',
    fields: (t) => ({
      kind: t.exposeString('kind', { description: '`SESSION`, `API_KEY`, or the word of another plugin.' }),
      expiresAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'From when on it is no longer good; null: it has no end.',
        resolve: ({ expiresAt }) => (expiresAt === null ? null : new Date(expiresAt).toISOString()),
      }),
    }),
  });
  builder.objectType('Profile', {
    description: 'Who asks.',
    fields: (t) => ({
      account: t.expose('account', { type: 'Account', description: 'The account.' }),
      permissions: t.stringList({
        description: 'Everything that the credential at hand may do.',
        resolve: (profile, _, ctx) => showPermissions(ctx, profile.permissions),
      }),
      roles: t.field({
        type: ['Role'],
        description: 'All active roles that the account reaches.',
        resolve: (profile, _, ctx) => profileRoles(ctx, profile),
      }),
      credential: t.expose('credential', {
        type: 'Credential',
        nullable: true,
        description: 'What the request came with.',
      }),
      mustChangePassword: t.exposeBoolean('mustChangePassword', {
        description: 'Whether nothing but a change of password is possible now.',
      }),
    }),
  });
  builder.queryField('profile', (t) =>
    t.field({
      type: 'Profile',
      nullable: true,
      description: 'Who asks; null for anonymous.',
      extensions: { personal: true },
      resolve: (_, __, ctx) => findProfile(ctx),
    }),
  );
  mutation(builder, 'login', {
    description: 'Begins a session for a name or an email and its password. Anonymous may ask.',
    emits: [sessionStarted],
    errors: [ThrottledError, UnavailableError],
    input: (t) => ({
      name: t.string({ required: true, description: 'Name or email, exactly, without regard to case.' }),
      password: t.string({ required: true, description: 'The password.' }),
      label: t.string({ description: 'What to call the session, at most 100 characters.' }),
      cookie: t.boolean({ defaultValue: true, description: 'Whether the answer sets a cookie.' }),
    }),
    resolve: (ctx, input) => login(ctx, input as never),
    success: (t) => ({
      token: t.exposeString('token', { description: 'For `Authorization: Bearer`. It is shown this once.' }),
      session: t.expose('session', { type: 'Session', description: 'The session that began.' }),
      account: t.expose('account', { type: 'Account', description: 'Who signed in.' }),
    }),
  });
  mutation(builder, 'profileUpdate', {
    description: 'Changes how one’s own account is called and its email. What is absent stays, null clears.',
    emits: [accountUpdated],
    errors: [ConflictError, ThrottledError, UnavailableError],
    input: (t) => ({
      etag: t.string({ required: true, description: 'The state of the account that was read.' }),
      realName: t.string({ description: 'How people call it.' }),
      email: t.string({ description: 'A new email; null for none.' }),
      current: t.string({ description: 'The current password, for another email; not where there is none.' }),
    }),
    resolve: (ctx, input) => updateProfile(ctx, input as ProfileUpdateInput),
    success: (t) => ({
      changed: t.exposeBoolean('changed', { description: 'False when everything was so already.' }),
      profile: t.expose('profile', { type: 'Profile', nullable: true, description: 'Who asks, as he is now.' }),
    }),
  });
  mutation(builder, 'passwordChange', {
    description: 'Gives one’s own account a new password and ends all its other sessions.',
    emits: [passwordChanged, sessionEnded],
    errors: [ThrottledError, UnavailableError],
    input: (t) => ({
      current: t.string({ required: true, description: 'The password until now.' }),
      password: t.string({ required: true, description: 'The new one.' }),
    }),
    resolve: (ctx, input) => changePassword(ctx, input as never),
    success: (t) => ({
      sessionsEnded: t.exposeInt('sessionsEnded', { description: 'How many other sessions ended.' }),
    }),
  });
}
