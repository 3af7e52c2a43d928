import { LRUCache } from 'lru-cache';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError } from '#kernel/errors.ts';
import type { AppendedEvent } from '#kernel/event.ts';
import { metrics } from '#kernel/metrics.ts';
import { withOpenRights } from '#kernel/open-rights.ts';
import { bothRights } from '#kernel/permission.ts';
import {
  type Affected,
  type Authenticator,
  anonymousViewer,
  type CredentialReader,
  credentialReaders,
  type Principal,
  type Viewer,
} from '#kernel/viewer.ts';
import { distinct, type EffectiveRights } from '#resolvers/platform/accounts/account.ts';
import { accountEvents, passwordChanged } from '#resolvers/platform/accounts/events.ts';
import { apiKeyRevoked } from '#resolvers/platform/api-keys/events.ts';
import { createHolders, type Holders } from '#resolvers/platform/authentication/holders.ts';
import { credentialRequest } from '#resolvers/platform/authentication/request.ts';
import { roleEvents } from '#resolvers/platform/roles/events.ts';
import { sessionEnded } from '#resolvers/platform/sessions/events.ts';

/** How a viewer came to be, for looking at him again. */
interface Origin {
  readonly reader: CredentialReader;
  readonly principal: Principal;
  /** The last change of the account's password by somebody else that was known then. */
  readonly reset: string | null;
}

/**
 * Asks the readers in the order of the chain; the first that recognises a credential decides. The account behind it is
 * looked at every time.
 * @param ctx of the gateway itself.
 * @param chain names of readers; several may share a name.
 */
export function createAuthenticator(ctx: Context, chain: readonly string[]): Authenticator {
  const holders = createHolders(ctx);
  const outcomes = ctx.use(metrics).counter<'reader' | 'outcome'>({
    name: 'auth_total',
    help: 'Credentials that were looked at, by reader and outcome.',
    labels: ['reader', 'outcome'],
  });
  const origins = new WeakMap<Viewer, Origin>();
  /** By account: the event of the last change of its password by somebody else. Whoever came before is sent away. */
  const resets = new LRUCache<string, string>({ max: 10_000 });
  const resetOf = (accountId: string) => resets.get(accountId) ?? null;
  let ordered: readonly CredentialReader[] | null = null;
  /** Known once every plugin has given its own. */
  const readers = () => {
    ordered ??= orderReaders(ctx, chain);
    return ordered;
  };

  const admit = async (origin: Origin): Promise<Viewer | string> => {
    const viewer = await viewerOf(holders, origin.principal);
    if (typeof viewer !== 'string') origins.set(viewer, origin);
    return viewer;
  };
  const anonymous = async () =>
    anonymousViewer(withOpenRights(holders.rights(await holders.anonymous()), await holders.open()));

  return {
    get challenges() {
      return [...new Set(['Bearer realm="gatehouse"', ...readers().flatMap((reader) => reader.challenge ?? [])])];
    },
    async authenticate(request) {
      let asked = 'none';
      try {
        const seen = credentialRequest(request);
        for (const reader of readers()) {
          asked = reader.name;
          const principal = await reader.read(seen);
          if (!principal) continue;
          const viewer = await admit({ reader, principal, reset: resetOf(principal.accountId) });
          if (typeof viewer === 'string') throw new AuthenticationError(`${viewer}.`);
          outcomes.add({ reader: asked, outcome: 'accepted' });
          return viewer;
        }
        asked = 'none';
        if (seen.header('authorization').length > 0)
          throw new AuthenticationError('The credential is of no kind that this gateway accepts.');
        outcomes.add({ reader: asked, outcome: 'anonymous' });
        return await anonymous();
      } catch (error) {
        outcomes.add({ reader: asked, outcome: error instanceof AuthenticationError ? 'refused' : 'failed' });
        throw error;
      }
    },
    async refresh(viewer) {
      if (viewer.kind === 'SYSTEM') return { viewer };
      if (viewer.kind === 'ANONYMOUS') return { viewer: await anonymous() };
      const origin = origins.get(viewer);
      if (!origin) return { ended: 'Session ended' };
      const reset = resetOf(origin.principal.accountId);
      if (reset !== null && reset !== origin.reset) return { ended: 'Password reset' };
      const renewal = await origin.reader.renew(origin.principal);
      // Who was deactivated has no sessions either: the account says more about why.
      if ('ended' in renewal) return { ended: (await accountFault(holders, viewer.id ?? '')) ?? renewal.ended };
      const now = await admit({ ...origin, principal: renewal.principal });
      return typeof now === 'string' ? { ended: now } : { viewer: now };
    },
    affects(event) {
      const affected = whoIsAffected(event) ?? (holders.opens(event) ? ({ who: 'everyone' } as const) : null);
      if (affected?.who === 'account') {
        holders.forget(affected.id);
        if (event.name === passwordChanged.name && event.actor.account !== affected.id)
          resets.set(affected.id, event.id);
      }
      if (affected?.who === 'everyone') holders.forgetAll();
      return affected;
    },
  };
}

function orderReaders(ctx: Context, chain: readonly string[]): readonly CredentialReader[] {
  const all = ctx.all(credentialReaders);
  for (const { name } of all)
    if (!chain.includes(name))
      ctx.log.warn({ reader: name }, `Credentials of kind "${name}" are never read: add "${name}" to auth.chain.`);
  return chain.flatMap((name) => all.filter((reader) => reader.name === name));
}

/** The viewer for a principal, or why his account is not good for one. */
async function viewerOf(holders: Holders, principal: Principal): Promise<Viewer | string> {
  const held = await holders.effective(principal.accountId);
  const fault = faultOf(held);
  if (!held || fault !== null) return fault ?? 'Account deleted';
  const added = principal.roles?.length ? await holders.reached(principal.roles) : [];
  const own = holders.rights(added.length > 0 ? distinct([...held.permissions, ...added]) : held.permissions);
  return {
    kind: 'ACCOUNT',
    id: held.account.id,
    name: held.account.name,
    rights: withOpenRights(
      principal.permissions ? bothRights(own, holders.rights(principal.permissions)) : own,
      await holders.open(),
    ),
    credential: principal.credential,
    ...(principal.permissions && { narrowedTo: principal.permissions }),
    mustChangePassword: principal.byPassword === true && held.account.mustChangePassword,
  };
}

const accountFault = async (holders: Holders, id: string) => faultOf(await holders.effective(id));

function faultOf(held: EffectiveRights | null): string | null {
  if (!held) return 'Account deleted';
  return held.account.isActive ? null : 'Account deactivated';
}

const accountNames: ReadonlySet<string> = new Set(accountEvents.map(({ name }) => name));
const roleNames: ReadonlySet<string> = new Set(roleEvents.map(({ name }) => name));

function whoIsAffected({ name, scope }: Pick<AppendedEvent, 'name' | 'scope'>): Affected | null {
  if (roleNames.has(name)) return { who: 'everyone' };
  const fact = (kind: string) => (typeof scope[kind] === 'string' ? scope[kind] : null);
  const account = fact('account');
  if (accountNames.has(name) && account !== null) return { who: 'account', id: account };
  const credential = name === sessionEnded.name ? fact('session') : name === apiKeyRevoked.name ? fact('apiKey') : null;
  return credential === null ? null : { who: 'credential', id: credential };
}
