import { networkSet } from 'gatehouse/kernel/addresses';
import type { Context } from 'gatehouse/kernel/context';
import { AuthenticationError, ConflictError } from 'gatehouse/kernel/errors';
import { foldText } from 'gatehouse/kernel/filter';
import type { CredentialReader } from 'gatehouse/kernel/viewer';
import { type Account, accountName, accountStore } from 'gatehouse/resolvers/platform/accounts/account';
import { createAccount } from 'gatehouse/resolvers/platform/accounts/create';

export interface HeaderConfig {
  readonly header: string;
  readonly proxies: readonly string[];
  readonly create: boolean;
  readonly roles: readonly string[];
  /** Milliseconds. */
  readonly life: number;
}

/**
 * Reads who somebody is from a header that a proxy sets.
 * @param context of the gateway itself.
 */
export function createHeaderReader(config: HeaderConfig, context: () => Context): CredentialReader {
  const proxies = networkSet(config.proxies);
  return {
    name: 'proxy',
    async read(request) {
      const values = request.header(config.header);
      if (values.length === 0) return null;
      // The socket's own address: what other headers say of addresses could be said by anybody.
      if (!proxies.contains(request.peerAddress))
        throw new AuthenticationError(`${config.header} is believed of the proxies in auth-header.proxies alone.`);
      const [name = '', ...others] = values;
      if (others.length > 0 || !accountName.safeParse(name).success)
        throw new AuthenticationError(`${config.header} must hold the name of one account.`);
      const account = await findAccount(context(), name, config);
      const expiresAt = context().clock.now() + config.life;
      return { accountId: account.id, credential: { kind: 'PROXY', id: null, expiresAt } };
    },
    async renew(principal) {
      const isOver = context().clock.now() >= (principal.credential.expiresAt ?? 0);
      return isOver ? { ended: 'Signed in too long ago' } : { principal };
    },
  };
}

async function findAccount(ctx: Context, name: string, config: HeaderConfig): Promise<Account> {
  const find = () => ctx.use(accountStore).find({ name: foldText(name) });
  const account =
    (await find()) ?? (config.create ? await makeAccount(ctx, name, config.roles) : null) ?? (await find());
  // A service has an API key; a person who is called like one does not become it.
  if (account?.kind !== 'HUMAN') throw new AuthenticationError(`Nobody here is called ${JSON.stringify(name)}.`);
  return account;
}

/** Null when another request made it at the same moment. */
async function makeAccount(ctx: Context, name: string, roles: readonly string[]): Promise<Account | null> {
  try {
    return await createAccount(ctx, { name, roles: [...roles] });
  } catch (error) {
    if (error instanceof ConflictError) return null;
    throw error;
  }
}
