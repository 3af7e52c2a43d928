import { networkSet } from '#kernel/addresses.ts';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError } from '#kernel/errors.ts';
import type { CredentialReader, Principal } from '#kernel/viewer.ts';
import { type StrangerRules, vouchedAccount } from '#resolvers/platform/accounts/vouched.ts';

export interface ProxyRules extends StrangerRules {
  readonly header: string;
  /** Addresses and networks of the proxies. */
  readonly addresses: readonly string[];
}

/**
 * Reads the header of a proxy. Only the socket's own peer counts: whatever a header says of addresses, anybody can say.
 * @param context of the gateway itself.
 * @param ignored told of each request that carries the header from elsewhere.
 */
export function createProxyReader(rules: ProxyRules, context: () => Context, ignored: () => void): CredentialReader {
  const proxies = networkSet(rules.addresses);
  const header = rules.header.toLowerCase();
  return {
    name: 'proxy',
    async read(request) {
      const values = request.header(header);
      if (values.length === 0) return null;
      if (!proxies.contains(request.peerAddress)) {
        ignored();
        return null;
      }
      const [email = '', ...others] = values;
      if (others.length > 0) throw new AuthenticationError(`The request has two ${rules.header} headers. Send one.`);
      const account = await vouchedAccount(context(), email.trim(), rules);
      return principalOf(account.id);
    },
    renew: async ({ accountId }) => ({ principal: principalOf(accountId) }),
  };
}

const principalOf = (accountId: string): Principal => ({
  accountId,
  credential: { kind: 'PROXY', id: null, expiresAt: null },
});
