import { createHash, createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Context } from '#kernel/context.ts';
import type { CredentialReader, Principal } from '#kernel/viewer.ts';
import { accountStore, type ProvenAccount } from '#resolvers/platform/accounts/account.ts';
import { basicPair } from '#resolvers/platform/authentication/request.ts';
import { checkPassword, signInName } from '#resolvers/platform/sign-in/check.ts';

interface BasicPrincipal extends Principal {
  /** Tells the password that proved it from another one. */
  readonly mark: string;
}

/** A pair that was right: until when that counts, and in which state of the account. */
interface Known {
  readonly principal: BasicPrincipal;
  readonly etag: string;
  readonly until: number;
}

/**
 * Reads `Authorization: Basic` (RFC 7617, in UTF-8). To check a password takes long by design, so a right pair is
 * remembered for a moment, by a hash whose key is known to this process alone, while the account stays as it is.
 * @param context of the gateway itself.
 * @param memory milliseconds for which a right pair is remembered.
 */
export function createBasicReader(context: () => Context, memory: number): CredentialReader {
  const key = randomBytes(32);
  const known = new LRUCache<string, Known>({ max: 10_000 });

  async function remembered(ctx: Context, pair: string): Promise<BasicPrincipal | null> {
    const entry = known.get(pair);
    if (!entry) return null;
    const [account] = await ctx.use(accountStore).getMany([entry.principal.accountId]);
    if (account?.etag === entry.etag && ctx.clock.now() < entry.until) return entry.principal;
    known.delete(pair);
    return null;
  }

  return {
    name: 'basic',
    challenge: 'Basic realm="gatehouse"',
    async read(request) {
      const given = basicPair(request.header('authorization')[0] ?? '');
      if (!given) return null;
      const ctx = context();
      const pair = createHmac('sha256', key)
        .update(JSON.stringify([given.name, given.password]))
        .digest('base64url');
      const before = await remembered(ctx, pair);
      if (before) return before;
      const proven = await checkPassword(ctx, { ...given, address: request.clientAddress });
      const principal = principalOf(proven);
      if (memory > 0) known.set(pair, { principal, etag: proven.account.etag, until: ctx.clock.now() + memory });
      return principal;
    },
    async renew(principal) {
      const { accountId, mark } = principal as BasicPrincipal;
      const accounts = context().use(accountStore);
      const [account] = await accounts.getMany([accountId]);
      const proven = account ? await accounts.findForSignIn(signInName(account.name)) : null;
      return proven && markOf(proven) === mark ? { principal } : { ended: 'Password changed' };
    },
  };
}

const markOf = ({ passwordHash }: ProvenAccount): string =>
  createHash('sha256')
    .update(passwordHash ?? '')
    .digest('base64url');

const principalOf = (proven: ProvenAccount): BasicPrincipal => ({
  accountId: proven.account.id,
  credential: { kind: 'BASIC', id: null, expiresAt: null },
  byPassword: true,
  mark: markOf(proven),
});
